"""What people order in words: a channel and a day («@zarechye вчера»), or a channel and an hour («Заречье 9»)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from django.conf import settings

from digests.domain.calendar import DAY, day_of
from digests.domain.channels import find_channel
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
    """`channel` is None where none is named, `day` None for the latest."""

    channel: Channel | None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionOrder:
    """`hour` may be any number of two digits, None where none is named."""

    channel: Channel
    hour: int | None = None


def read_digest_order(text: str, *, now: datetime) -> DigestOrder:
    """Read `[channel] [day]`. Raises `UnknownChannel`, `OrderUnreadable`."""
    if channel := _find(text):
        return DigestOrder(channel)
    name, word = _split_last(text)
    known = _find(name) if name else None
    if name and known is None:
        raise UnknownChannel("no such channel")
    zone = known.time_zone if known else settings.TIME_ZONE
    day = read_day(word, today=day_of(now, zone=zone))
    if day is None:
        raise OrderUnreadable("no day") if known else UnknownChannel("no such channel")
    return DigestOrder(known, day)


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
    try:
        return find_channel(name)
    except UnknownChannel:
        return None


def _split_last(text: str) -> tuple[str, str]:
    """Return all words but the last, and the last."""
    *words, last = text.split() or [""]
    return " ".join(words), last


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ValueError:
        return None
