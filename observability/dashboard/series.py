"""What the dashboard plots: which figures, and how those of several hours become one value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from observability.dashboard.periods import Row

MS_PER_S = 1_000
P50, P95 = 0, 1  # places in `latencies_ms` and `first_tokens_ms`
SUMMARISED = ("ok", "extractive")
FAILED = ("rejected", "unavailable", "crashed")

Value = float | None
Read = Callable[[Sequence[Row]], Value]


@dataclass(frozen=True, slots=True)
class Series:
    """One curve, or one layer of the bars. `read` takes the hours of a step; None where there is nothing to show."""

    label: Promise
    read: Read


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves, or bars in layers. Beside a series' name stands its sum for bars, its latest value for curves."""

    key: str
    title: Promise
    series: tuple[Series, ...]
    is_bars: bool = True
    is_seconds: bool = False

    def write(self, value: Value) -> str:
        """Write a value with its unit, a dash for none."""
        if value is None:
            return "—"
        if self.is_seconds:
            return gettext("%(seconds)s s") % {"seconds": number_format(value, _find_decimals(value))}
        return number_format(round(value), force_grouping=True)

    def write_mark(self, value: float) -> str:
        """Write a value beside the axis: a round one, with as many digits as it has; nothing for a part of a thing."""
        if self.is_seconds:
            return gettext("%(seconds)s s") % {"seconds": number_format(f"{value:g}")}
        return number_format(int(value), force_grouping=True) if value.is_integer() else ""


def total(field: str) -> Read:
    return lambda rows: sum(row[field] for row in rows) if rows else None


def total_of(field: str, keys: Sequence[str]) -> Read:
    """Sum up some entries of a field that counts by key, which hours computed before an upgrade may lack."""
    return lambda rows: sum(row.get(field, {}).get(key, 0) for row in rows for key in keys) if rows else None


def latest(field: str) -> Read:
    return lambda rows: next((row[field] for row in reversed(rows) if row[field] is not None), None)


def typical(field: str, *, weight: str) -> Read:
    """Return the median of the hours' medians in seconds, an hour counting as often as it had messages."""

    def read(rows: Sequence[Row]) -> Value:
        measured = sorted((row[field][P50], row[weight]) for row in rows if row[field])
        half = sum(count for _, count in measured) / 2
        for value, count in measured:
            half -= count
            if half <= 0:
                return float(value) / MS_PER_S
        return None

    return read


def worst(field: str) -> Read:
    """Return the p95 of the worst hour, in seconds: of percentiles there is no sum."""
    return lambda rows: max((row[field][P95] / MS_PER_S for row in rows if row[field]), default=None)


def _find_decimals(seconds: float) -> int:
    tenths_from = 10
    return 2 if seconds < tenths_from else 1


PLOTS = (
    Plot("messages", _("Messages"), (Series(_("received"), total("messages")),)),
    Plot(
        "errors",
        _("Errors"),
        (
            Series(_("messages given up"), total("errors")),
            Series(_("calls of models failed"), total("failed_exchanges")),
        ),
    ),
    Plot(
        "latency",
        _("Time to the answer"),
        (
            Series(_("median"), typical("latencies_ms", weight="messages")),
            Series(_("95th percentile"), worst("latencies_ms")),
        ),
        is_bars=False,
        is_seconds=True,
    ),
    Plot(
        "first-token",
        _("Time to a model's first token"),
        (
            Series(_("median"), typical("first_tokens_ms", weight="exchanges")),
            Series(_("95th percentile"), worst("first_tokens_ms")),
        ),
        is_bars=False,
        is_seconds=True,
    ),
    Plot(
        "tokens",
        _("Tokens"),
        (
            Series(_("of prompts"), total("prompt_tokens")),
            Series(_("of answers"), total("completion_tokens")),
        ),
    ),
    Plot(
        "compressions",
        _("Compressions of memory"),
        (
            Series(_("done"), total_of("compressions", SUMMARISED)),
            Series(_("failed"), total_of("compressions", FAILED)),
        ),
    ),
    Plot(
        "digests",
        _("Digests"),
        (
            Series(_("done"), total_of("digests", ("written",))),
            Series(_("failed"), total_of("digests", ("failed",))),
        ),
    ),
    Plot(
        "people",
        _("People"),
        (Series(_("all"), latest("people")), Series(_("approved"), latest("approved_people"))),
        is_bars=False,
    ),
    Plot("memory", _("Memory events"), (Series(_("kept"), latest("memory_events")),), is_bars=False),
)
