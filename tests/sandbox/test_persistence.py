from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.telegram.messages import Chat
from tests.harness.processes import PATIENCE_S, wait_until
from tests.sandbox.server import PROJECT, TOKEN, Sandbox


def kill(sandbox: Sandbox) -> None:
    sandbox.process.kill()
    sandbox.process.wait(PATIENCE_S)


def test_everything_acknowledged_survives_sigkill(launch: Callable[..., Sandbox], tmp_path: Path) -> None:
    first = launch("--data-dir", str(tmp_path))
    said = first.say("remember me \ud83d", **{"from": {"id": 501, "first_name": "Ada"}})
    sent = first.call("sendMessage", chat_id=501, text="one").json()["result"]
    first.call("editMessageText", chat_id=501, message_id=sent["message_id"], text="two")
    gone = first.call("sendMessage", chat_id=501, text="gone").json()["result"]
    first.call("deleteMessage", chat_id=501, message_id=gone["message_id"])
    first.call("setMyCommands", commands=[{"command": "start", "description": "Begin"}])
    form = {"chat_id": 501, "kind": "document"}
    files = {"file": ("a.bin", b"\0\1\2")}
    uploaded = first.http.post(f"{first.api}/uploads", data=form, files=files, timeout=PATIENCE_S).json()
    before = first.messages(deleted=1)
    kill(first)

    second = launch("--data-dir", str(tmp_path))
    updates = second.call("getUpdates").json()["result"]
    path = second.call("getFile", file_id=uploaded["file_id"]).json()["result"]["file_path"]
    later = second.say("later")

    assert second.messages(deleted=1)[:-1] == before
    assert [revision["text"] for revision in before[1]["revisions"]] == ["one", "two"]
    assert [update["update_id"] for update in updates] == [said["update_id"], uploaded["update_id"]]
    assert second.http.get(f"{second.root}/file/bot{TOKEN}/{path}", timeout=PATIENCE_S).content == b"\0\1\2"
    assert second.call("getMyCommands").json()["result"][0]["command"] == "start"
    assert later["message_id"] == uploaded["message_id"] + 1
    assert later["update_id"] > uploaded["update_id"]


def test_groups_albums_and_blocks_survive(launch: Callable[..., Sandbox], tmp_path: Path) -> None:
    ada = {"id": 71, "is_bot": False, "first_name": "Ada"}
    first = launch("--data-dir", str(tmp_path))
    first.post("chats/-5/bot", {"status": "administrator", "from": ada, "chat": {"title": "Club"}})
    said = first.say("teh end", chat_id=-5, **{"from": ada})["message_id"]
    first.post(f"chats/-5/messages/{said}/edit", {"text": "the end"})
    first.say("hello")
    first.post("chats/501/block", {"blocked": True})
    form = {"chat_id": -5, "kind": "photo", "media_group_id": "8"}
    files = {"file": ("a.jpg", b"picture")}
    first.http.post(f"{first.api}/uploads", data=form, files=files, timeout=PATIENCE_S).raise_for_status()
    before, updates = first.messages(-5), first.get("pending")["updates"]
    kill(first)

    second = launch("--data-dir", str(tmp_path))
    thumbnail = updates[-1]["message"]["photo"][0]["file_id"]
    ruling = second.call("getChatAdministrators", chat_id=-5).json()["result"]
    assert (second.messages(-5), second.get("pending")["updates"]) == (before, updates)
    assert [member["user"]["first_name"] for member in ruling] == ["Ada", "Butler"]
    assert second.call("sendMessage", chat_id=501, text="x").status_code == 403
    assert second.call("getFile", file_id=thumbnail).json()["ok"] is True


def test_channels_survive_with_their_posts_in_order(launch: Callable[..., Sandbox], tmp_path: Path) -> None:
    owner = {"id": 71, "is_bot": False, "first_name": "Ada"}
    first = launch("--data-dir", str(tmp_path))
    channel = first.post("channels", {"title": "News", "from": owner, "username": "news_ru"})["chat_id"]
    for text, date in (("today", 2_000_000_000), ("yesterday", 1_999_900_000)):
        first.say(text, chat_id=channel, message={"date": date})
    first.post(f"chats/{channel}/bot", {"status": "administrator"})
    before = first.messages(channel)
    kill(first)

    second = launch("--data-dir", str(tmp_path))
    shown = second.call("getChat", chat_id="@news_ru").json()["result"]
    member = second.call("getChatMember", chat_id=channel, user_id=71).json()["result"]
    assert second.messages(channel) == before
    assert (shown["id"], shown["type"], member["status"]) == (channel, "channel", "creator")
    assert second.say("later", chat_id=channel)["message_id"] == 3


def test_what_only_another_version_knows_of_a_chat_is_left_out() -> None:
    record = {"description": {"id": 1}, "person": {"id": 1}, "is_blocked": True, "later": 1}

    assert Chat.restore(1, record) == Chat(1, {"id": 1}, {"id": 1})


def test_each_of_many_acknowledged_messages_survives(launch: Callable[..., Sandbox], tmp_path: Path) -> None:
    first = launch("--data-dir", str(tmp_path))
    said = [first.say(f"{number}")["update_id"] for number in range(60)]
    kill(first)

    updates = launch("--data-dir", str(tmp_path)).get("pending")["updates"]
    assert [update["update_id"] for update in updates] == said


def test_confirmed_updates_stay_confirmed(launch: Callable[..., Sandbox], tmp_path: Path) -> None:
    first = launch("--data-dir", str(tmp_path))
    update_id = first.say("done")["update_id"]
    first.call("getUpdates", offset=update_id + 1)
    kill(first)

    assert launch("--data-dir", str(tmp_path)).get("pending") == {"updates": []}


def test_a_signal_ends_it_even_while_polled(launch: Callable[..., Sandbox]) -> None:
    sandbox = launch()
    events = sandbox.http.get(f"{sandbox.api}/events", stream=True, timeout=PATIENCE_S)
    poller = subprocess.Popen(
        [sys.executable, "-c", f"import requests; requests.get('{sandbox.root}/botx/getUpdates?timeout=50')"]
    )
    wait_until(lambda: sandbox.get("calls", method="getUpdates")["calls"], what="the poller")
    status = sandbox.stop()
    events.close()

    assert status == 0
    assert poller.wait(PATIENCE_S) == 0


def test_a_wrong_token_is_unauthorized(launch: Callable[..., Sandbox]) -> None:
    sandbox = launch("--token", "7:right")

    refused = sandbox.http.get(f"{sandbox.root}/bot7:wrong/getMe", timeout=PATIENCE_S)
    taken = sandbox.http.get(f"{sandbox.root}/bot7:right/getMe", timeout=PATIENCE_S)

    assert refused.status_code == 401
    assert refused.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    assert taken.json()["result"]["id"] == 7


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (["--host", "0.0.0.0"], {}, "loopback"),
        (["--host", "example.org"], {}, "loopback"),
        ([], {"DEBUG": "false"}, "production"),
        ([], {"DEBUG": "0"}, "production"),
    ],
)
def test_it_refuses_to_be_exposed(arguments: list[str], environment: dict[str, str], reason: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert ended.returncode == 2
    assert reason in ended.stderr
    assert ended.stdout == ""
