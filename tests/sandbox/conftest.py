"""The stand-in as a subprocess, and the real Telegram client pointed at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
import telebot
from telebot import apihelper

from tests.harness.processes import PATIENCE_S
from tests.harness.telegram import SandboxClient
from tests.sandbox.server import PERSON, TOKEN, Sandbox, start_sandbox


@pytest.fixture
def launch() -> Iterator[Callable[..., Sandbox]]:
    """Start servers with arguments of the test's own; they are gone when it ends."""
    started: list[Sandbox] = []
    with requests.Session() as http:

        def start(*arguments: str) -> Sandbox:
            started.append(start_sandbox(*arguments, http=http))
            return started[-1]

        yield start
    for sandbox in started:
        sandbox.process.kill()
        sandbox.process.wait(PATIENCE_S)
        sandbox.process.stdout.close()


@pytest.fixture(scope="session")
def shared() -> Iterator[Sandbox]:
    with requests.Session() as http:
        sandbox = start_sandbox(http=http)
        yield sandbox
    sandbox.stop()
    sandbox.process.stdout.close()


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    """Give the shared server, empty again; message and update numbers go on."""
    shared.delete("faults")
    shared.delete("calls")
    shared.post("limits", {"enabled": False})
    shared.call("deleteWebhook", drop_pending_updates=True)
    shared.call("getUpdates", allowed_updates=[])
    for chat in shared.get("chats")["chats"]:
        if chat["description"]["type"] != "channel":
            shared.post(f"chats/{chat['chat_id']}/block", {"blocked": False})
        shared.delete(f"chats/{chat['chat_id']}")
    return shared


@pytest.fixture
def telegram(sandbox: Sandbox) -> Iterator[SandboxClient]:
    """Give the person's side as the other tests use it."""
    client = SandboxClient(sandbox.root)
    yield client
    client.close()


@pytest.fixture
def bot(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[telebot.TeleBot]:
    """Give the real client, talking to the shared server."""
    with requests.Session() as session:
        monkeypatch.setattr(apihelper, "API_URL", sandbox.root + "/bot{0}/{1}")
        monkeypatch.setattr(apihelper, "FILE_URL", sandbox.root + "/file/bot{0}/{1}")
        monkeypatch.setattr(apihelper, "_get_req_session", lambda reset=False: session)
        yield telebot.TeleBot(TOKEN, threaded=False)


@pytest.fixture
def chat(sandbox: Sandbox) -> int:
    """Give a chat whose person has written once; the update is confirmed."""
    sandbox.say("hello")
    sandbox.call("getUpdates", offset=-1)
    pending = sandbox.get("pending")["updates"]
    sandbox.call("getUpdates", offset=pending[-1]["update_id"] + 1)
    return PERSON
