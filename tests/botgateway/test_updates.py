from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botgateway.domain.updates import find_kind, parse_update, read_incoming
from botgateway.errors import MalformedUpdate


def build_update(**message: Any) -> dict[str, Any]:
    body = {
        "message_id": 7,
        "from": {"id": 42, "first_name": "Анна", "is_bot": False},
        "chat": {"id": 42, "type": "private"},
        "text": "Добрый день",
    }
    return {"update_id": 1, "message": {**body, **message}}


def test_an_update_is_read_from_json() -> None:
    assert parse_update(b'{"update_id": 5, "poll": {}}') == {"update_id": 5, "poll": {}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"{}",
        b'{"update_id": "5"}',
        b'{"update_id": true}',
        b'{"update_id": 1.5}',
        b'{"update_id": 1e400}',
        b'{"update_id": 99999999999999999999}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedUpdate):
        parse_update(body)


@pytest.mark.parametrize(
    ("update", "kind"),
    [
        ({"update_id": 1, "message": {}}, "message"),
        ({"update_id": 1, "edited_message": {}}, "edited_message"),
        ({"update_id": 1, "callback_query": {}}, "callback_query"),
        ({"update_id": 1, "telepathy": {}}, "unknown"),
        ({"update_id": 1}, "unknown"),
    ],
)
def test_the_kind_is_named(update: dict[str, Any], kind: str) -> None:
    assert find_kind(update) == kind


def test_a_private_message_is_read() -> None:
    message = read_incoming(build_update())

    assert message is not None
    assert (message.chat_id, message.message_id, message.user_id) == (42, 7, "42")
    assert (message.text, message.first_name, message.command) == ("Добрый день", "Анна", None)


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1},
        {"update_id": 1, "message": []},
        {"update_id": 1, "message": {}},
        build_update(chat={"id": -5, "type": "group"}),
        build_update(chat={"id": {"$gt": 0}, "type": "private"}),
        build_update(chat=None),
        build_update(**{"from": {"id": 42, "is_bot": True}}),
        build_update(**{"from": {"id": {"$gt": ""}}}),
        build_update(**{"from": None}),
        build_update(message_id="7"),
    ],
)
def test_what_is_no_private_message_is_not_answered(update: dict[str, Any]) -> None:
    assert read_incoming(update) is None


@pytest.mark.parametrize("user_id", ['{"$gt": ""}', "../x"])
def test_a_textual_user_id_is_data(user_id: str) -> None:
    message = read_incoming(build_update(**{"from": {"id": user_id}}))

    assert message is not None
    assert message.user_id == user_id


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/start", "start"),
        ("/HELP", "help"),
        ("/ping@butlerbot", "ping"),
        ("/start payload", "start"),
        ("/", None),
        ("/ start", "start"),
        ("не /start", None),
        ("", None),
    ],
)
def test_commands_are_recognised(text: str, command: str | None) -> None:
    message = read_incoming(build_update(text=text))

    assert message is not None
    assert message.command == command


def test_text_can_be_stored_whatever_it_holds() -> None:
    hostile = json.loads('"a\\u0000b \\ud800 \\ud83d\\ude42"')

    message = read_incoming(build_update(text=hostile))

    assert message is not None
    assert message.text == "ab \ufffd 🙂"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(message=st.dictionaries(st.sampled_from(["message_id", "from", "chat", "text"]), JSON))
def test_no_message_however_odd_breaks_the_reader(message: dict[str, Any]) -> None:
    read_incoming({"update_id": 1, "message": message})
    read_incoming(build_update(**message))
