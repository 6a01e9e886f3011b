"""Updates as data: who sent what where. Everything here comes from outside and is trusted in nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypedDict, TypeGuard

from botgateway.domain.attachments import INT64_MAX, Attachment, read_attachment
from botgateway.errors import MalformedUpdate
from llm.prompt import clean_text

USER_ID_MAX_CHARS = 64
MESSAGE_KIND = "message"
EDITED_KIND = "edited_message"
CALLBACK_KIND = "callback_query"
POST_KIND = "channel_post"
EDITED_POST_KIND = "edited_channel_post"
MEMBERSHIP_KIND = "my_chat_member"
PRIVATE_CHAT = "private"
GROUP_CHATS = ("group", "supergroup")
UNKNOWN_KIND = "unknown"

# At most one of these is present beside update_id (core.telegram.org/bots/api#update)
KINDS = (
    MESSAGE_KIND,
    EDITED_KIND,
    POST_KIND,
    EDITED_POST_KIND,
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    CALLBACK_KIND,
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    MEMBERSHIP_KIND,
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
)

# What Telegram is asked for. Unless it is told, it keeps to what it was told last, whoever that was by
# (core.telegram.org/bots/api#setwebhook).
HANDLED_KINDS = (
    MESSAGE_KIND,
    EDITED_KIND,
    CALLBACK_KIND,
    POST_KIND,
    EDITED_POST_KIND,
    MEMBERSHIP_KIND,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A person, as their update describes them."""

    user_id: str
    first_name: str = ""
    username: str = ""
    language_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What every update that Butler answers has: a chat and a person."""

    chat_id: int
    message_id: int
    sender: Sender
    is_private: bool = True

    @property
    def user_id(self) -> str:
        return self.sender.user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage(Incoming):
    """A person's message; `text` holds the caption where there is an attachment, and is empty without words.

    `quoted` is what it replies to, `replied_bot_id` the bot whose message that is; `mentions` are the names that it
    calls, with their @, in lower case.
    """

    text: str = ""
    attachment: Attachment | None = None
    quoted: str = ""
    replied_bot_id: str = ""
    mentions: tuple[str, ...] = ()
    media_group_id: str = ""
    is_edited: bool = False

    @property
    def command(self) -> str | None:
        """The command without slash and bot name, in lower case; None for ordinary text."""
        if self.attachment or not self.text.startswith("/"):
            return None
        words = self.text[1:].split(maxsplit=1)
        return words[0].partition("@")[0].lower() if words else None

    @property
    def addressee(self) -> str:
        """The bot that a command names, in lower case, as in `/help@butler_bot`; empty if it names none."""
        first_word = self.text.split(maxsplit=1)[0] if self.command else ""
        return first_word.partition("@")[2].lower()

    @property
    def argument(self) -> str:
        """What follows the command."""
        words = self.text[1:].split(maxsplit=1)
        return words[1].strip() if self.command and len(words) > 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress(Incoming):
    """A press of an inline button under the bot's message `message_id`; `data` is what the button carries."""

    query_id: str
    data: str = ""


class _Place(TypedDict):
    chat_id: int
    message_id: int
    is_private: bool


