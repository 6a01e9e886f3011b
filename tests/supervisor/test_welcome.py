from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from butler_project.embedded.discovery import Wanted
from butler_project.embedded.services import choose_port
from butler_project.supervisor.preparation import Prepared
from butler_project.supervisor.welcome import Situation, answers, compose_welcome

PREPARED = Prepared(
    web_host="127.0.0.1",
    web_port=8000,
    is_llm_offline=True,
    answering="offline:offline-butler",
    choosable=[],
    fallback=[],
    webhook_base_url="",
    telegram_api_url="http://127.0.0.1:1",
    telegram_bot_token="4711:secret",
    admin_password="open sesame",
    warnings=[],
)
FIRST_RUN = Situation(
    wanted=Wanted(mongodb=True, redis=True, sandbox=True),
    prepared=PREPARED,
    sandbox_port=8081,
    data_dir=Path("/srv/butler"),
)
PRODUCTION = Situation(
    wanted=Wanted(mongodb=False, redis=False, sandbox=False),
    prepared=replace(PREPARED, is_llm_offline=False, admin_password=None),
    sandbox_port=None,
    data_dir=Path("/srv/butler"),
)


class Telegram(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = {"/bot4711:secret/getMe": 200, "/refused": 400}.get(self.path, 500)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b'{"ok": true, "result": {"username": "alfred_bot"}}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def telegram_url() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Telegram) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_first_run_names_pages_password_and_what_is_embedded() -> None:
    block = compose_welcome(FIRST_RUN)

    assert "http://127.0.0.1:8081" in block
    assert "http://127.0.0.1:8000/admin/  admin / open sesame" in block
    assert "MongoDB (SecantusDB), Redis, модель без ИИ · offline model" in block
    assert "not for production" in block
    assert "Answers" not in block
    assert "Warning" not in block
    assert "make up" in block
    assert "/srv/butler" in block


def test_production_has_nothing_embedded_and_names_the_bot(telegram_url: str) -> None:
    situation = replace(PRODUCTION, prepared=replace(PRODUCTION.prepared, telegram_api_url=telegram_url))

    block = compose_welcome(situation)

    assert "@alfred_bot (long polling)" in block
    assert "Embedded" not in block
    assert "your own password" in block
    assert "secret" not in block


def test_who_answers_is_named_and_what_is_configured_by_half() -> None:
    prepared = replace(
        PREPARED,
        is_llm_offline=False,
        answering="mistral:mistral-small-latest",
        choosable=["local", "offline"],
        fallback=["local"],
        warnings=["GEMINI_API_KEY is not set: the provider gemini is left out."],
    )

    block = compose_welcome(replace(FIRST_RUN, prepared=prepared))

    assert "mistral:mistral-small-latest\n" in block
    assert "to choose: local, offline\n" in block
    assert "in reserve: local\n" in block
    assert "GEMINI_API_KEY is not set" in block
    assert "offline model" not in block


def test_without_an_answer_the_bot_is_known_by_its_number() -> None:
    situation = replace(
        PRODUCTION, prepared=replace(PRODUCTION.prepared, webhook_base_url="https://butler.example")
    )

    block = compose_welcome(situation)

    assert "bot 4711 (webhook)" in block
    assert "secret" not in block


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("butler.lan", "http://butler.lan:8000"),
    ],
)
def test_the_web_process_is_reached_from_this_machine(host: str, url: str) -> None:
    assert replace(PREPARED, web_host=host).web_url == url


def test_a_refusal_is_an_answer_and_an_error_is_not(telegram_url: str) -> None:
    assert answers(f"{telegram_url}/bot4711:secret/getMe")
    assert answers(f"{telegram_url}/refused")
    assert not answers(f"{telegram_url}/broken")
    assert not answers(f"http://127.0.0.1:{choose_port()}/health")
