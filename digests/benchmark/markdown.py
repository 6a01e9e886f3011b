"""Reports and comparisons to read: Markdown."""

from __future__ import annotations

from collections.abc import Sequence

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
        *(_failures(report) if report.failures else []),
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
        f"{comparison.only_second} in the second alone, {comparison.other_posts} with other posts. Without a digest, "
        f"and counted as empty ones: {comparison.failed_first} of the first, {comparison.failed_second} of the second.",
        _table(("metric", "first", "second", "difference", "n", "p", "p (Holm)", "verdict"), rows),
        _HOW_TO_READ,
        *(f"![{name}]({name})" for name in plots),
    ]
    return "\n\n".join(parts) + "\n"


def _conditions(report: Report) -> str:
    rows = [
        *_described(report.run).items(),
        ("samples", _describe_samples(report)),
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
        "reviewer": f"`{run.reviewer}`" if run.reviewer else "nobody",
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


def _describe_samples(report: Report) -> str:
    if not report.samples:
        return "none"
    channels, days = {one.channel for one in report.samples}, {one.day for one in report.samples}
    return f"{len(report.samples)}, of {len(channels)} channels, {min(days)} to {max(days)}"


def _failures(report: Report) -> list[str]:
    counted = ", ".join(f"{count} × `{reason}`" for reason, count in report.failures.items())
    rows = [
        (f"`{metric.name}` {_SIGNS[metric.better]}".rstrip(), *_estimated(of_all, digits=3))
        for metric in METRICS
        if (of_all := report.metrics_of_all[metric.name]).n != report.metrics[metric.name].n
    ]
    return [
        f"Without a digest: {counted}. The scores above leave them out. Counted as empty digests, which cover nothing "
        "and say nothing that could be judged, they make these of them:",
        _table(("metric", "mean", "95 % interval", "n"), rows),
    ]


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
