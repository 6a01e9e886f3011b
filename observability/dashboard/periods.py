"""Spans of time that the dashboard shows, and the steps in which it shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HOUR = timedelta(hours=1)
DAY_HOURS = 24

Row = dict[str, Any]  # the values of one `HourlyFigures`


@dataclass(frozen=True, slots=True)
class Period:
    """`steps` parts of `step_hours` each, the last of them under way. `step_hours` divides a day.

    `tick` and `moment` are date formats of Django's: for the axis, and for a row of the table.
    """

    key: str
    label: Promise
    steps: int
    step_hours: int
    tick: str
    moment: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step: when it begins, in the zone it is shown in, and the hours within it of which there are figures."""

    begins_at: datetime
    rows: list[Row]


PERIODS = (
    Period("24h", _("24 hours"), 24, 1, "H:i", "j E H:i"),
    Period("7d", _("7 days"), 28, 6, "j E", "j E H:i"),
    Period("30d", _("30 days"), 30, DAY_HOURS, "j E", "j E"),
)


def find_period(key: str) -> Period:
    """Return the period of that key, the shortest for any other."""
    return next((period for period in PERIODS if period.key == key), PERIODS[0])


def list_steps(period: Period, *, now: datetime, zone: tzinfo) -> list[datetime]:
    """Return when the period's steps begin, oldest first.

    Steps of several hours begin at the same times of every day, so one is shorter or longer when clocks change.
    """
    if period.step_hours == 1:
        current = _floor(now, 1, zone)
        return [(current - back * HOUR).astimezone(zone) for back in range(period.steps - 1, -1, -1)]
    on_the_wall = _floor_wall(now.astimezone(zone).replace(tzinfo=None), period.step_hours)
    begins: list[datetime] = []
    while len(begins) < period.steps:
        step = on_the_wall.replace(tzinfo=zone).astimezone(UTC)
        if not begins or step < begins[-1]:  # not of a day that the zone left out, as Samoa 30 December 2011
            begins.append(step)
        on_the_wall -= period.step_hours * HOUR
    return [step.astimezone(zone) for step in reversed(begins)]


def share_out(rows: Iterable[Row], period: Period, *, now: datetime, zone: tzinfo) -> list[Bucket]:
    """Put each hour's figures into the step that the hour begins in; hours outside the period are left out."""
    buckets = {step.astimezone(UTC): Bucket(step, []) for step in list_steps(period, now=now, zone=zone)}
    for row in rows:
        bucket = buckets.get(_floor(row["hour"], period.step_hours, zone))
        if bucket is not None:
            bucket.rows.append(row)
    return list(buckets.values())


def _floor(at: datetime, step_hours: int, zone: tzinfo) -> datetime:
    if step_hours == 1:  # figures are by the hour of UTC, which begins at half past in some zones
        return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    on_the_wall = at.astimezone(zone).replace(tzinfo=None, fold=0)
    return _floor_wall(on_the_wall, step_hours).replace(tzinfo=zone).astimezone(UTC)


def _floor_wall(on_the_wall: datetime, step_hours: int) -> datetime:
    hour = on_the_wall.hour // step_hours * step_hours
    return on_the_wall.replace(hour=hour, minute=0, second=0, microsecond=0)
