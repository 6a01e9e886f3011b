"""What beat has done: days that are due are written, then reviewed, by one worker at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from digests.domain.calendar import bounds_of, latest_closed_day
from digests.domain.writing import lease_key
from digests.enums import DigestStatus, ReviewStatus
from digests.models import Channel, ChannelPost, Digest, ReviewReport
from digests.tasks import write_lane
from leases import holding
from tests.factories.digests import ChannelFactory, store_posts
from tests.harness.configuration import forget_configuration
from tests.harness.days import find_quiet_zone

pytestmark = pytest.mark.django_db

NEWS = "В Заречье открыли мост через Лугу; он обошёлся в 1,2 млрд рублей и станет четвёртым в городе."


@pytest.fixture(autouse=True)
def _offline(settings: Any) -> Iterator[None]:
    """The rules without a model write and review; a day is over at its midnight."""
    settings.DIGEST_REVIEWER = "offline"
    settings.DIGEST_HOUR = 0
    settings.DIGEST_CONCURRENCY = 1
    forget_configuration()
    yield
    forget_configuration()


@pytest.fixture
def channel() -> Channel:
    """A channel that has been read since yesterday, and in which something was posted then."""
    made: Channel = ChannelFactory.create(time_zone=find_quiet_zone())
    start, _ = bounds_of(latest_closed_day(timezone.now(), zone=made.time_zone), zone=made.time_zone)
    Channel.objects.filter(pk=made.pk).update(switched_at=start)
    store_posts(made, NEWS, at=start)
    return made


def test_what_is_due_is_written_and_reviewed(channel: Channel) -> None:
    assert write_lane(0) == 2

    digest = Digest.objects.get(channel_id=channel.channel_id)
    assert NEWS[:20] in digest.summary
    assert len(digest.trace_id) == 32

    report = ReviewReport.objects.get(digest_id=digest.digest_id)
    assert (report.status, report.provider) == (ReviewStatus.REVIEWED, "offline")
    assert write_lane(0) == 0


@pytest.mark.usefixtures("channel")
def test_a_lane_that_another_worker_is_at_is_left_to_it() -> None:
    with holding("digests:0"):
        assert write_lane(0) == 0

    assert Digest.objects.count() == 0


def test_a_day_that_somebody_is_having_written_is_left_to_them(channel: Channel) -> None:
    with holding(lease_key(channel.channel_id, latest_closed_day(timezone.now(), zone=channel.time_zone))):
        write_lane(0)

    assert Digest.objects.count() == 0


def test_a_day_that_cannot_be_written_holds_up_no_other_and_is_put_off(channel: Channel) -> None:
    channel.refresh_from_db()
    settings_of = {"time_zone": channel.time_zone, "switched_at": channel.switched_at}
    broken = [ChannelFactory.create(**settings_of, channel_id=f"-100{number}") for number in (1, 9)]
    for one in broken:
        store_posts(one, NEWS, at=channel.switched_at)
    ChannelPost.objects.exclude(channel_id=channel.channel_id).update(text=None)  # no code of ours does so

    assert write_lane(0) == 4

    written = Digest.objects.get(status=DigestStatus.WRITTEN)
    assert written.channel_id == channel.channel_id
    assert [(one.fault, one.attempts) for one in Digest.objects.exclude(pk=written.pk)] == [
        ("crashed", 1)
    ] * 2
    assert write_lane(0) == 0


@pytest.mark.usefixtures("channel")
def test_a_reviewer_that_gave_no_answer_is_asked_again_after_a_pause() -> None:
    write_lane(0)
    reports = ReviewReport.objects.all()
    reports.update(status=ReviewStatus.FAILED, fault="unavailable")
    assert write_lane(0) == 0

    reports.update(created_at=timezone.now() - timedelta(minutes=31))
    assert write_lane(0) == 1
    assert reports.get().status == ReviewStatus.REVIEWED
