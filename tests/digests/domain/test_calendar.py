from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from digests.domain.calendar import bounds_of, day_of, latest_closed_day, read_zone


def test_a_day_begins_at_its_own_midnight() -> None:
    start, end = bounds_of(date(2026, 3, 10), zone="Asia/Vladivostok")

    assert start == datetime(2026, 3, 9, 14, tzinfo=UTC)
    assert end - start == timedelta(days=1)
    assert day_of(start, zone="Asia/Vladivostok") == date(2026, 3, 10)
    assert day_of(start - timedelta(microseconds=1), zone="Asia/Vladivostok") == date(2026, 3, 9)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_where_clocks_change_a_day_is_an_hour_shorter_or_longer(day: date, hours: int) -> None:
    start, end = bounds_of(day, zone="Europe/Berlin")

    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("hour_utc", "expected"), [(1, date(2026, 3, 8)), (2, date(2026, 3, 9)), (20, date(2026, 3, 9))]
)
def test_a_day_is_closed_at_the_hour_after_it(hour_utc: int, expected: date) -> None:
    now = datetime(2026, 3, 10, hour_utc, tzinfo=UTC)

    assert latest_closed_day(now, zone="Europe/Moscow", hour=5) == expected


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc", "Europe"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        read_zone(name)