def parse_update(body: bytes) -> dict[str, Any]:
    """Return the update as a dictionary. Raises `MalformedUpdate`."""
    try:
        update = json.loads(body.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise MalformedUpdate("not JSON in UTF-8") from error
    if not isinstance(update, dict):
        raise MalformedUpdate("not an object")
    if not is_id(update.get("update_id")):
        raise MalformedUpdate("no integer update_id")
    return update


def find_kind(update: dict[str, Any]) -> str:
    """Name the kind of an update; `unknown` for one that the Bot API did not have when this was written."""
    return next((kind for kind in KINDS if kind in update), UNKNOWN_KIND)


def read_incoming(update: dict[str, Any]) -> IncomingMessage | ButtonPress | None:
    """Return what Butler is to answer; None if the update holds nothing of the kind."""
    if isinstance(query := update.get(CALLBACK_KIND), dict):
        return _read_press(query)
    for kind in (MESSAGE_KIND, EDITED_KIND):
        if isinstance(message := update.get(kind), dict):
            return _read_message(message, is_edited=kind == EDITED_KIND)
    return None


def _read_message(message: dict[str, Any], *, is_edited: bool) -> IncomingMessage | None:
    place = _read_place(message)
    sender = read_sender(message)
    if place is None or sender is None:
        return None
    incoming = IncomingMessage(
        **place,
        sender=sender,
        text=read_text(message, "text") or read_text(message, "caption"),
        attachment=read_attachment(message),
        quoted=_read_quoted(message),
        replied_bot_id=_read_bot_id(message.get("reply_to_message")),
        mentions=_read_mentions(message),
        media_group_id=read_text(message, "media_group_id"),
        is_edited=is_edited,
    )
    return incoming if incoming.is_private or _may_be_addressed(incoming) else None


def _may_be_addressed(message: IncomingMessage) -> bool:
    """In a group most is said to others. Whether a mention means this bot is decided when it is answered."""
    return not message.is_edited and bool(message.replied_bot_id or message.mentions or message.addressee)


def _read_press(query: dict[str, Any]) -> ButtonPress | None:
    message = query.get("message")
    place = _read_place(message) if isinstance(message, dict) else None
    sender = read_sender(query)
    query_id = read_text(query, "id")
    if place is None or sender is None or not query_id:
        return None
    return ButtonPress(**place, sender=sender, query_id=query_id, data=read_text(query, "data"))


def _read_place(message: dict[str, Any]) -> _Place | None:
    chat = message.get("chat")
    if not isinstance(chat, dict) or not is_id(chat.get("id")) or not is_id(message.get("message_id")):
        return None
    if chat.get("type") not in (PRIVATE_CHAT, *GROUP_CHATS):
        return None
    return _Place(
        chat_id=chat["id"], message_id=message["message_id"], is_private=chat.get("type") == PRIVATE_CHAT
    )


def read_sender(holder: dict[str, Any]) -> Sender | None:
    """Return the person whose doing an update is; None for a bot, or for nobody."""
    sender = holder.get("from")
    if not isinstance(sender, dict) or sender.get("is_bot"):
        return None
    user_id = _read_user_id(sender)
    if user_id is None:
        return None
    return Sender(
        user_id=user_id,
        first_name=read_text(sender, "first_name")[:200],
        username=read_text(sender, "username")[:64],
        language_code=read_text(sender, "language_code")[:16],
    )


def _read_quoted(message: dict[str, Any]) -> str:
    """Return the part of another message that this one quotes, or the whole of what it replies to."""
    quote, replied = message.get("quote"), message.get("reply_to_message")
    if isinstance(quote, dict) and (text := read_text(quote, "text")):
        return text
    if not isinstance(replied, dict):
        return ""
    return read_text(replied, "text") or read_text(replied, "caption")


def _read_bot_id(message: object) -> str:
    """Return the id of the bot that a message is of, empty if it is of a person."""
    sender = message.get("from") if isinstance(message, dict) else None
    if not isinstance(sender, dict) or sender.get("is_bot") is not True:
        return ""
    return str(sender["id"]) if is_id(sender.get("id")) else ""


def _read_mentions(message: dict[str, Any]) -> tuple[str, ...]:
    """Return the names with @ in lower case. Telegram's offsets count UTF-16 code units."""
    text = read_text(message, "text") or read_text(message, "caption")
    entities = message.get("entities") or message.get("caption_entities")
    if not isinstance(entities, list):
        return ()
    encoded = text.encode("utf-16-le", "replace")
    found = []
    for entity in entities:
        if isinstance(entity, dict) and entity.get("type") == "mention":
            offset, length = entity.get("offset"), entity.get("length")
            if is_id(offset) and is_id(length):
                found.append(
                    encoded[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace").lower()
                )
    return tuple(found)


def is_id(value: object) -> TypeGuard[int]:
    """Tell whether a value can be one of Telegram's numbers, and be stored."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INT64_MAX


def _read_user_id(sender: dict[str, Any]) -> str | None:
    """Telegram's are integers; a string is taken as the data it is, anything else is nobody."""
    value = sender.get("id")
    if is_id(value):
        return str(value)
    if isinstance(value, str) and 0 < len(value) <= USER_ID_MAX_CHARS:
        return clean_text(value) or None
    return None


def read_text(holder: dict[str, Any], name: str) -> str:
    """Return a text that can be stored; empty where there is none."""
    value = holder.get(name)
    return clean_text(value) if isinstance(value, str) else ""
