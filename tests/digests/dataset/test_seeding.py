from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import REGISTRY

from digests.dataset.backfill import synthetic_day_of
from digests.dataset.counting import count_twice, list_shortfalls, show_counts, write_counts
from digests.dataset.generator import CHANNELS
from digests.dataset.seeding import (
    SeedingTally,
    declare_channels,
    declare_dataset,
    forget_dataset,
    list_days,
    seed_channels,
)
from digests.domain.records import statements_from_json
from digests.enums import ChannelState, PostSource
from digests.errors import DatasetError
from digests.models import BenchmarkDataset, Channel, ChannelPost, Digest
from llm.errors import Unavailable
from llm.providers.offline import OfflineProvider
from tests.factories.digests import ChannelFactory, ReviewReportFactory
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

LAST_DAY = date(2026, 3, 10)
OFFLINE = chain_of(OfflineProvider())


def review(digest: Digest) -> None:
    ReviewReportFactory.create(channel_id=digest.channel_id, day=digest.day)


def seed(channels: list[Channel], *, days: int = 2) -> SeedingTally:
    dataset = declare_dataset(last_day=LAST_DAY, days=days, seed=7)
    reviewed: set[str] = set()

    def review_once(digest: Digest) -> None:
        if str(digest.digest_id) not in reviewed:
            reviewed.add(str(digest.digest_id))

    return seed_channels(channels, dataset, chain=OFFLINE, review=review_once)


def test_five_channels_get_a_digest_of_every_day(tmp_path: Path) -> None:
    dataset = declare_dataset(last_day=LAST_DAY, days=2, seed=7)

    progress = seed_channels(declare_channels(), dataset, chain=OFFLINE, review=review)

    assert (progress.total, progress.done, progress.made_up, progress.written) == (10, 10, 10, 10)
    assert progress.failed == {}
    counts = count_twice()
    assert [
        (count.key, count.digests, count.synthetic_digests, count.review_reports) for count in counts
    ] == [(profile.key, 2, 2, 2) for profile in CHANNELS]
    assert list_shortfalls(counts, fewest=2) == []
    assert list_shortfalls(counts) == [profile.key for profile in CHANNELS]
    told = json.loads(write_counts(counts, tmp_path).read_text())
    assert [channel["digests"] for channel in told["channels"]] == [2] * 5
    assert (told["seed"], told["first_day"], told["last_day"]) == (7, "2026-03-09", "2026-03-10")
    show_counts()
    assert REGISTRY.get_sample_value("benchmark_digest_records_total", {"channel": CHANNELS[0].key}) == 2


def test_what_was_interrupted_goes_on_and_a_second_time_changes_nothing() -> None:
    channels = declare_channels()[:1]
    seed(channels)
    lost = Digest.objects.order_by("day").last()
    assert lost is not None
    ChannelPost.objects.filter(channel_id=lost.channel_id).order_by("-message_id")[0].delete()
    posts = ChannelPost.objects.count()
    lost.delete()

    again = seed(channels)

    assert (again.written, ChannelPost.objects.count()) == (1, posts + 1)
    before = list(Digest.objects.order_by("day").values_list("digest_id", "summary", "created_at"))
    assert seed(channels).written == 0
    assert list(Digest.objects.order_by("day").values_list("digest_id", "summary", "created_at")) == before


def test_nobody_reads_a_synthetic_channel() -> None:
    declare_channels()

    assert set(Channel.objects.values_list("state", flat=True)) == {ChannelState.OFF}


def test_a_real_channel_is_taken_as_it_is_and_its_gaps_are_filled() -> None:
    real = ChannelFactory.create(time_zone="Europe/Moscow")
    noon = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Europe/Moscow"))
    news = "В Заречье открыли мост через Лугу за 1,2 млрд рублей, движение начнётся утром."
    ChannelPost.objects.create(channel_id=real.channel_id, message_id=5, posted_at=noon, text=news)
    channels = declare_channels([real.channel_id])[:1]

    progress = seed(channels)

    assert (progress.made_up, progress.written) == (1, 2)
    made_up, own = Digest.objects.filter(channel_id=real.channel_id).order_by("day")
    assert (made_up.is_synthetic, own.is_synthetic) == (True, False)
    assert [found.post_ids for found in statements_from_json(own.statements)] == [(5,)]
    numbers = ChannelPost.objects.filter(source=PostSource.SYNTHETIC).values_list("message_id", flat=True)
    assert max(numbers) < 0
    expected = synthetic_day_of(channels[0], LAST_DAY - timedelta(days=1), seed=7)
    assert sorted(numbers) == sorted(post.message_id for post in expected.posts)

    forget_dataset()
    assert [post.message_id for post in ChannelPost.objects.all()] == [5]
    assert [digest.day for digest in Digest.objects.all()] == ["2026-03-10"]
    assert Channel.objects.get().key == ""


def test_another_dataset_is_not_mixed_in() -> None:
    declare_dataset(last_day=LAST_DAY, days=2, seed=7)

    with pytest.raises(DatasetError, match="seed 7, not 8"):
        declare_dataset(last_day=LAST_DAY, days=2, seed=8)
    forget_dataset()
    assert declare_dataset(last_day=LAST_DAY, days=3, seed=8).seed == 8
    assert len(list_days(BenchmarkDataset.objects.get())) == 3


def test_a_day_that_fails_is_named_and_the_others_go_on() -> None:
    dataset = declare_dataset(last_day=LAST_DAY, days=2, seed=7)
    chain = chain_of(ScriptedProvider(Unavailable("down", provider="scripted"), "- Открыт мост. [1]"))

    progress = seed_channels(declare_channels()[:1], dataset, chain=chain, review=review)

    assert progress.failed == {"city 2026-03-09": "unavailable"}
    assert progress.written == 1


def test_without_a_dataset_there_is_nothing_to_count() -> None:
    with pytest.raises(DatasetError, match="no dataset yet"):
        count_twice()
    show_counts()
