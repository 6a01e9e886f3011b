"""How much there is of the dataset, counted twice: for `channel_counts.json` and for the metrics."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from digests import metrics
from digests.code_version import code_version
from digests.dataset.seeding import DATASET, find_dataset, list_channels
from digests.domain.calendar import bounds_of
from digests.enums import DigestStatus, PostSource
from digests.errors import DatasetError
from digests.models import BenchmarkDataset, Channel, ChannelPost, Digest, ReviewReport

COUNTS_FILE = "channel_counts.json"
FORMAT = "channel_counts.v1"
FEWEST_DIGESTS = 30  # of each channel, SPEC D-02


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCount:
    """Of one channel, within the dataset's days."""

    key: str
    channel_id: str
    title: str
    digests: int
    synthetic_digests: int
    posts: int
    synthetic_posts: int
    review_reports: int


def count_twice() -> list[ChannelCount]:
    """Count the dataset, and again. Raises `DatasetError` if the counts differ: somebody is at it."""
    first, second = count_channels(), count_channels()
    if first != second:
        raise DatasetError("two counts in a row differ: the dataset is being changed")
    return first


def count_channels() -> list[ChannelCount]:
    """Count each channel of the dataset. Raises `DatasetError` if there is no dataset."""
    dataset = find_dataset()
    return [
        ChannelCount(
            key=channel.key,
            channel_id=channel.channel_id,
            title=channel.title,
            **_count(channel, dataset),
        )
        for channel in list_channels()
    ]


def list_shortfalls(counts: list[ChannelCount], *, fewest: int = FEWEST_DIGESTS) -> list[str]:
    """Return the keys of channels with fewer digests, or fewer reviews than digests."""
    return [count.key for count in counts if count.digests < fewest or count.review_reports < count.digests]


def write_counts(counts: list[ChannelCount], directory: Path) -> Path:
    """Write `channel_counts.json`: the same bytes for the same dataset and code."""
    dataset = find_dataset()
    document = {
        "format": FORMAT,
        "dataset": dataset.name,
        "seed": dataset.seed,
        "generator_version": dataset.generator_version,
        "first_day": dataset.first_day,
        "last_day": dataset.last_day,
        "code_version": code_version(),
        "channels": [asdict(count) for count in counts],
    }
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / COUNTS_FILE
    path.write_text(
        json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    return path


def show_counts() -> None:
    """Have the metrics of this process tell of the dataset as it is now, if there is one."""
    dataset = BenchmarkDataset.objects.filter(name=DATASET).first()
    if dataset is None:
        return
    for channel in list_channels():
        metrics.BENCHMARK_RECORDS.labels(channel.key).set(_digests_of(channel, dataset).count())


def _count(channel: Channel, dataset: BenchmarkDataset) -> dict[str, Any]:
    digests = _digests_of(channel, dataset)
    start, _ = bounds_of(date.fromisoformat(dataset.first_day), zone=channel.time_zone)
    _, end = bounds_of(date.fromisoformat(dataset.last_day), zone=channel.time_zone)
    posts = ChannelPost.objects.filter(channel_id=channel.channel_id, posted_at__gte=start, posted_at__lt=end)
    reports = ReviewReport.objects.filter(channel_id=channel.channel_id, **_days_of(dataset))
    return {
        "digests": digests.count(),
        "synthetic_digests": digests.filter(is_synthetic=True).count(),
        "posts": posts.count(),
        "synthetic_posts": posts.filter(source=PostSource.SYNTHETIC).count(),
        "review_reports": reports.count(),
    }


def _digests_of(channel: Channel, dataset: BenchmarkDataset) -> QuerySet[Digest]:
    return Digest.objects.filter(
        channel_id=channel.channel_id, status=DigestStatus.WRITTEN, **_days_of(dataset)
    )


def _days_of(dataset: BenchmarkDataset) -> dict[str, str]:
    return {"day__gte": dataset.first_day, "day__lte": dataset.last_day}
