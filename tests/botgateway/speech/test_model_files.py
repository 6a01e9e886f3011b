"""Where a model is found, and what the Hub has to do with it: a real download from a stand-in of it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from botgateway.speech.errors import SpeechUnavailable
from botgateway.speech.model_files import find_model, measure_folder
from butler_project.embedded.discovery import PROJECT_DIR
from tests.harness.processes import PATIENCE_S

REPOSITORY = "Systran/faster-whisper-small"  # what the library takes `small` to be
COMMIT = "c" * 40
NOBODY = "http://127.0.0.1:1"
# The Hub's client reads its configuration when it is imported: every case is a process.
FIND = """
import sys
from pathlib import Path
from botgateway.speech.errors import SpeechUnavailable
from botgateway.speech.model_files import find_model
for name in sys.argv[3:]:
    try:
        print("found", find_model(name, models_dir=Path(sys.argv[1]), hub_timeout_s=float(sys.argv[2])))
    except SpeechUnavailable as error:
        print("unavailable", error)
"""
HANG_GUARD_S = 200


def find_in_process(models_dir: Path, *names: str, hub: str, hub_timeout_s: float = PATIENCE_S) -> list[str]:
    finished = subprocess.run(
        [sys.executable, "-c", FIND, str(models_dir), str(hub_timeout_s), *names],
        cwd=PROJECT_DIR,
        env={
            "PATH": os.environ["PATH"],
            "HF_ENDPOINT": hub,
            "HF_HOME": str(models_dir),
            "LOG_LEVEL": "ERROR",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=HANG_GUARD_S,
    )
    return [line for line in finished.stdout.splitlines() if line.startswith(("found", "unavailable"))]


@contextmanager
def serve_hub(folder: Path) -> Iterator[str]:
    """Serve a folder's files as the repository of the small model, and yield the address."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    tree = [
        {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
        for name, content in files.items()
    ]
    pages = {
        f"/api/models/{REPOSITORY}/revision/main": {"id": REPOSITORY, "sha": COMMIT, "siblings": []},
        f"/api/models/{REPOSITORY}/tree/{COMMIT}": tree,
    }

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            path = self.path.partition("?")[0]
            name = path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/")
            self.body = json.dumps(pages[path]).encode() if path in pages else files.get(name, b"")
            self.send_response(200 if path in pages or name in files else 404)
            self.send_header("Content-Length", str(len(self.body)))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha1(self.body).hexdigest()}"')
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(self.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_model_is_fetched_once_and_found_without_the_hub_from_then_on(
    model_folder: Path, tmp_path: Path
) -> None:
    with serve_hub(model_folder) as hub:
        fetched = find_in_process(tmp_path, "small", hub=hub)
    found = find_in_process(tmp_path, "small", "tiny", hub=NOBODY)

    [(outcome, folder)] = [line.split(" ", 1) for line in fetched]
    assert outcome == "found"
    assert Path(folder).is_relative_to(tmp_path)
    assert measure_folder(Path(folder)) == measure_folder(model_folder)
    assert found == [*fetched, "unavailable the model tiny could not be fetched: LocalEntryNotFoundError"]


def test_a_hub_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hub:
        address = f"http://127.0.0.1:{hub.getsockname()[1]}"

        [outcome] = find_in_process(tmp_path, "small", hub=address, hub_timeout_s=0.5)

    assert outcome.startswith("unavailable the model small could not be fetched")


def test_a_folder_is_taken_as_it_is(model_folder: Path) -> None:
    assert find_model(str(model_folder), models_dir=None) == model_folder


@pytest.mark.parametrize("name", ["/nowhere/small", "./nowhere"])
def test_a_missing_folder_is_not_looked_for_on_the_hub(name: str) -> None:
    with pytest.raises(SpeechUnavailable, match="does not exist"):
        find_model(name, models_dir=None)


def test_a_folder_with_half_a_model_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()

    with pytest.raises(SpeechUnavailable, match=r"lacks config\.json, tokenizer\.json"):
        find_model(str(tmp_path), models_dir=None)


def test_an_unknown_size_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SpeechUnavailable, match="large-v3-turbo"):
        find_model("enormous", models_dir=tmp_path)
