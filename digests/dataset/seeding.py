"""The benchmark's dataset: five channels, so many days each, a digest and a review of every day.

A day that has posts is taken as it is; one that has none is made up by a seed. Whatever was interrupted goes on where
it stopped: every step finds what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import structlog
from django.db import IntegrityError

import tracing
from digests.dataset.backfill import is_own_channel, store_day, synthetic_day_of
from digests.dataset.generator import CHANNELS, GENERATOR_VERSION, ChannelProfile, channel_profile
from digests.domain.calendar import DAY, bounds_of
from digests.domain.writing import write_digest
from digests.enums import ChannelState, DigestStatus, PostSource
from digests.errors import DatasetError
from digests.models import BenchmarkDataset, Channel, ChannelPost, Digest, ReviewReport
from llm.chain import Chain

log = structlog.get_logger(__name__)

DATASET = "channel_digest_ru"
DEFAULT_DAYS = 30

Review = Callable[[Digest], object]


@dataclass(slots=True)
class SeedingTally:
    """How far it is, in days of channels; `made_up` counts those without posts of their own."""

    total: int
    done: int = 0
    made_up: int = 0
    written: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def find_dataset() -> BenchmarkDataset:
    """Return what the dataset was made by. Raises `DatasetError` if there is none."""
    dataset = BenchmarkDataset.objects.filter(name=DATASET).first()
    if dataset is None:
        raise DatasetError("there is no dataset yet: run manage.py seed_benchmark")
    return dataset


def declare_dataset(*, last_day: date, days: int, seed: int) -> BenchmarkDataset:
    """Return the dataset of these days and this seed, new or the one that is there.

    Raises `DatasetError` if another one is: its digests would be of other posts.
    """
    wanted = {
        "seed": seed,
        "generator_version": GENERATOR_VERSION,
        "first_day": (last_day - (days - 1) * DAY).isoformat(),
        "last_day": last_day.isoformat(),
    }
    try:
        return BenchmarkDataset.objects.create(name=DATASET, **wanted)
    except IntegrityError:
        dataset = find_dataset()
    differing = [name for name, value in wanted.items() if getattr(dataset, name) != value]
    if differing:
        told = ", ".join(f"{name} {getattr(dataset, name)}, not {wanted[name]}" for name in differing)
        raise DatasetError(f"there is a dataset already, with {told}; --replace deletes it")
    return dataset


def declare_channels(real_channel_ids: Sequence[str] = ()) -> list[Channel]:
    """Return the five channels; real ones take the places of the first. Raises `DatasetError` for an unknown one."""
    if len(real_channel_ids) > len(CHANNELS):
        raise DatasetError(f"{len(real_channel_ids)} channels; the dataset has {len(CHANNELS)}")
    places = [*real_channel_ids, *[""] * (len(CHANNELS) - len(real_channel_ids))]
    return [_declare_channel(profile, real) for profile, real in zip(CHANNELS, places, strict=True)]


def seed_channels(
    channels: Sequence[Channel],
    dataset: BenchmarkDataset,
    *,
    chain: Chain,
    review: Review,
    watch: Callable[[SeedingTally], None] = lambda tally: None,
) -> SeedingTally:
    """Fill every day of every channel. A day whose digest cannot be written is named in `failed`; the others go on.

    `review` is given each written digest and does nothing for one that is reviewed. Raises `django.db.DatabaseError`.
    """
    days = list_days(dataset)
    tally = SeedingTally(total=len(channels) * len(days))
    with tracing.span("seed benchmark", seed=dataset.seed):
        for channel in channels:
            for day in days:
                _seed_day(channel, day, tally, seed=dataset.seed, chain=chain, review=review)
                tally.done += 1
                watch(tally)
    return tally


def forget_dataset() -> None:
    """Delete the dataset: synthetic channels altogether, of real ones what was made up."""
    for channel in list_channels():
        is_own = is_own_channel(channel, channel_profile(channel.key))
        ours = {"channel_id": channel.channel_id} | ({} if is_own else {"is_synthetic": True})
        ReviewReport.objects.filter(**ours).delete()
        Digest.objects.filter(**ours).delete()
        ChannelPost.objects.filter(channel_id=channel.channel_id, source=PostSource.SYNTHETIC).delete()
        if is_own:
            channel.delete()
        else:
            Channel.objects.filter(pk=channel.pk).update(key="")
    BenchmarkDataset.objects.filter(name=DATASET).delete()


def list_days(dataset: BenchmarkDataset) -> list[date]:
    first, last = date.fromisoformat(dataset.first_day), date.fromisoformat(dataset.last_day)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def list_channels() -> Iterator[Channel]:
    """Yield the dataset's channels in the order of their keys."""
    by_key = {channel.key: channel for channel in Channel.objects.exclude(key="")}
    yield from (by_key[profile.key] for profile in CHANNELS if profile.key in by_key)


def _declare_channel(profile: ChannelProfile, real_channel_id: str) -> Channel:
    holder = Channel.objects.filter(key=profile.key).first()
    wanted_id = real_channel_id or str(profile.channel_id)
    if holder is not None:
        if holder.channel_id != wanted_id:
            told = f"{profile.key} is the channel {holder.channel_id} already"
            raise DatasetError(f"{told}; --replace deletes the dataset")
        return holder
    if real_channel_id:
        if not Channel.objects.filter(channel_id=real_channel_id).update(key=profile.key):
            raise DatasetError(f"there is no channel {real_channel_id}")
        return Channel.objects.get(channel_id=real_channel_id)
    return Channel.objects.create(
        channel_id=wanted_id,
        title=profile.title,
        username=profile.username,
        time_zone=profile.time_zone,
        state=ChannelState.OFF,  # nobody reads it, and nobody subscribes to it
        key=profile.key,
    )


def _seed_day(
    channel: Channel, day: date, tally: SeedingTally, *, seed: int, chain: Chain, review: Review
) -> None:
    if not _has_posts(channel, day):
        store_day(channel, synthetic_day_of(channel, day, seed=seed))
        tally.made_up += 1
    is_there = Digest.objects.filter(
        channel_id=channel.channel_id, day=day.isoformat(), status=DigestStatus.WRITTEN
    ).exists()
    digest = write_digest(channel, day, chain=chain)
    if digest.status != DigestStatus.WRITTEN:
        tally.failed[f"{channel.key} {digest.day}"] = digest.fault or digest.status
        return
    tally.written += not is_there
    review(digest)


def _has_posts(channel: Channel, day: date) -> bool:
    """Tell whether a day has posts of its own; a made-up day is stored anew, in case only a part of it is there."""
    start, end = bounds_of(day, zone=channel.time_zone)
    stored = ChannelPost.objects.filter(
        channel_id=channel.channel_id, posted_at__gte=start, posted_at__lt=end
    )
    return any(source != PostSource.SYNTHETIC for source in stored.values_list("source", flat=True))
