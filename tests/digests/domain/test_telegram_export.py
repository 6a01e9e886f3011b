"""Telegram Desktop's result.json: read piece by piece, whatever its version, and told where it is broken."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digests.domain.json_stream import JsonReader
from digests.domain.posts import ReceivedPost
from digests.domain.telegram_export import read_chats
from digests.errors import MalformedExport

AT = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def message(number: int = 1, **fields: Any) -> dict[str, Any]:
    unixtime = str(int(AT.timestamp()))
    return {"id": number, "type": "message", "date_unixtime": unixtime, "text": "Мост закрыт", **fields}


def export(*messages: Any, **header: Any) -> str:
    whole = {"name": "Гавань", "type": "public_channel", "id": 1234567890, **header}
    return json.dumps({**whole, "messages": messages}, ensure_ascii=False, indent=1)


def read(text: str) -> list[ReceivedPost | None]:
    return [
        post for chat in read_chats(io.StringIO(text), zone="Europe/Moscow") for post in chat.read_posts()
    ]


def read_one(**fields: Any) -> ReceivedPost:
    (post,) = read(export(message(**fields)))
    assert post is not None
    return post


@given(value=JSON, chunk=st.integers(1, 40), indent=st.none() | st.just(1), is_ascii=st.booleans())
def test_a_value_is_the_same_in_pieces_of_any_size(
    value: object, chunk: int, indent: int | None, is_ascii: bool
) -> None:
    text = json.dumps({"a": [value, 12], "b": value}, indent=indent, ensure_ascii=is_ascii)
    reader = JsonReader(io.StringIO(text), chunk_chars=chunk)

    found = []
    for key in reader.keys():  # noqa: SIM118
        if key == "a":
            found += [reader.value() for _ in reader.elements()]
        else:
            reader.skip()
    reader.end()

    assert found == [value, 12]


@given(text=st.text(max_size=60), chunk=st.integers(1, 9))
def test_what_is_no_json_is_malformed_and_nothing_else(text: str, chunk: int) -> None:
    begun = f'{{"a": {text}'
    assume(not is_json(begun))
    reader = JsonReader(io.StringIO(begun), chunk_chars=chunk)

    def skip_all() -> None:
        for _ in reader.keys():  # noqa: SIM118
            reader.skip()
        reader.end()

    with pytest.raises(MalformedExport, match="line "):
        skip_all()


def is_json(text: str) -> bool:
    """Tell whether it is JSON, with Telegram Desktop's control characters and escapes."""
    try:
        json.loads(text.replace("\\x", "\\u00"), strict=False)
    except json.JSONDecodeError:
        return False
    return True


def test_a_channel_and_its_posts_are_read_as_telegram_desktop_writes_them() -> None:
    edited = str(int(AT.timestamp()) + 60)
    rich = [
        "Мост ",
        {"type": "bold", "text": "закрыт"},
        {"type": "text_link", "text": ".", "href": "https://t.me"},
    ]
    text = export(
        message(1, text=rich, author="Редакция", forwarded_from="Порт", edited_unixtime=edited, views=7),
        {"id": 2, "type": "service", "date": "2026-03-10T12:30:00", "action": "pin_message"},
        {"id": 3, "type": "unsupported"},
        message(4, text="", photo="(File not included. Change data exporting settings to download.)"),
        message(5, forwarded_from=None, text_entities=[{"type": "plain", "text": "не это"}]),
    )

    (chat,) = read_chats(io.StringIO(text), zone="Europe/Moscow")

    assert (chat.channel_id, chat.title, chat.is_channel, chat.is_alone) == (
        "-1001234567890",
        "Гавань",
        True,
        True,
    )
    first, pinned, unsupported, photo, plain = read(text)
    assert first == ReceivedPost(
        channel_id="-1001234567890",
        message_id=1,
        posted_at=AT,
        edited_at=AT.replace(minute=31),
        text="Мост закрыт.",
        author="Редакция",
        forwarded_from="Порт",
    )
    assert (pinned, unsupported) == (None, None)
    assert photo is not None
    assert (photo.text, photo.has_media) == ("", True)
    assert plain is not None
    assert (plain.text, plain.forwarded_from, plain.has_media) == ("Мост закрыт", "", False)


