from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botgateway.domain.updates import ButtonPress, IncomingMessage, find_kind, parse_update, read_incoming
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
    assert isinstance(message, IncomingMessage)
    assert (message.text, message.sender.first_name, message.command) == ("Добрый день", "Анна", None)


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

    assert isinstance(message, IncomingMessage)
    assert message.command == command


def test_text_can_be_stored_whatever_it_holds() -> None:
    hostile = json.loads('"a\\u0000b \\ud800 \\ud83d\\ude42"')

    message = read_incoming(build_update(text=hostile))

    assert isinstance(message, IncomingMessage)
    assert message.text == "ab \ufffd 🙂"


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("/persona", ""),
        ("/persona  Шерлок Холмс ", "Шерлок Холмс"),
        ("/persona\nиз двух\nстрок", "из двух\nстрок"),
    ],
)
def test_what_follows_a_command_is_its_argument(text: str, argument: str) -> None:
    message = read_incoming(build_update(text=text))

    assert isinstance(message, IncomingMessage)
    assert message.argument == argument


def test_a_caption_is_the_text_of_what_carries_a_file() -> None:
    document = {"file_id": "abc", "file_size": 10, "file_name": "договор.pdf", "mime_type": "Application/PDF"}

    message = read_incoming(build_update(text=None, caption="/ping", document=document))

    assert isinstance(message, IncomingMessage)
    assert (message.text, message.command) == ("/ping", None)
    assert message.attachment is not None
    assert (message.attachment.kind, message.attachment.name) == ("document", "договор.pdf")
    assert (message.attachment.mime_type, message.attachment.size_bytes) == ("application/pdf", 10)


def test_the_largest_size_of_a_picture_is_taken() -> None:
    sizes = [
        {"file_id": "small", "width": 90, "height": 60},
        {"file_id": "large", "width": 900, "height": 600},
        {"file_id": "odd", "width": "wide", "height": None},
        "no size",
    ]

    message = read_incoming(build_update(text=None, photo=sizes))

    assert isinstance(message, IncomingMessage)
    assert message.attachment is not None
    assert message.attachment.file_id == "large"


GROUP = {"id": -100, "type": "supergroup", "title": "Гостиная"}


@pytest.mark.parametrize(
    ("message", "is_read"),
    [
        ({"text": "Добрый день"}, False),
        (
            {
                "text": "@butler_bot который час?",
                "entities": [{"type": "mention", "offset": 0, "length": 11}],
            },
            True,
        ),
        ({"text": "/help@butler_bot"}, True),
        ({"text": "/help"}, False),
        ({"reply_to_message": {"from": {"id": 1, "is_bot": True}, "text": "Слушаю"}}, True),
        ({"reply_to_message": {"from": {"id": 2, "is_bot": False}, "text": "Слушаю"}}, False),
    ],
    ids=[
        "chatter",
        "mention",
        "addressed command",
        "anybody's command",
        "reply to a bot",
        "reply to a person",
    ],
)
def test_in_a_group_only_what_may_be_meant_for_butler_is_read(message: dict[str, Any], is_read: bool) -> None:
    assert (read_incoming(build_update(chat=GROUP, **message)) is not None) is is_read


def test_a_mention_is_found_after_characters_of_two_code_units() -> None:
    text = "🎩🎩 @Butler_Bot, пора"
    entities = [{"type": "mention", "offset": 5, "length": 11}, {"type": "mention", "offset": "x"}, None]

    message = read_incoming(build_update(chat=GROUP, text=text, entities=entities))

    assert isinstance(message, IncomingMessage)
    assert message.mentions == ("@butler_bot",)


def test_a_press_is_read_with_the_message_under_which_the_button_was() -> None:
    message = build_update(**{"from": {"id": 1, "is_bot": True}})["message"]
    query = {"id": "77", "from": {"id": 42, "first_name": "Анна"}, "message": message, "data": "retry"}

    press = read_incoming({"update_id": 1, "callback_query": query})

    assert isinstance(press, ButtonPress)
    assert (press.user_id, press.message_id, press.query_id, press.data) == ("42", 7, "77", "retry")
    assert read_incoming({"update_id": 1, "callback_query": {**query, "message": None}}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


FIELDS = [
    "message_id",
    "from",
    "chat",
    "text",
    "entities",
    "photo",
    "document",
    "reply_to_message",
    "quote",
    "id",
]


@given(message=st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_message_however_odd_breaks_the_reader(message: dict[str, Any]) -> None:
    read_incoming({"update_id": 1, "message": message})
    read_incoming({"update_id": 1, "callback_query": message})
    read_incoming(build_update(**message))
