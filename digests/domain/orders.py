"""What people order in words: a channel and a day («@zarechye вчера»), or a channel and an hour («Заречье 9»)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from django.conf import settings

from digests.domain.calendar import DAY, day_of
from digests.domain.channels import match_channels
from digests.errors import OrderUnreadable, UnknownChannel
from digests.models import Channel

T = TypeVar("T")

DAYS_AGO = {
    "завтра": -1,
    "tomorrow": -1,
    "сегодня": 0,
    "today": 0,
    "вчера": 1,
    "yesterday": 1,
    "позавчера": 2,
}
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
SHORT_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?\.?", re.ASCII)
HOUR = re.compile(r"(\d{1,2})(?:[:.]00)?", re.ASCII)
YEARS_BACK = range(9)  # of a date without its year: the 29th of February comes after eight at the latest


@dataclass(frozen=True, slots=True)
class DigestOrder:
    """`channel` is None where none is named, `day` None for the latest.

    `choice` are the channels that `name` fits, where these are several.
    """

    channel: Channel | None
    day: date | None = None
    choice: tuple[Channel, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class SubscriptionOrder:
    """`hour` may be any number of two digits, None where none is named."""

    channel: Channel
    hour: int | None = None


def read_digest_order(text: str, *, now: datetime) -> DigestOrder:
    """Read `[channel] [day]`, in the way that leaves no choice if there is one.

    Raises `UnknownChannel`, `OrderUnreadable`.
    """
    whole = match_channels(text)
    if len(whole) == 1:
        return DigestOrder(whole[0])
    name, word = _split_last(text)
    named = match_channels(name) if name else []
    day = read_day(word, today=day_of(now, zone=_find_zone(named)))
    if day and (len(named) == 1 or not name):
        return DigestOrder(named[0] if named else None, day)
    if whole:
        return DigestOrder(None, choice=tuple(whole), name=text)
    if not named:
        raise UnknownChannel("no such channel")
    if day is None:
        raise OrderUnreadable("no day")
    return DigestOrder(None, day, choice=tuple(named), name=name)


def read_subscription_order(text: str) -> SubscriptionOrder:
    """Read `channel [hour]`. Raises `UnknownChannel`, `OrderUnreadable`."""
    if channel := _find(text):  # «Радио 7» is a channel, not an hour
        return SubscriptionOrder(channel)
    name, word = _split_last(text)
    known, hour = _find(name), HOUR.fullmatch(word)
    if known is None:
        raise UnknownChannel("no such channel")
    if hour is None:
        raise OrderUnreadable("no hour")
    return SubscriptionOrder(known, int(hour[1]))


def read_day(word: str, *, today: date) -> date | None:
    """Return the day that a word means; one without its year is the latest, today included. None for no day."""
    word = word.casefold()
    if word in DAYS_AGO:
        return today - DAYS_AGO[word] * DAY
    if ISO_DATE.fullmatch(word):
        return _or_none(lambda: date.fromisoformat(word))
    found = SHORT_DATE.fullmatch(word)
    if found is None:
        return None
    day, month, year = int(found[1]), int(found[2]), found[3]
    if year:
        return _or_none(lambda: date(int(year), month, day))
    latest = (_or_none(lambda: date(today.year - back, month, day)) for back in YEARS_BACK)  # noqa: B023
    return next((found for found in latest if found and found <= today), None)


def _find(name: str) -> Channel | None:
    found = match_channels(name)
    return found[0] if len(found) == 1 else None


def _find_zone(named: Sequence[Channel]) -> str:
    """Return the time zone that these channels share, else the house's."""
    zones = {channel.time_zone for channel in named}
    return zones.pop() if len(zones) == 1 else str(settings.TIME_ZONE)


def _split_last(text: str) -> tuple[str, str]:
    """Return all words but the last, and the last."""
    *words, last = text.split() or [""]
    return " ".join(words), last


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ValueError:
        return None
