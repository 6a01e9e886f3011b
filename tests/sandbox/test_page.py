from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import requests
import telebot

from sandbox.page import STATIC, TEMPLATES
from sandbox.wording import WORDS
from tests.harness.processes import PATIENCE_S
from tests.sandbox.server import PERSON, Sandbox


def fetch(sandbox: Sandbox, path: str, **headers: str) -> requests.Response:
    return sandbox.http.get(sandbox.root + path, headers=headers, timeout=PATIENCE_S)


def settings_of(page: str) -> dict:
    return json.loads(re.search(r'<script id="settings"[^>]*>(.*?)</script>', page, re.DOTALL).group(1))


def test_the_page_is_russian_and_needs_nothing_from_elsewhere(sandbox: Sandbox) -> None:
    response = fetch(sandbox, "/")

    policy = response.headers["Content-Security-Policy"]
    settings = settings_of(response.text)
    assert '<html lang="ru">' in response.text
    assert (settings["chat_id"], settings["person"]["first_name"]) == (1001, "Анна")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', response.text)
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))|\son\w+=|\sstyle=", response.text)


def test_the_page_speaks_english_to_another_person(sandbox: Sandbox) -> None:
    page = fetch(sandbox, "/?chat=77&name=%3Cb%3EEve&lang=en").text

    assert '<html lang="en">' in page
    assert settings_of(page)["person"]["first_name"] == "<b>Eve"
    assert "<b>Eve" not in page.replace(re.search(r"<script.*?</script>", page, re.DOTALL).group(0), "")


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC.iterdir()))
def test_static_files_are_served_and_never_stale(sandbox: Sandbox, name: str) -> None:
    response = fetch(sandbox, f"/sandbox/static/{name}")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-cache"
    if name.endswith(".js"):
        assert response.headers["Content-Type"].startswith(("text/javascript", "application/javascript"))


def test_every_module_that_is_imported_is_there() -> None:
    modules = {path.name: path.read_text() for path in STATIC.glob("*.js")}
    imported = {name for text in modules.values() for name in re.findall(r'from "\./([\w.]+)"', text)}

    assert imported == set(modules) - {"chat.js"}


def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    used = {
        word
        for path in (*STATIC.glob("*.js"), TEMPLATES / "sandbox" / "chat.html")
        for word in re.findall(r"\bwords\.(\w+)", path.read_text())
    }

    assert set(WORDS["ru"]) == set(WORDS["en"]) == used


def test_a_group_page_knows_its_title_and_who_writes(sandbox: Sandbox) -> None:
    sandbox.post("chats/-4711/members", {"user": {"id": 7, "first_name": "Ada"}, "status": "member"})

    new = settings_of(fetch(sandbox, "/?chat=-4712&title=Chess%20%3Cclub%3E").text)
    page = fetch(sandbox, "/?chat=-4711&as=7").text
    known = settings_of(page)

    assert (new["is_group"], new["chat"]["title"], new["person"]["id"]) == (True, "Chess <club>", 1001)
    assert (known["chat"]["title"], known["person"]["first_name"]) == ("Group 4711", "Ada")
    assert known["bot_name"] == "butler_sandbox_bot"  # a group's menu names it in the commands
    assert "/?chat=-4711&amp;name=Ada&amp;as=7&amp;title=Group+4711&amp;lang=en" in page


def test_a_channel_page_knows_whether_the_bot_is_there(sandbox: Sandbox) -> None:
    owner = {"id": 7, "is_bot": False, "first_name": "Ada"}
    channel = sandbox.post("channels", {"title": "News <hot>", "from": owner})["chat_id"]

    away = settings_of(fetch(sandbox, f"/?chat={channel}&as=7").text)
    sandbox.post(f"chats/{channel}/bot", {"status": "administrator"})
    here = settings_of(fetch(sandbox, f"/?chat={channel}&as=7").text)
    listed = fetch(sandbox, "/").text

    assert (away["is_channel"], away["is_group"], away["bot_status"]) == (True, False, "left")
    assert (here["chat"]["title"], here["bot_status"]) == ("News <hot>", "administrator")
    assert f"/?chat={channel}&amp;" in listed


