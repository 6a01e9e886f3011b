"""Channels, their posts and their subscribers as the database keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import cache
from typing import Any

from digests.dataset.generator import CHANNELS, generate_day

POSTS = 50
FIRST_CHANNEL = -1_007_000_000_000


def build_channel(channel_id: str) -> dict[str, Any]:
    """Return the record of a channel that is read since yesterday, so that no other day is due."""
    noon = datetime.combine(_yesterday(), time_of_day(12), UTC)
    return {
        "channel_id": channel_id,
        "title": f"Канал {channel_id}",
        "username": "",
        "time_zone": "UTC",
        "state": "on",
        "switched_at": noon,
        "switched_by": "benchmark",
        "added_at": None,
        "left_at": None,
        "state_before": "",
        "untold": "",
        "key": "",
        "created_at": noon,
        "updated_at": noon,
    }


def build_posts(channel_id: str, kind: int) -> Iterator[dict[str, Any]]:
    midnight = datetime.combine(_yesterday(), time_of_day(), UTC)
    for number, text in enumerate(texts_of(kind), start=1):
        yield build_post(channel_id, number, text, posted_at=midnight + timedelta(minutes=20 * number))


def build_post(channel_id: str, number: int, text: str, *, posted_at: datetime) -> dict[str, Any]:
    return {
        "channel_id": channel_id,
        "message_id": number,
        "posted_at": posted_at,
        "edited_at": None,
        "text": text,
        "author": "",
        "forwarded_from": "",
        "media_group_id": "",
        "has_media": False,
        "source": "telegram",
    }


def build_subscription(chat_id: int, channel_id: str) -> dict[str, Any]:
    return {
        "user_id": str(chat_id),
        "channel_id": channel_id,
        "hour": 0,
        "time_zone": "UTC",
        "delivered_day": "",
        "created_at": datetime.now(UTC),
    }


@cache
def texts_of(kind: int) -> tuple[str, ...]:
    """Return 50 posts of one of the generator's channels, from as many days as that takes."""
    profile = CHANNELS[kind % len(CHANNELS)]
    texts: list[str] = []
    day = date(2024, 1, 1)
    while len(texts) < POSTS:
        texts += [post.text for post in generate_day(profile, day, seed=kind).posts]
        day += timedelta(days=1)
    return tuple(texts[:POSTS])


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)
