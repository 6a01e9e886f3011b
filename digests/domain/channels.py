"""Channels: found when the bot gets in, switched on or off by an admin, left when it is thrown out.

    (unknown) ── the bot gets in, or a post shows that it has ──▶ found ──▶ on, off
    on ──▶ off ──▶ on
    found, on, off ── thrown out ──▶ left ── taken in again ──▶ what it was before

A channel that an export brought is off with nobody having decided so: when the bot gets in, it is found. A change is
one write with the present state as its condition; the same write marks what the admins have yet to be told
(`untold`), so that whoever tells them can make up for a crash.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from digests.domain.calendar import read_zone
from digests.enums import ChannelNews, ChannelState
from digests.errors import UnknownChannel
from digests.models import Channel

log = structlog.get_logger(__name__)

TITLE_MAX_CHARS = 255
USERNAME_MAX_CHARS = 64
SWITCHER_MAX_CHARS = 100
TOLD_OF = (ChannelState.ON, ChannelState.LEFT)  # which channels people may know that there are
# Bots see channels and supergroups below this (core.telegram.org/api/bots/ids); exports and apps count from zero.
CHANNELS_BELOW = -1_000_000_000_000
LINK_PREFIXES = ("https://t.me/", "http://t.me/", "t.me/", "@")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenChannel:
    """A channel as an update describes it."""

    channel_id: str
    title: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """A channel as it stands now; `is_new` if this very call has switched it."""

    channel: Channel
    is_new: bool


def note_membership(seen: SeenChannel, *, is_member: bool, at: datetime) -> Channel | None:
    """Note that the bot got into a channel or out of it; None for one that it was never known to be in."""
    channel = find_by_id(seen.channel_id)
    if channel is None:
        return _create(seen, at) if is_member else None
    _note_names(channel, seen)
    if is_member:
        _get_in(channel, at)
    else:
        _get_out(channel, at)
    return channel


def note_post(seen: SeenChannel, *, at: datetime) -> Channel:
    """Return the channel of a post: where the bot gets one it is a member, though nothing else may have said so."""
    channel = find_by_id(seen.channel_id)
    if channel is None:
        return _create(seen, at)
    _note_names(channel, seen)
    if channel.state != ChannelState.LEFT or channel.left_at is None or at > channel.left_at:
        _get_in(channel, at)  # one of the very second in which the bot was thrown out may come from before
    return channel


def note_import(channel_id: str, *, title: str) -> Channel:
    """Return the channel of an export, which is off if it was not known before."""
    channel = find_by_id(channel_id)
    if channel is None:
        seen = SeenChannel(channel_id=channel_id, title=title)
        return _create(seen, None)
    if not channel.title:
        _note_names(channel, SeenChannel(channel_id=channel_id, title=title, username=channel.username))
    return channel


def switch_on(channel_id: str, *, by: str, expected: ChannelState | None = None) -> Switch:
    """Have a channel read, unless it is so already, no longer as `expected`, or has thrown the bot out.

    `by` is `telegram:<user id>`, `staff:<user name>` or `command:<name>`. Raises `UnknownChannel`.
    """
    return _switch(channel_id, ChannelState.ON, by=by, expected=expected)


def switch_off(channel_id: str, *, by: str, expected: ChannelState | None = None) -> Switch:
    """Have a channel read no more; what was stored stays. As `switch_on`."""
    return _switch(channel_id, ChannelState.OFF, by=by, expected=expected)


def set_time_zone(channel_id: str, name: str) -> Channel:
    """Say when a channel's days begin, from the next digest on. Raises `UnknownChannel`, `ValueError` for no zone."""
    channel = get_channel(channel_id)
    read_zone(name)
    Channel.objects.filter(pk=channel.pk).update(time_zone=name, updated_at=timezone.now())
    channel.refresh_from_db()
    return channel


def find_by_id(channel_id: str) -> Channel | None:
    return Channel.objects.filter(channel_id=channel_id).first()


def get_channel(channel_id: str) -> Channel:
    """Raises `UnknownChannel`."""
    channel = find_by_id(channel_id)
    if channel is None:
        raise UnknownChannel(channel_id)
    return channel


def find_channel(text: str, *, states: Collection[ChannelState] = TOLD_OF) -> Channel:
    """Return the one channel that somebody names. Raises `UnknownChannel` for none, and where several would do."""
    found = match_channels(text, states=states)
    if len(found) != 1:
        raise UnknownChannel(f"{len(found)} channels")
    return found[0]


