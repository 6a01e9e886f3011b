"""Channels and their posts, stored or as values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import factory

from digests.domain.day import DayPosts, Post
from digests.enums import ChannelState
from digests.models import Channel, ChannelPost

DAY = date(2026, 3, 10)
MIDNIGHT = datetime(2026, 3, 9, 21, tzinfo=UTC)  # of DAY in Moscow

_numbers = count(1)


class ChannelFactory(factory.django.DjangoModelFactory[Channel]):
    """A channel that is read, of Moscow's time, since before `DAY`."""

    class Meta:
        model = Channel

    channel_id = factory.Sequence(lambda number: f"-1002{number:09}")
    title = factory.Sequence(lambda number: f"Канал {number}")
    username = factory.Sequence(lambda number: f"channel_{number}")
    time_zone = "Europe/Moscow"
    state = ChannelState.ON
    switched_at = MIDNIGHT - timedelta(days=30)


def make_post(text: str, *, number: int = 0, at: datetime | None = None, **fields: Any) -> Post:
    """Return a post of `DAY`, a minute later than the one of the number before."""
    number = number or next(_numbers)
    return Post(message_id=number, posted_at=at or MIDNIGHT + timedelta(minutes=number), text=text, **fields)


def make_day(*texts: str) -> DayPosts:
    """Return a day whose posts are numbered from 1."""
    posts = tuple(make_post(text, number=number) for number, text in enumerate(texts, start=1))
    return DayPosts("-1002000000000", DAY, posts)


def store_posts(channel: Channel, *texts: str, first: int = 1, at: datetime = MIDNIGHT) -> list[ChannelPost]:
    """Store posts a minute apart, numbered from `first`."""
    return [
        ChannelPost.objects.create(
            channel_id=channel.channel_id,
            message_id=first + place,
            posted_at=at + timedelta(minutes=place),
            text=text,
        )
        for place, text in enumerate(texts)
    ]
