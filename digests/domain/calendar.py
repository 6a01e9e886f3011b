"""Days of a time zone: where they begin, and which of them are over."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = timedelta(days=1)


@cache
def read_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name. Raises `ValueError` for one that is not known here."""
    try:
        return ZoneInfo(name)
    except (
        ZoneInfoNotFoundError,
        OSError,
        ValueError,
    ) as error:  # a folder's name, or none at all, is no zone either
        raise ValueError(f"unknown time zone {name!r}") from error


def day_of(moment: datetime, *, zone: str) -> date:
    """Return the day that a moment belongs to in a time zone."""
    return moment.astimezone(read_zone(zone)).date()


def bounds_of(day: date, *, zone: str) -> tuple[datetime, datetime]:
    """Return the first moment of a day and that of the next, in UTC; 23 or 25 hours apart where clocks change."""
    return _begin(day, zone), _begin(day + DAY, zone)


def latest_closed_day(now: datetime, *, zone: str, hour: int = 0) -> date:
    """Return the latest day that is over by `hour` of the next one."""
    local = now.astimezone(read_zone(zone))
    return local.date() - (DAY if local.hour >= hour else 2 * DAY)


def _begin(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), read_zone(zone)).astimezone(UTC)
