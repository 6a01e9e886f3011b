"""Reports and comparisons to read: Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from digests.benchmark.comparison import SIGNIFICANCE, ComparedMetric, Comparison
from digests.benchmark.report import Report, Run, Timings
from digests.benchmark.report_json import scores_checksum
from digests.benchmark.scoring import METRICS, Direction
from digests.benchmark.statistics import Estimate

NOTHING = "—"
P_MIN = 0.0001  # smaller ones are not told apart by 65,536 flips
_SIGNS = {Direction.HIGHER: "↑", Direction.LOWER: "↓", Direction.NEITHER: ""}
_BARS = "Intervals hold the mean of further days of these channels with 95 %; ↑ more is better, ↓ less is."
_HOW_TO_READ = (
    "The difference is second less first, with its 95 % interval. p is of a paired sign-flip test; Holm's holds for "
    f"all the metrics at once, and the verdict follows from it at {SIGNIFICANCE}. “No difference shown” is no proof "
    "that there is none: the interval says how large it may be."
)


def render_report(report: Report, *, plots: Sequence[str] = ()) -> str:
    """Return a report as Markdown; `plots` are the names of pictures beside it."""
    parts = [
        f"# Benchmark `{report.run.scenario}`",
        _conditions(report),
        "## Scores",
        _scores(report),
        _BARS,
        *([_failures(report.failures)] if report.failures else []),
        "## Time and tokens",
        _timings(report.timings),
        *(f"![{name}]({name})" for name in plots),
        "## Environment",
        _table(("", ""), [*report.environment.hardware.items(), *report.environment.libraries.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def render_comparison(comparison: Comparison, *, plots: Sequence[str] = ()) -> str:
    """Return a comparison as Markdown; `plots` are the names of pictures beside it."""
    rows = [
        (f"`{metric.name}` {_SIGNS[metric.better]}".rstrip(), *_compared(comparison.metrics[metric.name]))
        for metric in METRICS
    ]
    parts = [
        f"# Comparison in `{comparison.first.scenario}`",
        _table(("", "first", "second"), _run_rows(comparison)),
        f"{comparison.pairs} days of channels in both. Left out: {comparison.only_first} in the first alone, "
        f"{comparison.only_second} in the second alone, {comparison.other_posts} with other posts.",
        _table(("metric", "first", "second", "difference", "n", "p", "p (Holm)", "verdict"), rows),
        _HOW_TO_READ,
        *(f"![{name}]({name})" for name in plots),
    ]
    return "\n\n".join(parts) + "\n"


def _conditions(report: Report) -> str:
    rows = [
        *_described(report.run).items(),
        ("samples", str(len(report.samples))),
        ("started", report.timings.started_at),
        ("checksum of the scores", f"`{scores_checksum(report)}`"),
    ]
    return _table(("", ""), rows)


def _run_rows(comparison: Comparison) -> list[tuple[str, str, str]]:
    second = _described(comparison.second)
    return [(name, value, second[name]) for name, value in _described(comparison.first).items()]


def _described(run: Run) -> dict[str, str]:
    return {
        "provider": run.provider,
        "model": f"`{run.model}`",
        "prompt": f"`{run.prompt_hash}`",
        "seed": str(run.seed),
        "generator": str(run.generator_version),
        "code": f"`{run.code_version}`",
    }


def _scores(report: Report) -> str:
    rows = [
        (
            f"`{metric.name}` {_SIGNS[metric.better]}".rstrip(),
            *_estimated(report.metrics[metric.name], digits=3),
            metric.meaning,
        )
        for metric in METRICS
    ]
    return _table(("metric", "mean", "95 % interval", "n", "share of"), rows)


def _failures(failures: Mapping[str, int]) -> str:
    counted = ", ".join(f"{count} × `{reason}`" for reason, count in failures.items())
    return f"Without a digest, and in no score: {counted}."


def _timings(timings: Timings) -> str:
    rows = [
        ("first token, p50", *_estimated(timings.first_token_p50, digits=3)),
        ("first token, p95", *_estimated(timings.first_token_p95, digits=3)),
        ("whole digest, p50", *_estimated(timings.whole_p50, digits=3)),
        ("whole digest, p95", *_estimated(timings.whole_p95, digits=3)),
    ]
    cost = f"{timings.cost.amount:.4f} {timings.cost.currency}" if timings.cost else "not known"
    tokens = f"Tokens: {_count(timings.tokens_in)} in, {_count(timings.tokens_out)} out"
    estimated = (
        f" (estimated for {timings.estimated_digests} of the digests)" if timings.estimated_digests else ""
    )
    return f"{_table(('seconds', '', '95 % interval', 'n'), rows)}\n\n{tokens}{estimated}. Cost: {cost}."


def _compared(compared: ComparedMetric) -> tuple[str, ...]:
    test = compared.test
    value, interval, n = _estimated(test.difference, digits=3, sign="+")
    return (
        _number(test.first, 3),
        _number(test.second, 3),
        value if test.difference.low is None else f"{value} ({interval})",
        n,
        _p(test.p_value),
        _p(compared.p_holm),
        str(compared.verdict),
    )


def _estimated(estimate: Estimate, *, digits: int, sign: str = "") -> tuple[str, str, str]:
    value = _number(estimate.value, digits, sign)
    if estimate.low is None:
        return value, str(estimate.no_interval or NOTHING), str(estimate.n)
    return (
        value,
        f"{_number(estimate.low, digits, sign)} … {_number(estimate.high, digits, sign)}",
        str(estimate.n),
    )


def _number(value: float | None, digits: int, sign: str = "") -> str:
    return NOTHING if value is None else f"{round(value, digits) + 0.0:{sign}.{digits}f}"


def _p(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"< {P_MIN}" if value < P_MIN else f"{value:.4f}"


def _count(tokens: int | None) -> str:
    return "not counted" if tokens is None else f"{tokens:,}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
