"""Updates as data: who sent what where. Everything here comes from outside and is trusted in nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botgateway.errors import MalformedUpdate
from llm.prompt import clean_text

INT64_MAX = 2**63 - 1
USER_ID_MAX_CHARS = 64
MESSAGE_KIND = "message"
PRIVATE_CHAT = "private"
UNKNOWN_KIND = "unknown"

# At most one of these is present beside update_id (core.telegram.org/bots/api#update)
KINDS = (
    MESSAGE_KIND,
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
)


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A person's message in a private chat; `text` is empty when it holds something else (voice, photo, …)."""

    chat_id: int
    message_id: int
    user_id: str
    first_name: str
    username: str
    text: str

    @property
    def command(self) -> str | None:
        """The command without slash and bot name, in lower case; None for ordinary text."""
        if not self.text.startswith("/"):
            return None
        words = self.text[1:].split(maxsplit=1)
        return words[0].partition("@")[0].lower() if words else None


def parse_update(body: bytes) -> dict[str, Any]:
    """Return the update as a dictionary. Raises `MalformedUpdate`."""
    try:
        update = json.loads(body.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise MalformedUpdate("not JSON in UTF-8") from error
    if not isinstance(update, dict):
        raise MalformedUpdate("not an object")
    if not _is_id(update.get("update_id")):
        raise MalformedUpdate("no integer update_id")
    return update


def find_kind(update: dict[str, Any]) -> str:
    """Name the kind of an update; `unknown` for one that the Bot API did not have when this was written."""
    return next((kind for kind in KINDS if kind in update), UNKNOWN_KIND)


def read_message(update: dict[str, Any]) -> IncomingMessage | None:
    """Return the message that Butler is to answer; None if the update holds nothing of the kind."""
    message = update.get(MESSAGE_KIND)
    if not isinstance(message, dict):
        return None
    chat, sender = message.get("chat"), message.get("from")
    if not isinstance(chat, dict) or not isinstance(sender, dict):
        return None
    user_id = _read_user_id(sender)
    is_answerable = (
        chat.get("type") == PRIVATE_CHAT
        and _is_id(chat.get("id"))
        and _is_id(message.get("message_id"))
        and not sender.get("is_bot")
    )
    if not is_answerable or user_id is None:
        return None
    return IncomingMessage(
        chat_id=chat["id"],
        message_id=message["message_id"],
        user_id=user_id,
        first_name=_read_text(sender, "first_name")[:200],
        username=_read_text(sender, "username")[:64],
        text=_read_text(message, "text"),
    )


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INT64_MAX


def _read_user_id(sender: dict[str, Any]) -> str | None:
    """Telegram's are integers; a string is taken as the data it is, anything else is nobody."""
    value = sender.get("id")
    if _is_id(value):
        return str(value)
    if isinstance(value, str) and 0 < len(value) <= USER_ID_MAX_CHARS:
        return clean_text(value) or None
    return None


def _read_text(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    return clean_text(value) if isinstance(value, str) else ""
