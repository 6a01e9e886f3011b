"""Reports and comparisons as files: JSON for programs, Markdown and pictures for people."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digests.benchmark.comparison import Comparison, compare_reports, write_comparison
from digests.benchmark.markdown import render_comparison, render_report
from digests.benchmark.plots import plot_comparison, plot_scores, plot_timings
from digests.benchmark.report import Report
from digests.benchmark.report_json import read_report, write_report
from digests.errors import DatasetError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

REPORT, COMPARISON = "report.json", "comparison.json"
SCHEMA = Path(__file__).with_name("schemas") / "report.schema.json"


def save_report(report: Report, directory: Path) -> Path:
    """Write a report's files and return the one to read. Raises `DatasetError` if it is not what its schema says."""
    text = write_report(report)
    check_report(text)
    plots = {"scores.svg": plot_scores(report), "timings.svg": plot_timings(report)}
    markdown = render_report(report, plots=list(plots))
    return _save(directory, plots | {"report.md": markdown, REPORT: text}, read="report.md")


def check_report(text: str) -> None:
    """Raises `DatasetError` that names the place where a report is not what its schema says."""
    error = next(iter(_validator().iter_errors(json.loads(text))), None)
    if error is not None:
        place = "/".join(map(str, error.absolute_path)) or "the report"
        raise DatasetError(f"{place}: {error.message[:200]}")


def load_report(directory: Path) -> Report:
    """Read the report in a directory. Raises `DatasetError` if there is none."""
    path = directory / REPORT
    try:
        return read_report(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {type(error).__name__}") from error
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from error


def save_comparison(first: Path, second: Path, directory: Path) -> tuple[Comparison, Path]:
    """Compare the reports in two directories; write the comparison's files and return the one to read.

    Raises `DatasetError` if one is no report, or they have nothing in common.
    """
    comparison = compare_reports(load_report(first), load_report(second))
    if not comparison.pairs:
        raise DatasetError("the reports have no sample of the same posts in common")
    plots = {"comparison.svg": plot_comparison(comparison)}
    markdown = render_comparison(comparison, plots=list(plots))
    files = plots | {"comparison.md": markdown, COMPARISON: write_comparison(comparison)}
    return comparison, _save(directory, files, read="comparison.md")


def _save(directory: Path, files: dict[str, str], *, read: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory / read


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  # only benchmarks and exports pay for it

    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return Draft202012Validator(schema)
