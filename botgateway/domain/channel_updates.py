"""What happens in channels, as data: posts, and the bot's own coming and going. Trusted in nothing, as all updates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict

from botgateway.domain.updates import (
    EDITED_POST_KIND,
    MEMBERSHIP_KIND,
    POST_KIND,
    Sender,
    is_id,
    read_sender,
    read_text,
)
from digests.domain.polls import join_texts, write_poll

CHANNEL_KINDS = (POST_KIND, EDITED_POST_KIND, MEMBERSHIP_KIND)
CHANNEL = "channel"
INSIDE = ("creator", "administrator", "member")  # core.telegram.org/bots/api#chatmember
OUTSIDE = ("left", "kicked")
DATE_MAX_S = 253_402_300_799  # the end of the year 9999: later is no date in Python

# What a post can consist of beside text (core.telegram.org/bots/api#message). Whatever has none of these tells of
# the channel itself: a pinned post, a new title, a video chat.
MEDIA = (
    "animation",
    "audio",
    "checklist",
    "contact",
    "dice",
    "document",
    "game",
    "giveaway",
    "giveaway_winners",
    "invoice",
    "location",
    "paid_media",
    "photo",
    "poll",
    "sticker",
    "story",
    "venue",
    "video",
    "video_note",
    "voice",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InChannel:
    """What every update of a channel tells of it. `message_id` is None where it is no message."""

    chat_id: int
    title: str = ""
    username: str = ""
    message_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingPost(InChannel):
    """A post, new or edited. `is_service`: it tells of the channel itself.

    `text` is the caption where there is media, and the question with the answers offered where that is a poll.
    `forwarded_from` is the title or the name of whom it is a repost of.
    """

    message_id: int
    posted_at: datetime
    edited_at: datetime | None = None
    text: str = ""
    author: str = ""
    forwarded_from: str = ""
    media_group_id: str = ""
    has_media: bool = False
    is_service: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMembership(InChannel):
    """The bot was taken in, thrown out, or given other rights; `sender` is who did it, if that was a person."""

    is_member: bool
    at: datetime
    sender: Sender | None = None


ChannelUpdate = IncomingPost | IncomingMembership


class _Place(TypedDict):
    chat_id: int
    title: str
    username: str


def read_channel_update(update: dict[str, Any]) -> ChannelUpdate | None:
    """Return what an update tells of a channel; None if it is about anything else."""
    for kind in (POST_KIND, EDITED_POST_KIND):
        if isinstance(post := update.get(kind), dict):
            return _read_post(post)
    if isinstance(change := update.get(MEMBERSHIP_KIND), dict):
        return _read_membership(change)
    return None


def _read_post(post: dict[str, Any]) -> IncomingPost | None:
    place, posted_at, message_id = _read_place(post), _read_moment(post, "date"), post.get("message_id")
    if place is None or posted_at is None or not is_id(message_id):
        return None
    text = join_texts(read_text(post, "text") or read_text(post, "caption"), _read_poll(post.get("poll")))
    has_media = any(post.get(kind) for kind in MEDIA)
    return IncomingPost(
        **place,
        message_id=message_id,
        posted_at=posted_at,
        edited_at=_read_moment(post, "edit_date"),
        text=text,
        author=read_text(post, "author_signature"),
        forwarded_from=_read_origin(post.get("forward_origin")),
        media_group_id=read_text(post, "media_group_id"),
        has_media=has_media,
        is_service=not (text or has_media),
    )


def _read_membership(change: dict[str, Any]) -> IncomingMembership | None:
    place, at, member = _read_place(change), _read_moment(change, "date"), change.get("new_chat_member")
    status = member.get("status") if isinstance(member, dict) else None
    if place is None or at is None or status not in (*INSIDE, *OUTSIDE):
        return None
    return IncomingMembership(**place, is_member=status in INSIDE, at=at, sender=read_sender(change))


def _read_place(holder: dict[str, Any]) -> _Place | None:
    chat = holder.get("chat")
    if not isinstance(chat, dict) or chat.get("type") != CHANNEL or not is_id(chat.get("id")):
        return None
    return _Place(chat_id=chat["id"], title=read_text(chat, "title"), username=read_text(chat, "username"))


def _read_moment(holder: dict[str, Any], name: str) -> datetime | None:
    value = holder.get(name)
    return datetime.fromtimestamp(value, UTC) if is_id(value) and 0 < value <= DATE_MAX_S else None


def _read_poll(poll: object) -> str:
    """Return a poll in words (core.telegram.org/bots/api#poll)."""
    if not isinstance(poll, dict):
        return ""
    options = poll.get("options")
    offered = options if isinstance(options, list) else []
    texts = [read_text(option, "text") for option in offered if isinstance(option, dict)]
    return write_poll(read_text(poll, "question"), texts)


def _read_origin(origin: object) -> str:
    """Return whom a post is a repost of (core.telegram.org/bots/api#messageorigin)."""
    if not isinstance(origin, dict):
        return ""
    if name := read_text(origin, "sender_user_name"):
        return name
    for holder in ("chat", "sender_chat"):
        if isinstance(chat := origin.get(holder), dict):
            return read_text(chat, "title")
    user = origin.get("sender_user")
    if not isinstance(user, dict):
        return ""
    return " ".join(filter(None, (read_text(user, "first_name"), read_text(user, "last_name"))))
