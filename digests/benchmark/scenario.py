"""The scenario `channel_digest_ru`: days of the dataset's channels, as models are asked for digests of them."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from digests.benchmark.gold import Gold, gold_of
from digests.dataset.generator import GENERATOR_VERSION
from digests.dataset.seeding import DATASET, find_dataset, list_channels, list_days
from digests.domain.day import DayPosts
from digests.domain.posts import mark_posts
from digests.domain.records import describe_post, posts_from_json
from digests.errors import DatasetError
from digests.models import BenchmarkDataset, Channel, Digest

SCENARIO = DATASET
MOST_NAMED = 5  # missing days that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of the dataset: its first `channels`, of them the last `days`, of those `samples` drawn by the seed.

    None: all of them. `seed` is the one that the dataset is expected to be of.
    """

    channels: int | None = None
    days: int | None = None
    samples: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkSample:
    """A day of a channel. `seen` is what a model is shown, `gold` what its digest is scored against."""

    channel: str
    day: str
    zone: str
    seen: DayPosts
    gold: Gold

    @property
    def posts_hash(self) -> str:
        """The SHA-256 of the posts as the model sees them."""
        posts = json.dumps([describe_post(post) for post in self.seen.posts], ensure_ascii=False)
        return hashlib.sha256(posts.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Scenario:
    seed: int
    generator_version: int
    samples: tuple[BenchmarkSample, ...]


def read_scenario(selection: Selection) -> Scenario:
    """Read what a run is about, by channel and day; days on which nothing was posted but ads are left out.

    Raises `DatasetError` if there is no dataset, not all of it, another one than expected, or nothing is selected.
    """
    dataset = find_dataset()
    _ensure_expected(dataset, selection)
    channels = list(list_channels())[: selection.channels]
    days = list_days(dataset)[-(selection.days or 0) :]
    found = [sample for channel in channels for sample in _read_channel(channel, days, seed=dataset.seed)]
    chosen = _draw(found, selection.samples, seed=dataset.seed)
    if not chosen:
        raise DatasetError("the dataset has no day with posts among those selected")
    return Scenario(dataset.seed, dataset.generator_version, tuple(chosen))


def _ensure_expected(dataset: BenchmarkDataset, selection: Selection) -> None:
    if selection.seed is not None and selection.seed != dataset.seed:
        raise DatasetError(f"the dataset is of seed {dataset.seed}, not {selection.seed}")
    if dataset.generator_version != GENERATOR_VERSION:
        told = f"version {dataset.generator_version} of the generator made the dataset, and this is {GENERATOR_VERSION}"
        raise DatasetError(f"{told}: run manage.py seed_benchmark --replace")


def _read_channel(channel: Channel, days: Sequence[date], *, seed: int) -> Iterator[BenchmarkSample]:
    """Yield a channel's days by the posts that their digests keep: those of `channel_posts` expire."""
    wanted = [day.isoformat() for day in days]
    digests = {
        found.day: found for found in Digest.objects.filter(channel_id=channel.channel_id, day__in=wanted)
    }
    _ensure_complete(channel, [day for day in wanted if day not in digests])
    for day in days:
        digest = digests[day.isoformat()]
        seen = DayPosts(channel.channel_id, day, mark_posts(list(posts_from_json(digest.raw_posts))))
        if seen.originals:
            gold = gold_of(channel, seen, seed=seed, is_synthetic=digest.is_synthetic)
            yield BenchmarkSample(
                channel=channel.key, day=digest.day, zone=channel.time_zone, seen=seen, gold=gold
            )


def _ensure_complete(channel: Channel, missing: Sequence[str]) -> None:
    if missing:
        named = ", ".join(missing[:MOST_NAMED]) + (" …" if len(missing) > MOST_NAMED else "")
        raise DatasetError(
            f"{len(missing)} days of {channel.key} are not there ({named}): run manage.py seed_benchmark again"
        )


def _draw(found: Sequence[BenchmarkSample], count: int | None, *, seed: int) -> Iterable[BenchmarkSample]:
    if count is None or count >= len(found):
        return found
    drawn = set(random.Random(seed).sample(range(len(found)), count))  # noqa: S311  # no secret
    return [sample for place, sample in enumerate(found) if place in drawn]
