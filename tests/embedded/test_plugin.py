"""The pytest plugin `tests.services`, in pytest processes of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from butler_project.embedded.discovery import PROJECT_DIR
from tests.harness.processes import PATIENCE_S
from tests.harness.unmeasured import UNMEASURED

CONFIGURATION = """
[pytest]
addopts = -p tests.services -p no:django -p no:cacheprovider --import-mode=importlib
filterwarnings = error
"""
SHOWS_ITS_SURROUNDINGS = """
import os
import pymongo
import pytest
from tests import services

@pytest.mark.parametrize("number", range(4))
def test_surroundings(number):
    assert "TELEGRAM_BOT_TOKEN" not in os.environ
    assert "MONGODB_URL_FILE" not in os.environ
    assert "HTTP_PROXY" not in os.environ
    assert os.environ["BUTLER_ENV_FILE"] == ""
    assert os.environ["DATA_DIR"] == str(services.data_dir())
    with pymongo.MongoClient(services.endpoints().mongodb_url) as client:
        client.butler.visits.insert_one({"number": number})
    with open(os.environ["RECORD"], "a") as record:
        print(services.mongodb().pid, services.redis().pid, services.data_dir(), file=record)
"""
WAITS = """
import time
from tests import services

def test_waits():
    print("pids", services.mongodb().pid, services.redis().pid, services.data_dir(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "pytest.ini").write_text(CONFIGURATION)
    return [sys.executable, "-m", "pytest", "-c", str(tmp_path / "pytest.ini"), "--rootdir", str(PROJECT_DIR)]


def child_environment(**changes: str) -> dict[str, str]:
    """Return the environment of a pytest that is no worker of the one that runs this test."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    strangers = {"TELEGRAM_BOT_TOKEN": "1:real", "MONGODB_URL_FILE": "/run/secrets/x"}
    return {**own, **UNMEASURED, **strangers, "HTTP_PROXY": "http://127.0.0.1:9", **changes}


@pytest.mark.parametrize(("options", "pairs"), [([], 1), (["-n", "2"], 2)], ids=["alone", "xdist"])
def test_each_process_has_its_own_servers_and_leaves_nothing(
    options: list[str], pairs: int, command: list[str], tmp_path: Path
) -> None:
    test_file = tmp_path / "test_it.py"
    test_file.write_text(SHOWS_ITS_SURROUNDINGS)
    record = tmp_path / "record"

    result = subprocess.run(
        [*command, *options, str(test_file)],
        cwd=PROJECT_DIR,
        env=child_environment(RECORD=str(record)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    seen = set(record.read_text().splitlines())
    assert len(seen) == pairs
    for line in seen:
        mongodb_pid, redis_pid, data_dir = line.split()
        assert not psutil.pid_exists(int(mongodb_pid))
        assert not psutil.pid_exists(int(redis_pid))
        assert not Path(data_dir).exists()


@pytest.mark.parametrize("option", ["--collect-only", "--help", "--fixtures", "--version"])
def test_nothing_is_started_only_to_look(option: str, command: list[str], tmp_path: Path) -> None:
    test_file = tmp_path / "test_it.py"
    test_file.write_text(WAITS)

    result = subprocess.run(
        [*command, option, str(test_file)],
        cwd=PROJECT_DIR,
        env=child_environment(TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert not list(tmp_path.glob("butler-tests-*"))
    assert not re.search(r"services: mongodb://127.0.0.1:(?!1/)", result.stdout)


def test_an_interrupt_stops_the_servers(command: list[str], tmp_path: Path) -> None:
    test_file = tmp_path / "test_it.py"
    test_file.write_text(WAITS)

    with subprocess.Popen(
        [*command, "-s", str(test_file)],
        cwd=PROJECT_DIR,
        env=child_environment(),
        stdout=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background may have had the signal ignored.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no other thread
    ) as process:
        assert process.stdout is not None
        found = None
        while found is None:
            found = re.search(r"pids (\d+) (\d+) (\S+)", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == pytest.ExitCode.INTERRUPTED

    mongodb_pid, redis_pid, data_dir = found.groups()
    assert not psutil.pid_exists(int(mongodb_pid))
    assert not psutil.pid_exists(int(redis_pid))
    assert not Path(data_dir).exists()