def test_a_poll_is_read_as_its_question_and_the_answers_that_were_offered() -> None:
    answers = [
        {"text": "Новый", "voters": 7, "chosen": False},
        {"text": "Старый", "voters": 2, "chosen": True},
    ]
    poll = {"question": "Какой мост строить?", "closed": False, "total_voters": 9, "answers": answers}
    rich = {"question": ["Какой ", {"type": "bold", "text": "мост"}], "answers": [{"text": ["Новый"]}]}

    alone, captioned, formatted = (
        read_one(text="", poll=poll),
        read_one(text="Решайте", poll=poll),
        read_one(text="", poll=rich),
    )

    assert (alone.text, alone.has_media) == ("Какой мост строить?\n— Новый\n— Старый", True)
    assert captioned.text == "Решайте\n\n" + alone.text
    assert formatted.text == "Какой мост\n— Новый"
    assert read_one(text="Решайте", poll={"question": "", "answers": None}).text == "Решайте"


def test_an_older_exports_dates_are_of_the_clock_there_and_an_edit_that_never_was_is_none() -> None:
    post = read_one(date_unixtime=None, date="2026-03-10T12:30:00", edited="1970-01-01T03:00:00")

    assert (post.posted_at, post.edited_at) == (AT, None)


def test_control_characters_that_telegram_desktop_escapes_in_its_own_way_are_read() -> None:
    text = export(message(text="до@после C:\\x0B")).replace("до@", r"до\x0B\x00")

    (post,) = read(text)

    assert post is not None
    assert post.text == "до\x0bпосле C:\\x0B"


def test_the_chats_of_a_whole_account_are_read_one_by_one_or_passed_over() -> None:
    chats = [
        {"name": "Анна", "type": "personal_chat", "id": 1, "messages": [{"what": "ever"}]},
        json.loads(export(message(1), message(2), id=11)),
        {"type": "saved_messages", "id": 2, "messages": []},
        json.loads(export(message(3), id=12)),
    ]
    account = {
        "about": "…",
        "contacts": {"list": [{"first_name": "Анна"}]},
        "chats": {"about": "…", "list": chats},
        "left_chats": {"list": [json.loads(export(message(4), id=13))]},
    }

    found = {}
    for chat in read_chats(io.StringIO(json.dumps(account)), zone="UTC"):
        assert not chat.is_alone
        if chat.is_channel and chat.channel_id != "-1000000000012":
            posts = chat.read_posts()
            found[chat.channel_id] = [post.message_id for post in [next(posts)] if post]

    assert found == {"-1000000000011": [1], "-1000000000013": [4]}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"line 1: ends where \{ is expected"),
        ("[]", r"line 1: \{ is expected, not \["),
        ("<html>", r"line 1: \{ is expected, not <"),
        (export(message(1), message(2))[:-20], "line 1[0-9]: "),
        (export(message(1)) + "{}", "line [0-9]+: something follows the end"),
        (export(message(1)).replace('"id": 1,', '"id": 1;'), "line 7: no JSON"),
        (export(message("1")), "line 6: a message without a number"),
        (export(message(True)), "a message without a number"),
        (export(message(2**63)), "a message without a number"),
        (export(message(1), 5), "line 12: no message"),
        (export(message(date_unixtime=None)), "message 1 has no date"),
        (export(message(date_unixtime="вчера")), "message 1: date is no date"),
        (export(message(date_unixtime="9" * 30)), "message 1: date is no date"),
        (export(message(date_unixtime=None, date="вчера")), "message 1: date is no date"),
        (export(message(edited_unixtime=[])), "message 1: edited is no date"),
        (export(message(text=7)), "message 1: text is no text"),
        (export(message(text=[{"type": "bold"}])), "message 1: text is no text"),
        (export(message(poll="?")), "message 1: poll is no poll"),
        (export(message(poll={"question": "?", "answers": 7})), "message 1: poll is no poll"),
        (export(message(poll={"question": "?", "answers": [{"text": 7}]})), "message 1: text is no text"),
        (export(message(), id="x"), "line 5: a channel without an id"),
        ('{"messages": [], "type": "public_channel"' + "[" * 100_000, "line 1: "),
    ],
)
def test_a_broken_file_is_told_with_the_place(text: str, complaint: str) -> None:
    with pytest.raises(MalformedExport, match=complaint):
        read(text)


def test_a_file_in_another_encoding_is_told_with_the_place() -> None:
    binary = io.BytesIO(export(message()).encode("cp1251"))

    with pytest.raises(MalformedExport, match="no UTF-8"):
        list(read_chats(io.TextIOWrapper(binary, encoding="utf-8"), zone="UTC"))
