"""Two reports of one scenario, sample by sample: what the second does better or worse than the first."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from digests.benchmark.report import Report, Run, ScoredSample
from digests.benchmark.report_json import dump
from digests.benchmark.scoring import JUDGED, METRICS, Direction, Metric
from digests.benchmark.significance import Pair, PairedTest, compare_pairs, correct_by_holm
from digests.errors import DatasetError

COMPARISON_VERSION = 1
SIGNIFICANCE = 0.05  # of Holm's p: at most one comparison in twenty finds any difference where there is none


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    CHANGED = "changed"  # of a metric that is neither good nor bad in itself
    UNPROVEN = "no difference shown"
    UNTESTED = "no pairs"


@dataclass(frozen=True, slots=True)
class ComparedMetric:
    test: PairedTest
    p_holm: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`pairs` are the channel's days that both runs had, with the same posts; the others are left out.

    `failed_first` and `failed_second` are the pairs' days without a digest: they count as empty digests.
    """

    first: Run
    second: Run
    pairs: int
    only_first: int
    only_second: int
    other_posts: int
    failed_first: int
    failed_second: int
    metrics: Mapping[str, ComparedMetric]


def compare_reports(first: Report, second: Report) -> Comparison:
    """Compare two runs on what both have, by the first one's seed.

    Raises DatasetError if they are of different scenarios, seeds or generators: then they were not asked the same.
    What reviewers say is compared only if both runs had the same one.
    """
    _ensure_comparable(first.run, second.run)
    mine, others = _by_unit(first.samples), _by_unit(second.samples)
    shared = [unit for unit in mine if unit in others]
    paired = [unit for unit in shared if _posts(mine[unit]) == _posts(others[unit])]
    tests = {
        metric.name: compare_pairs(
            list(_pairs(metric.name, paired, mine, others)) if _is_shared(metric, first, second) else [],
            name=metric.name,
            seed=first.run.seed,
        )
        for metric in METRICS
    }
    corrected = correct_by_holm({name: test.p_value for name, test in tests.items()})
    return Comparison(
        first=first.run,
        second=second.run,
        pairs=len(paired),
        only_first=len(mine) - len(shared),
        only_second=len(others) - len(shared),
        other_posts=len(shared) - len(paired),
        failed_first=_count_failed(paired, mine),
        failed_second=_count_failed(paired, others),
        metrics={
            metric.name: ComparedMetric(
                tests[metric.name],
                corrected[metric.name],
                _judge(metric, tests[metric.name], corrected[metric.name]),
            )
            for metric in METRICS
        },
    )


def write_comparison(comparison: Comparison) -> str:
    """Return the comparison as JSON; the same two reports give the same text."""
    return dump({"version": COMPARISON_VERSION, **asdict(comparison)})


_Units = Mapping[str, Sequence[ScoredSample]]


def _ensure_comparable(first: Run, second: Run) -> None:
    conditions = {"scenarios": "scenario", "seeds": "seed", "versions of the generator": "generator_version"}
    for told, name in conditions.items():
        mine, other = getattr(first, name), getattr(second, name)
        if mine != other:
            raise DatasetError(f"different {told}: {mine} and {other}")


def _is_shared(metric: Metric, first: Report, second: Report) -> bool:
    return metric.name not in JUDGED or first.run.reviewer == second.run.reviewer


def _count_failed(paired: Sequence[str], units: _Units) -> int:
    return sum(all(sample.fault for sample in units[unit]) for unit in paired)


def _by_unit(samples: Iterable[ScoredSample]) -> dict[str, list[ScoredSample]]:
    units: dict[str, list[ScoredSample]] = defaultdict(list)
    for sample in samples:
        units[sample.unit].append(sample)
    return dict(sorted(units.items()))


def _posts(samples: Sequence[ScoredSample]) -> set[str]:
    return {sample.posts_hash for sample in samples}


def _pairs(name: str, units: Sequence[str], first: _Units, second: _Units) -> Iterable[Pair]:
    """Yield a pair for each unit that both runs have the metric of; several digests of a unit count by their mean."""
    for unit in units:
        mine, other = _mean(first[unit], name), _mean(second[unit], name)
        if mine is not None and other is not None:
            yield Pair(mine, other, unit, first[unit][0].channel)


def _mean(samples: Sequence[ScoredSample], name: str) -> float | None:
    values = [value for sample in samples if (value := getattr(sample.scores, name)) is not None]
    return math.fsum(values) / len(values) if values else None


def _judge(metric: Metric, test: PairedTest, p_holm: float | None) -> Verdict:
    difference = test.difference.value
    if p_holm is None or difference is None:
        return Verdict.UNTESTED
    if p_holm >= SIGNIFICANCE:
        return Verdict.UNPROVEN
    if metric.better is Direction.NEITHER:
        return Verdict.CHANGED
    return Verdict.BETTER if (difference > 0) == (metric.better is Direction.HIGHER) else Verdict.WORSE
