"""Channels and their posts, stored or as values."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import factory
from factory.django import DjangoModelFactory

from digests.domain.day import DayPosts, Post, Statement
from digests.domain.identity import identify_digest, identify_report
from digests.domain.records import posts_as_json, statements_as_json
from digests.enums import ChannelState, DigestStatus, ReviewStatus
from digests.models import Channel, ChannelPost, Digest, ReviewReport

DAY = date(2026, 3, 10)
MIDNIGHT = datetime(2026, 3, 9, 21, tzinfo=UTC)  # of DAY in Moscow

_numbers = count(1)


class ChannelFactory(DjangoModelFactory[Channel]):
    """A channel that is read, of Moscow's time, since before `DAY`."""

    class Meta:
        model = Channel

    channel_id = factory.Sequence(lambda number: f"-1003{number:09}")  # never one that a test names
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


class DigestFactory(DjangoModelFactory[Digest]):
    """A written digest of one statement."""

    class Meta:
        model = Digest

    channel_id = "-1002000000001"
    day = DAY.isoformat()
    digest_id = factory.LazyAttribute(
        lambda made: identify_digest(made.channel_id, date.fromisoformat(made.day))
    )
    status = DigestStatus.WRITTEN
    summary = "• Открыт мост. [00:01](https://t.me/zarechye/1)"
    statements = statements_as_json([Statement("Открыт мост.", (1,))])
    raw_posts = factory.LazyFunction(lambda: posts_as_json(make_day("В Заречье открыли мост.").posts))
    post_count = 1
    part_count = 1
    provider = "scripted"
    model = "scripted"
    prompt_hash = "0" * 64
    feature_flags = json.dumps(
        {"folds_repeats": True, "marks_ads": True, "cites_posts": True, "is_merged": False}
    )
    latency_s = 0.5
    first_token_s = 0.25


class ReviewReportFactory(DjangoModelFactory[ReviewReport]):
    """A verdict that found nothing amiss."""

    class Meta:
        model = ReviewReport

    channel_id = "-1002000000001"
    day = DAY.isoformat()
    digest_id = factory.LazyAttribute(
        lambda made: identify_digest(made.channel_id, date.fromisoformat(made.day))
    )
    report_id = factory.LazyAttribute(
        lambda made: identify_report(made.digest_id, provider=made.provider, model=made.model)
    )
    status = ReviewStatus.REVIEWED
    coverage, faithfulness, language = 0.75, 1.0, 1.0
    remarks = json.dumps({"missed": ["Театр"], "unsupported": [], "remarks": []}, ensure_ascii=False)
    checks = json.dumps({"version": 1, "has_passed": True, "statements": 1, "findings": []})
    has_passed = True
    provider = "scripted"
    model = "scripted"
    prompt_hash = "0" * 64
