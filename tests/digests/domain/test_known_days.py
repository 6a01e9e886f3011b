from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from digests.domain.known_days import KnownDays, find_known_days, find_latest_written, may_be_unread
from digests.enums import DigestStatus
from tests.factories.digests import DAY, MIDNIGHT, ChannelFactory, DigestFactory, store_posts

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 12, 1, tzinfo=UTC)  # four in the morning in Moscow, before digests are written
TODAY = date(2026, 3, 12)


@pytest.fixture(autouse=True)
def _house(settings: Any) -> None:
    settings.DIGEST_HOUR = 5


def test_days_are_known_from_the_first_post_or_digest_until_yesterday() -> None:
    channel = ChannelFactory.create()
    assert find_known_days(channel, now=NOW) == KnownDays(None, DAY, TODAY)
    assert DAY not in find_known_days(channel, now=NOW)

    store_posts(channel, "Мост открыт.")
    days = find_known_days(channel, now=NOW)
    known = [day for offset in range(-1, 4) if (day := DAY + timedelta(days=offset)) in days]
    assert (days.latest, known) == (DAY, [DAY, date(2026, 3, 11)])

    DigestFactory.create(channel_id=channel.channel_id, day="2026-03-01")
    DigestFactory.create(channel_id=channel.channel_id, day="2026-03-10", status=DigestStatus.EMPTY)
    assert find_known_days(channel, now=NOW).first == date(2026, 3, 1)
    assert find_latest_written(channel) == date(2026, 3, 1)


def test_a_day_before_the_bot_was_let_in_again_is_unread_unless_there_are_posts() -> None:
    channel = ChannelFactory.create(added_at=MIDNIGHT + timedelta(days=1))
    day_before = DAY - timedelta(days=1)
    store_posts(channel, "Мост открыт.")

    assert [may_be_unread(channel, day) for day in (day_before, DAY, DAY + timedelta(days=1))] == [
        True,
        False,
        False,
    ]
