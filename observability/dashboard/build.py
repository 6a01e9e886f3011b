"""The dashboard as the template shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from operator import add
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from observability.dashboard.drawing import HEIGHT, STEP_WIDTH, draw_bars, draw_line, find_top
from observability.dashboard.periods import (
    DAY_HOURS,
    HOUR,
    PERIODS,
    Bucket,
    Period,
    Row,
    find_period,
    share_out,
)
from observability.dashboard.series import PLOTS, Plot, Value
from observability.models import HourlyFigures

OVERDUE = timedelta(minutes=15)  # figures are computed every five
TIMES = ("hour", "computed_at")


@dataclass(frozen=True, slots=True)
class DrawnSeries:
    """`path` is what SVG draws, `shown` the sum or the latest value."""

    label: str
    path: str
    shown: str


@dataclass(frozen=True, slots=True)
class DrawnPlot:
    """`box` is the width and height that is stretched, `grid` the path of the lines at `top`, `middle` and nought."""

    key: str
    title: str
    description: str
    is_bars: bool
    series: list[DrawnSeries]
    top: str
    middle: str
    ticks: list[str]
    box: str
    grid: str


@dataclass(frozen=True, slots=True)
class TableRow:
    moment: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`computed_at` is None where nothing was computed. `overdue` says so if that is too long ago.

    `rows` are the figures in numbers, latest first.
    """

    period: Period
    periods: Sequence[Period]
    plots: list[DrawnPlot]
    rows: list[TableRow]
    computed_at: datetime | None
    overdue: str


def build_dashboard(key: str = "", *, now: datetime | None = None) -> Dashboard:
    """Read the figures of a period (`24h`, `7d` or `30d`, the first for any other key) and draw them."""
    now = now or timezone.now()
    period = find_period(key)
    rows = _read_rows(period, now=now)
    buckets = share_out(rows, period, now=now, zone=timezone.get_current_timezone())
    values = [[[series.read(bucket.rows) for bucket in buckets] for series in plot.series] for plot in PLOTS]
    computed_at = max((row["computed_at"] for row in rows), default=None)
    return Dashboard(
        period=period,
        periods=PERIODS,
        plots=[_draw(plot, found, period, buckets) for plot, found in zip(PLOTS, values, strict=True)],
        rows=_tabulate(values, period, buckets),
        computed_at=computed_at,
        overdue=_warn(computed_at) if computed_at and now - computed_at > OVERDUE else "",
    )


def _warn(computed_at: datetime) -> str:
    when = date_format(timezone.localtime(computed_at), "j E H:i")
    return _("Figures were last computed on %(when)s: do workers and beat run?") % {"when": when}


def _read_rows(period: Period, *, now: datetime) -> list[Row]:
    """Read a day more than the period has: its first step may begin at midnight.

    As documents: of a month's 744 Django would make values for twice as long as it takes to read them.
    """
    since = now - (period.steps * period.step_hours + DAY_HOURS) * HOUR
    with connection.wrap_database_errors:
        found = list(_collection().find({"hour": {"$gte": since}}, sort=[("hour", 1)]))
    return [{**row, **{name: _make_aware(row[name]) for name in TIMES}} for row in found]


def _make_aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _collection() -> Any:
    return connection.get_collection(HourlyFigures._meta.db_table)  # type: ignore[attr-defined]


def _draw(
    plot: Plot, values: Sequence[Sequence[Value]], period: Period, buckets: Sequence[Bucket]
) -> DrawnPlot:
    layers = [[value or 0.0 for value in one] for one in values]
    bases = list(
        accumulate(layers, lambda below, layer: list(map(add, below, layer)), initial=[0.0] * len(buckets))
    )
    highest = bases[-1] if plot.is_bars else [value for one in values for value in one]
    top = find_top(highest, is_whole=not plot.is_seconds)
    width = STEP_WIDTH * len(buckets)
    drawn = []
    for series, found, base in zip(plot.series, values, bases, strict=False):
        path = draw_bars(found, base=base, top=top) if plot.is_bars else draw_line(found, top=top)
        drawn.append(DrawnSeries(str(series.label), path, plot.write(_sum_up(plot, found))))
    return DrawnPlot(
        key=plot.key,
        title=str(plot.title),
        description=_describe(period, drawn),
        is_bars=plot.is_bars,
        series=drawn,
        top=plot.write_mark(top),
        middle=plot.write_mark(top / 2),
        ticks=[date_format(buckets[place].begins_at, period.tick) for place in _list_ticks(buckets)],
        box=f"{width:g} {HEIGHT:g}",
        grid="".join(f"M0 {height:g}h{width:g}" for height in (0, HEIGHT / 2, HEIGHT)),
    )


def _sum_up(plot: Plot, values: Sequence[Value]) -> Value:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return sum(known) if plot.is_bars else known[-1]


def _describe(period: Period, drawn: Sequence[DrawnSeries]) -> str:
    """Say in words what somebody who does not see the plot wants to know first."""
    told = ", ".join(f"{series.label}: {series.shown}" for series in drawn)
    return _("Last %(period)s. %(told)s.") % {"period": period.label, "told": told}


def _list_ticks(buckets: Sequence[Bucket]) -> list[int]:
    return [0, len(buckets) // 2, len(buckets) - 1]


def _tabulate(
    values: Sequence[Sequence[Sequence[Value]]], period: Period, buckets: Sequence[Bucket]
) -> list[TableRow]:
    return [
        TableRow(
            date_format(bucket.begins_at, period.moment),
            [
                plot.write(series[place])
                for plot, found in zip(PLOTS, values, strict=True)
                for series in found
            ],
        )
        for place, bucket in reversed(list(enumerate(buckets)))
        if bucket.rows
    ]
