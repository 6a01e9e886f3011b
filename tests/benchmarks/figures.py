"""What a scenario reports: figures beside their targets, tables, and what became of every message."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """A limit that a figure should keep: at most, or with `is_minimum` at least."""

    limit: float
    is_minimum: bool = False

    def is_met_by(self, value: float) -> bool:
        return value >= self.limit if self.is_minimum else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.is_minimum else '≤'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    unit: str = ""
    target: Target | None = None

    @property
    def is_met(self) -> bool | None:
        return None if self.target is None else self.target.is_met_by(self.value)


Cell = str | float


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    headings: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


@dataclass(slots=True)
class Accounting:
    """What became of the messages of a scenario. Everything but `asked` and `answered` should be zero.

    `damaged` answers say something else than the model did; `unexpected` messages answer no question.
    """

    asked: int = 0
    answered: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    damaged: int = 0
    unexpected: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.reordered or self.damaged or self.unexpected)


@dataclass(slots=True)
class Result:
    """One scenario's report; `failure` is the reason why it came to no end."""

    scenario: str
    summary: str
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    accounting: Accounting | None = None
    notes: list[str] = field(default_factory=list)
    failure: str = ""
    seconds: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing broke and no answer was lost, doubled or reordered."""
        return not self.failure and (self.accounting is None or self.accounting.is_clean)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile: a value that occurred; NaN of nothing."""
    if not values:
        return math.nan
    rank = max(1, math.ceil(percent / 100 * len(values)))
    return sorted(values)[rank - 1]


def median(values: Sequence[float]) -> float:
    return percentile(values, 50)


def latency_figures(name: str, seconds: Sequence[float], targets_ms: dict[int, float]) -> list[Figure]:
    """Return p50, p95, p99 and the maximum in milliseconds; `targets_ms` are upper limits by percentile."""
    figures = []
    for percent in (50, 95, 99):
        target = Target(targets_ms[percent]) if percent in targets_ms else None
        figures.append(Figure(f"{name} p{percent}", percentile(seconds, percent) * 1000, "ms", target))
    return [*figures, Figure(f"{name} max", percentile(seconds, 100) * 1000, "ms")]