def match_channels(text: str, *, states: Collection[ChannelState] = TOLD_OF) -> list[Channel]:
    """Return the channels that somebody may mean, by title: named by @name, by id, by title or by its beginning.

    The first of these ways that leads to any is theirs. A link does as well, be it to the channel or to a post. Upper
    and lower case are the same.
    """
    wanted = fold_title(text)
    candidates = list(Channel.objects.filter(state__in=list(states)).order_by("title", "channel_id"))
    links = (wanted.removeprefix(prefix) for prefix in LINK_PREFIXES if wanted.startswith(prefix))
    name = next(links, wanted).partition("/")[0]
    titles = [(channel, fold_title(channel.title)) for channel in candidates]
    tries = (
        [channel for channel in candidates if name and channel.username.casefold() == name],
        [channel for channel in candidates if channel.channel_id in _list_ids(wanted)],
        [channel for channel, title in titles if wanted and title == wanted],
        [channel for channel, title in titles if wanted and title.startswith(wanted)],
    )
    return next(filter(None, tries), [])


def fold_title(text: str) -> str:
    """Return a title as it is compared."""
    return " ".join(text.split()).casefold()


def list_read() -> list[Channel]:
    """Return the channels that are read, by title."""
    return list(Channel.objects.filter(state=ChannelState.ON).order_by("title", "channel_id"))


def list_untold(news: Sequence[ChannelNews], *, before: datetime, limit: int) -> list[Channel]:
    """Return channels of which the admins have yet to be told one of these, since `before` or longer."""
    untold = Channel.objects.filter(untold__in=list(news), updated_at__lte=before)
    return list(untold.order_by("updated_at", "pk")[:limit])


def mark_told(channel: Channel) -> None:
    """Note that the admins were told of a channel, unless something has become of it meanwhile."""
    if channel.untold:
        Channel.objects.filter(pk=channel.pk, updated_at=channel.updated_at).update(untold="")


def to_bot_api_id(number: int) -> str:
    """Return the id that bots know a channel by; exports and apps leave the prefix out."""
    return str(number if number < 0 else CHANNELS_BELOW - number)


def _create(seen: SeenChannel, added_at: datetime | None) -> Channel:
    is_in = added_at is not None
    try:
        channel = Channel.objects.create(
            channel_id=seen.channel_id,
            **_names_of(seen),
            time_zone=settings.TIME_ZONE,
            state=ChannelState.FOUND if is_in else ChannelState.OFF,
            added_at=added_at,
            untold=ChannelNews.FOUND if is_in else "",
        )
    except IntegrityError:  # an import and a post at once
        return get_channel(seen.channel_id)
    log.info("channel found", channel_id=seen.channel_id, state=channel.state)
    channel.refresh_from_db()  # moments as the database keeps them
    return channel


def _get_in(channel: Channel, at: datetime) -> None:
    is_undecided = channel.state == ChannelState.OFF and channel.switched_at is None
    if channel.state == ChannelState.LEFT:
        if channel.left_at is not None and at < channel.left_at:
            return
        state = ChannelState(channel.state_before or ChannelState.FOUND)
    elif is_undecided:
        state = ChannelState.FOUND
    else:
        return
    news = ChannelNews.FOUND if state is ChannelState.FOUND else ChannelNews.BACK
    if not _change(channel, state=state, added_at=at, state_before="", untold=news):
        _get_in(channel, at)


def _get_out(channel: Channel, at: datetime) -> None:
    if channel.added_at is not None and at < channel.added_at:
        return
    while channel.state != ChannelState.LEFT:  # an admin may be switching it meanwhile
        before = channel.state
        _change(channel, state=ChannelState.LEFT, left_at=at, state_before=before, untold=ChannelNews.LEFT)


def _switch(channel_id: str, state: ChannelState, *, by: str, expected: ChannelState | None) -> Switch:
    channel = get_channel(channel_id)
    if channel.state in (state, ChannelState.LEFT) or channel.state != (expected or channel.state):
        return Switch(channel, is_new=False)
    is_new = _change(
        channel,
        state=state,
        switched_by=by[:SWITCHER_MAX_CHARS],
        switched_at=timezone.now(),
        untold=ChannelNews.DECIDED,
    )
    return Switch(channel, is_new=is_new)


def _change(channel: Channel, **changes: Any) -> bool:
    """Write a change unless the channel's state is another by now; `channel` is up to date afterwards."""
    unchanged = Channel.objects.filter(pk=channel.pk, state=channel.state)
    is_ours = unchanged.update(**changes, updated_at=timezone.now())
    channel.refresh_from_db()
    if is_ours:
        log.info("channel changed", channel_id=channel.channel_id, state=channel.state)
    return bool(is_ours)


def _note_names(channel: Channel, seen: SeenChannel) -> None:
    names = _names_of(seen)
    if not names["title"] or names == {"title": channel.title, "username": channel.username}:
        return
    Channel.objects.filter(pk=channel.pk).update(**names)
    channel.title, channel.username = names["title"], names["username"]


def _names_of(seen: SeenChannel) -> dict[str, str]:
    return {"title": seen.title[:TITLE_MAX_CHARS], "username": seen.username[:USERNAME_MAX_CHARS]}


def _list_ids(wanted: str) -> set[str]:
    """Return the ids that a text may be; Unicode has more digits than Telegram uses."""
    number = wanted.removeprefix("-")
    if not (number.isascii() and number.isdecimal()):
        return set()
    return {wanted, to_bot_api_id(int(number))}
