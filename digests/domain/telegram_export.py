"""What Telegram Desktop writes as `result.json` when a chat's history, or a whole account, is exported.

One chat: `{"name", "type", "id", "messages": [...]}`. An account: the same objects in `chats.list` and
`left_chats.list`, among much else. Of a message `id`, `type` (`message`, `service`, `unsupported`), `date_unixtime`
and `edited_unixtime` (older versions: `date` and `edited` alone, by the clock of the machine that exported), `text` (a
string, or a list of strings and of objects with `text`), `author`, `forwarded_from`, `poll` (`question`, and `text` of
its `answers`) and the names of media are read.
Learned from telegramdesktop/tdesktop, Telegram/SourceFiles/export/output/export_output_json.cpp.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

from digests.domain.calendar import read_zone
from digests.domain.channels import to_bot_api_id
from digests.domain.json_stream import JsonReader
from digests.domain.polls import join_texts, write_poll
from digests.domain.posts import ReceivedPost
from llm.prompt import clean_text

CHANNEL_KINDS = ("public_channel", "private_channel")
CHAT_LISTS = ("chats", "left_chats")
HEADER = ("name", "type", "id")
MESSAGE = "message"
MEDIA = (
    "contact_information",
    "file",
    "game_title",
    "giveaway_information",
    "invoice_information",
    "location_information",
    "media_type",
    "paid_media",
    "photo",
    "poll",
)
INT64_MAX = 2**63 - 1
DAY_S = 86_400  # the beginning of 1970 is within a day of 0 in any time zone
DATE_MAX_S = 253_402_300_799  # the end of the year 9999: later is no date in Python


class ExportedChat:
    """A chat of an export. `is_alone`: the file is of this chat only. Its posts can be read once, in their turn."""

    def __init__(self, header: dict[str, Any], reader: JsonReader, *, is_alone: bool, zone: str) -> None:
        self.kind = str(header.get("type") or "")
        self.title = clean_text(str(header.get("name") or ""))
        self.is_alone = is_alone
        self.channel_id = to_bot_api_id(_read_chat_id(header, reader)) if self.is_channel else ""
        self._zone = zone
        self._reader = reader
        self._elements = reader.elements()

    @property
    def is_channel(self) -> bool:
        return self.kind in CHANNEL_KINDS

    def read_posts(self) -> Iterator[ReceivedPost | None]:
        """Yield what was posted, None for what is no post. Raises `MalformedExport`."""
        for _ in self._elements:
            yield self._read_post(self._reader.value())

    def skip_rest(self) -> None:
        """Go past what was not read."""
        for _ in self._elements:
            self._reader.value()

    def _read_post(self, message: object) -> ReceivedPost | None:
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise self._reader.fault("no message: it has no type")
        if message["type"] != MESSAGE:
            return None
        message_id = message.get("id")
        if not isinstance(message_id, int) or isinstance(message_id, bool) or not 0 < message_id <= INT64_MAX:
            raise self._reader.fault("a message without a number")
        posted_at = self._read_moment(message, "date", message_id)
        if posted_at is None:
            raise self._reader.fault(f"message {message_id} has no date")
        return ReceivedPost(
            channel_id=self.channel_id,
            message_id=message_id,
            posted_at=posted_at,
            edited_at=self._read_moment(message, "edited", message_id),
            text=join_texts(
                self._read_text(message.get("text"), message_id),
                self._read_poll(message.get("poll"), message_id),
            ),
            author=clean_text(str(message.get("author") or "")),
            forwarded_from=clean_text(str(message.get("forwarded_from") or "")),
            has_media=any(message.get(name) for name in MEDIA),
        )

    def _read_moment(self, message: dict[str, Any], name: str, message_id: int) -> datetime | None:
        """Return a moment; older exports write one that never was as the beginning of 1970."""
        stamp, local = message.get(f"{name}_unixtime"), message.get(name)
        try:
            if stamp is not None:
                seconds = int(stamp)
            elif local is not None:
                naive = datetime.fromisoformat(local)
                seconds = int(naive.replace(tzinfo=naive.tzinfo or read_zone(self._zone)).timestamp())
            else:
                return None
        except (TypeError, ValueError, OverflowError) as error:
            raise self._reader.fault(f"message {message_id}: {name} is no date") from error
        if seconds > DATE_MAX_S:
            raise self._reader.fault(f"message {message_id}: {name} is no date")
        return datetime.fromtimestamp(seconds, UTC) if seconds > DAY_S else None

    def _read_text(self, text: object, message_id: int) -> str:
        words = []
        for part in text if isinstance(text, list) else [text or ""]:
            word = part.get("text") if isinstance(part, dict) else part
            if not isinstance(word, str):
                raise self._reader.fault(f"message {message_id}: text is no text")
            words.append(word)
        return clean_text("".join(words))

    def _read_poll(self, poll: object, message_id: int) -> str:
        if not poll:
            return ""
        if not isinstance(poll, dict) or not isinstance(answers := poll.get("answers") or [], list):
            raise self._reader.fault(f"message {message_id}: poll is no poll")
        offered = [answer.get("text") if isinstance(answer, dict) else answer for answer in answers]
        texts = [self._read_text(text, message_id) for text in offered]
        return write_poll(self._read_text(poll.get("question"), message_id), texts)


def read_chats(file: TextIO, *, zone: str) -> Iterator[ExportedChat]:
    """Yield the chats of an export, each to be read before the next one. `zone` is that of dates without one.

    The file is read as it goes, so one of any size takes little memory. Raises `MalformedExport`.
    """
    reader = JsonReader(file)
    yield from _read_chats(reader, zone, is_alone=True)
    reader.end()


def _read_chats(reader: JsonReader, zone: str, *, is_alone: bool) -> Iterator[ExportedChat]:
    header: dict[str, Any] = {}
    for key in reader.keys():  # noqa: SIM118 - no mapping
        if key in HEADER:
            header[key] = reader.value()
        elif key == "messages":
            chat = ExportedChat(header, reader, is_alone=is_alone, zone=zone)
            yield chat
            chat.skip_rest()
        elif key in CHAT_LISTS and is_alone:
            yield from _read_list(reader, zone)
        else:
            reader.skip()


def _read_list(reader: JsonReader, zone: str) -> Iterator[ExportedChat]:
    for key in reader.keys():  # noqa: SIM118 - no mapping
        if key != "list":
            reader.skip()
            continue
        for _ in reader.elements():
            yield from _read_chats(reader, zone, is_alone=False)


def _read_chat_id(header: dict[str, Any], reader: JsonReader) -> int:
    number = header.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < abs(number) <= INT64_MAX:
        raise reader.fault("a channel without an id before its messages")
    return number
