"""The webhook's edge: who may post, what is stored, what is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.harness.stack import WEBHOOK_TIMEOUT_S, Stack
from tests.harness.telegram import SandboxClient

BODY_LIMIT = 1_048_576
_first_update_id = 500_000_000


def text_message(chat_id: int, text: str, **chat: Any) -> dict[str, Any]:
    sender = {"id": chat_id, "is_bot": False, "first_name": "Анна"}
    described = {"id": chat_id, "type": "private", "first_name": "Анна", **chat}
    return {"message_id": 10, "date": 1_760_000_000, "chat": described, "from": sender, "text": text}


def post(stack: Stack, update: object, **options: Any) -> int:
    return stack.post_update(json.dumps(update).encode(), **options).status_code


def stored(stack: Stack, update_id: int) -> list[dict[str, Any]]:
    return list(stack.database().inbox_updates.find({"update_id": update_id}))


@pytest.fixture
def update_id(chat_id: int) -> int:
    return _first_update_id + chat_id


@pytest.mark.parametrize("secret", ["", "wrong", "wröng"])
def test_without_the_right_secret_nothing_is_stored(
    stack: Stack, chat_id: int, update_id: int, secret: str
) -> None:
    update = {"update_id": update_id, "message": text_message(chat_id, "Привет")}

    assert post(stack, update, secret=secret.encode().decode("latin-1")) == 403
    assert stored(stack, update_id) == []


def test_half_of_the_secret_is_not_the_secret(stack: Stack, chat_id: int, update_id: int) -> None:
    update = {"update_id": update_id, "message": text_message(chat_id, "Привет")}

    assert post(stack, update, secret=stack.webhook_secret[:-1]) == 403
    assert stored(stack, update_id) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"message": {}}',
        b'{"update_id": "7"}',
        b'{"update_id": true}',
        b'{"update_id": 7.5}',
        b'{"update_id": null}',
        b'{"update_id": 123456789012345678901234567890}',
        b'{"update_id": {"$gt": ""}}',
        b'{"update_id": 7, "a": NaN' + b"[" * 5_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    ],
)
def test_what_is_no_update_is_refused_and_not_stored(stack: Stack, body: bytes) -> None:
    stack.wait_until_settled()  # what an earlier test did not wait for
    inbox = stack.database().inbox_updates
    before = inbox.count_documents({})

    assert stack.post_update(body).status_code == 400
    assert inbox.count_documents({}) == before


def test_a_body_over_the_limit_is_refused(stack: Stack, chat_id: int, update_id: int) -> None:
    update = {"update_id": update_id, "message": text_message(chat_id, "a" * BODY_LIMIT)}

    assert post(stack, update) == 413
    assert stored(stack, update_id) == []


def test_only_post_is_accepted(stack: Stack) -> None:
    assert requests.get(f"{stack.web_url}/telegram/webhook", timeout=WEBHOOK_TIMEOUT_S).status_code == 405


@pytest.mark.parametrize(
    "content",
    [
        {"invented_in_2031": {"id": 1}},
        {"my_chat_member": {"chat": {"id": 5, "type": "private"}}},
        {"callback_query": {"id": "1", "from": {"id": 5}, "data": "x"}},
        {"message": None},
        {"message": []},
        {"message": {"text": "без чата"}},
        {},
    ],
    ids=["unknown", "my_chat_member", "callback_query", "null", "array", "no_chat", "nothing"],
)
def test_other_kinds_of_updates_are_noted_without_their_words_and_not_answered(
    stack: Stack, update_id: int, content: dict[str, Any]
) -> None:
    assert post(stack, {"update_id": update_id, **content}) == 200

    (update,) = stored(stack, update_id)
    assert (update["status"], update["payload"]) == ("ignored", "")


@pytest.mark.parametrize(
    ("kind", "chat"),
    [
        ("channel_post", {"type": "channel", "title": "Новости"}),
        ("message", {"type": "group", "title": "Соседи"}),
        ("message", {"type": "supergroup", "title": "Соседи"}),
    ],
    ids=["channel", "group", "supergroup"],
)
def test_what_is_said_to_others_is_noted_without_its_words_and_not_answered(
    stack: Stack, chat_id: int, update_id: int, kind: str, chat: dict[str, Any]
) -> None:
    place = -chat_id
    update = {"update_id": update_id, kind: {**text_message(chat_id, "Привет", **chat, id=place)}}

    assert post(stack, update) == 200

    stack.wait_until_settled()
    (kept,) = stored(stack, update_id)
    assert (kept["kind"], kept["status"], kept["payload"]) == (kind, "ignored", "")
    assert stack.telegram.calls(chat_id=place) == []


def test_an_edit_of_what_nobody_knows_changes_nothing(stack: Stack, chat_id: int, update_id: int) -> None:
    update = {"update_id": update_id, "edited_message": text_message(chat_id, "Привет")}

    assert post(stack, update) == 200

    stack.wait_until_settled()
    assert stored(stack, update_id)[0]["status"] == "answered"
    assert stack.telegram.calls(chat_id=chat_id) == []


def test_a_message_from_another_bot_is_stored_and_not_answered(
    stack: Stack, telegram: SandboxClient, chat_id: int, update_id: int
) -> None:
    message = text_message(chat_id, "Привет")
    message["from"]["is_bot"] = True

    assert post(stack, {"update_id": update_id, "message": message}) == 200

    stack.wait_until_settled()
    assert stored(stack, update_id)[0]["status"] == "ignored"
    assert telegram.calls(chat_id=chat_id) == []
