"""Pictures of reports: dots with error bars, as SVG written by hand, so that the same report is the same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from digests.benchmark.comparison import Comparison, Verdict
from digests.benchmark.report import Report
from digests.benchmark.scoring import METRICS
from digests.benchmark.statistics import Estimate

WIDTH, LABELS, VALUES = 900, 190, 230  # pixels: the picture, its left column and its right one
ROW, HEAD, FOOT = 28, 52, 40
STEPS = 4  # between the ticks of an axis; even, so that one from −x to x has a tick at 0
_INK, _FAINT, _DOT = "#1f2933", "#d3dae3", "#1c6dd0"
_GOOD, _BAD = "#1a7f4b", "#b42318"
_FONT = "font-family=\"system-ui, 'DejaVu Sans', sans-serif\""


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    estimate: Estimate
    colour: str = _DOT


@dataclass(frozen=True, slots=True)
class Axis:
    low: float
    high: float

    def place(self, value: float) -> float:
        """Return the pixel of a value; those beyond the axis are put at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(LABELS + share * (WIDTH - LABELS - VALUES), 1)

    def ticks(self) -> list[float]:
        step = (self.high - self.low) / STEPS
        return [self.low + step * number for number in range(STEPS + 1)]


def plot_scores(report: Report) -> str:
    """Return the means of a report's metrics with their intervals."""
    rows = [Row(metric.name, report.metrics[metric.name]) for metric in METRICS]
    return _draw(f"{report.run.scenario}: {report.run.model}", rows, Axis(0.0, max(1.0, _highest(rows))))


def plot_timings(report: Report) -> str:
    """Return medians and 95th percentiles of the latency, in seconds."""
    timings = report.timings
    rows = [
        Row("first token, p50", timings.first_token_p50),
        Row("first token, p95", timings.first_token_p95),
        Row("whole digest, p50", timings.whole_p50),
        Row("whole digest, p95", timings.whole_p95),
    ]
    return _draw(f"{report.run.model}: seconds", rows, Axis(0.0, _round_up(_highest(rows))))


def plot_comparison(comparison: Comparison) -> str:
    """Return the differences of the metrics, second less first; green is better and red is worse."""
    colours = {Verdict.BETTER: _GOOD, Verdict.WORSE: _BAD}
    rows = [
        Row(name, compared.test.difference, colours.get(compared.verdict, _INK))
        for name, compared in comparison.metrics.items()
    ]
    reach = _round_up(max(_highest(rows), -_lowest(rows)))
    return _draw(f"{comparison.second.model} less {comparison.first.model}", rows, Axis(-reach, reach))


def _draw(title: str, rows: Sequence[Row], axis: Axis) -> str:
    bottom = HEAD + ROW * len(rows)
    height = bottom + FOOT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" {_FONT} font-size="13" fill="{_INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(16, 28, title, size=15),
        *(part for tick in axis.ticks() for part in _tick(axis, tick, bottom)),
        *(part for index, row in enumerate(rows) for part in _row(axis, row, HEAD + ROW * index + ROW // 2)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _tick(axis: Axis, value: float, bottom: int) -> list[str]:
    x = axis.place(value)
    colour = _INK if abs(value) < 1e-9 * axis.high else _FAINT  # zero, but for rounding
    return [
        f'<line x1="{x}" y1="{HEAD}" x2="{x}" y2="{bottom}" stroke="{colour}"/>',
        _text(x, bottom + 20, _written(value), anchor="middle"),
    ]


def _row(axis: Axis, row: Row, y: int) -> list[str]:
    estimate = row.estimate
    drawn = [_text(LABELS - 12, y + 4, row.label, anchor="end")]
    if estimate.value is None:
        return [*drawn, _text(WIDTH - VALUES + 12, y + 4, str(estimate.no_interval or ""))]
    if estimate.low is not None and estimate.high is not None:
        low, high = axis.place(estimate.low), axis.place(estimate.high)
        drawn.append(
            f'<line x1="{low}" y1="{y}" x2="{high}" y2="{y}" stroke="{row.colour}" stroke-width="3"/>'
        )
    drawn.append(f'<circle cx="{axis.place(estimate.value)}" cy="{y}" r="5" fill="{row.colour}"/>')
    return [*drawn, _text(WIDTH - VALUES + 12, y + 4, _caption(estimate))]


def _caption(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{_written(estimate.value)} (n {estimate.n}, {estimate.no_interval})"
    return f"{_written(estimate.value)} [{_written(estimate.low)}, {_written(estimate.high)}] n {estimate.n}"


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'


def _written(value: float | None) -> str:
    return "" if value is None else f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip(".")


def _highest(rows: Sequence[Row]) -> float:
    return max((end for row in rows for end in _ends(row.estimate)), default=0.0)


def _lowest(rows: Sequence[Row]) -> float:
    return min((end for row in rows for end in _ends(row.estimate)), default=0.0)


def _ends(estimate: Estimate) -> list[float]:
    return [value for value in (estimate.low, estimate.value, estimate.high) if value is not None]


def _round_up(value: float) -> float:
    """Return the next of 1, 2 or 5 times a power of ten, so that the ticks are round; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 5) if value <= step * power), 10 * power)
