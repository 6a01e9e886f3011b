"""Channels and their posts (https://core.telegram.org/bots/api#chat)."""

from __future__ import annotations

import re
from itertools import count

from sandbox.errors import ControlError
from sandbox.jsontypes import JsonObject
from sandbox.telegram.chatbook import default_person
from sandbox.telegram.messages import Chat
from sandbox.world import World

# Numbers of channels are below this, and all numbers are of at most 52 bits.
# https://core.telegram.org/api/bots/ids
CHANNELS_BELOW = -1_000_000_000_000
LOWEST_ID = -(1 << 52)
USERNAME = re.compile(
    r"[A-Za-z][A-Za-z0-9_]{4,31}"
)  # https://core.telegram.org/method/channels.checkUsername
MAX_TITLE = 128  # characters, https://core.telegram.org/bots/api#setchattitle
ORIGINS = frozenset({"user", "hidden_user", "chat", "channel"})


def create_channel(
    world: World, *, title: str, owner: JsonObject, username: str | None = None, chat_id: int | None = None
) -> Chat:
    """Let a person make a channel; the bot is not in it yet.

    Raises ControlError for a title, a username or a number that Telegram would not give.
    """
    title = title.strip()
    if not 0 < len(title) <= MAX_TITLE:
        raise ControlError(f"title must have 1 to {MAX_TITLE} characters")
    if not isinstance(owner.get("id"), int):
        raise ControlError("from needs an id")
    if username:
        _check_username(world, username)
    known = world.chats.find_person(owner["id"]) or default_person(owner["id"])
    whole = {**known, **owner}
    return world.chats.create_channel(_choose_id(world, chat_id), title=title, username=username, owner=whole)


def describe_post(chat: Chat, content: JsonObject) -> JsonObject:
    """Build what a Message has in a channel, where the channel itself is who writes.

    Raises ControlError for fields of the wrong kind.
    """
    for name, kind in (("date", int), ("author_signature", str), ("forward_origin", dict)):
        value = content.get(name)
        if name in content and (isinstance(value, bool) or not isinstance(value, kind)):
            raise ControlError(f"{name} must be of type {kind.__name__}")
    origin = content.get("forward_origin")
    if origin is not None and origin.get("type") not in ORIGINS:
        raise ControlError(f"the type of forward_origin must be one of {', '.join(sorted(ORIGINS))}")
    return {"sender_chat": chat.description, **content}


def _check_username(world: World, username: str) -> None:
    if USERNAME.fullmatch(username) is None:
        raise ControlError("username must have 5 to 32 Latin letters, digits or underscores")
    if world.chats.find_by_username(username) is not None:
        raise ControlError("username is taken")


def _choose_id(world: World, wanted: int | None) -> int:
    known = world.chats.chats
    if wanted is None:
        return next(number for number in count(CHANNELS_BELOW - 1, -1) if number not in known)
    if wanted in known or not LOWEST_ID < wanted < CHANNELS_BELOW:
        raise ControlError(f"chat_id must be free and below {CHANNELS_BELOW}")
    return wanted
