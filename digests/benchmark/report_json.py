"""A report as JSON and back; `schemas/report.schema.json` describes it for others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from digests.benchmark.environment import Environment
from digests.benchmark.report import Cost, Report, Run, ScoredSample, Timings
from digests.benchmark.scoring import METRIC_NAMES, Scores
from digests.benchmark.statistics import Estimate, NoInterval
from digests.errors import DatasetError

REPORT_VERSION = 1
DIGITS = 6  # of fractions: what sums differ in from processor to processor is far below


def write_report(report: Report) -> str:
    """Return the report as JSON; the same report is the same text."""
    return dump(
        {
            "version": REPORT_VERSION,
            "run": asdict(report.run),
            "scores": _scores_of(report),
            "timings": asdict(report.timings),
            "environment": asdict(report.environment),
        }
    )


def scores_checksum(report: Report) -> str:
    """Return the SHA-256 of the section `scores`: equal for two runs that came to the same digits."""
    return hashlib.sha256(dump(_scores_of(report)).encode()).hexdigest()


def read_report(text: str) -> Report:
    """Read what `write_report` wrote.

    Raises DatasetError if it is no report, or one of another version.
    """
    try:
        content = json.loads(text)
        if content["version"] != REPORT_VERSION:
            raise DatasetError(
                f"a report of version {content['version']!r}, and {REPORT_VERSION} is read here"
            )
        return _report(content)
    except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(f"no report of a benchmark: {error!r}") from error


def dump(content: Any) -> str:
    """Return JSON with fractions of six digits and a line break at the end."""
    return json.dumps(rounded(content), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def rounded(content: Any) -> Any:
    if isinstance(content, float):
        return round(content, DIGITS) + 0.0  # no −0.0
    if isinstance(content, Mapping):
        return {name: rounded(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [rounded(value) for value in content]
    return content


def _scores_of(report: Report) -> dict[str, Any]:
    return {
        "metrics": {name: asdict(estimate) for name, estimate in report.metrics.items()},
        "metrics_of_all": {name: asdict(estimate) for name, estimate in report.metrics_of_all.items()},
        "failures": report.failures,
        "samples": [asdict(sample) for sample in report.samples],
    }


def _report(content: Mapping[str, Any]) -> Report:
    scores = content["scores"]
    return Report(
        run=Run(**content["run"]),
        metrics={name: _estimate(scores["metrics"][name]) for name in METRIC_NAMES},
        metrics_of_all={name: _estimate(scores["metrics_of_all"][name]) for name in METRIC_NAMES},
        samples=tuple(_sample(sample) for sample in scores["samples"]),
        timings=_timings(content["timings"]),
        environment=Environment(**content["environment"]),
    )


def _sample(content: Mapping[str, Any]) -> ScoredSample:
    return ScoredSample(**{**content, "scores": Scores(**content["scores"])})


def _timings(content: Mapping[str, Any]) -> Timings:
    quantiles = {
        field.name: _estimate(content[field.name]) for field in fields(Timings) if "_p" in field.name
    }
    cost = content["cost"]
    return Timings(**{**content, **quantiles, "cost": Cost(**cost) if cost else None})


def _estimate(content: Mapping[str, Any]) -> Estimate:
    reason = content["no_interval"]
    return Estimate(**{**content, "no_interval": NoInterval(reason) if reason else None})