@pytest.mark.parametrize("chat", ["x", "0", "-", "-0", "99999999999999999", "٣", "1.5", ""])
def test_an_impossible_chat_is_the_first_persons(sandbox: Sandbox, chat: str) -> None:
    assert settings_of(fetch(sandbox, f"/?chat={chat}").text)["chat_id"] == 1001


@pytest.mark.parametrize("path", ["/sandbox/static/../page.py", "/sandbox/static/%2e%2e/page.py"])
def test_nothing_beside_the_static_files_is_served(sandbox: Sandbox, path: str) -> None:
    assert fetch(sandbox, path).status_code in {403, 404}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:80"])
def test_a_foreign_host_name_is_refused(sandbox: Sandbox, host: str) -> None:
    assert fetch(sandbox, "/", Host=host).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_cannot_act(sandbox: Sandbox, headers: dict[str, str]) -> None:
    url = f"{sandbox.api}/messages"
    body = {"chat_id": PERSON, "text": "forged"}

    assert sandbox.http.post(url, json=body, headers=headers, timeout=PATIENCE_S).status_code == 403
    assert (
        sandbox.http.get(f"{sandbox.root}/bot1:x/getMe", headers=headers, timeout=PATIENCE_S).status_code
        == 403
    )
    assert sandbox.messages() == []


def test_the_page_itself_may_act(sandbox: Sandbox) -> None:
    headers = {"Origin": sandbox.root, "Sec-Fetch-Site": "same-origin"}
    body = {"chat_id": PERSON, "text": "own"}

    assert sandbox.http.post(f"{sandbox.api}/messages", json=body, headers=headers, timeout=PATIENCE_S).ok


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"text": "a"}', b'{"chat_id": "x"}', b'{"chat_id": true}', b'{"chat_id": 1, "text": 2}'],
)
def test_malformed_calls_of_the_control_api_are_refused(sandbox: Sandbox, body: bytes) -> None:
    response = sandbox.http.post(f"{sandbox.api}/messages", data=body, timeout=PATIENCE_S)

    assert response.status_code == 400
    assert "error" in response.json()


def read_events(response: requests.Response) -> Iterator[dict]:
    for line in response.iter_lines(chunk_size=1):
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def test_events_follow_a_conversation(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    url = f"{sandbox.api}/events?chat_id={chat}"
    with requests.get(url, stream=True, timeout=PATIENCE_S) as response:
        events = read_events(response)
        sandbox.say("elsewhere", chat_id=chat + 1)
        bot.send_chat_action(chat, "typing")
        sent = bot.send_message(chat, "a")
        bot.edit_message_text("<b>b</b>", chat, sent.message_id, parse_mode="HTML")
        pressed = sandbox.post("callbacks", {"chat_id": chat, "message_id": sent.message_id, "data": "d"})
        bot.answer_callback_query(pressed["callback_query_id"], "toast", show_alert=True)
        bot.delete_message(chat, sent.message_id)
        sandbox.delete(f"chats/{chat}")
        seen = [next(events) for _ in range(6)]

    kinds = [event["type"] for event in seen]
    assert kinds == ["action", "message", "edit", "callback_answer", "delete", "clear"]
    assert seen[2]["message"]["html"] == "<strong>b</strong>"
    assert (seen[3]["text"], seen[3]["show_alert"]) == ("toast", True)


def test_files_of_people_are_never_run_by_the_browser(sandbox: Sandbox) -> None:
    form = {"chat_id": PERSON, "kind": "photo"}
    files = {"file": ("x.svg", b"<svg onload='alert(1)'/>", "image/svg+xml")}
    uploaded = sandbox.http.post(f"{sandbox.api}/uploads", data=form, files=files, timeout=PATIENCE_S).json()

    response = fetch(sandbox, f"/sandbox/api/files/{uploaded['file_id']}")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == "attachment"
