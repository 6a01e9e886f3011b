"""Write results for people and for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Cell, Figure, Result, Table

MARKS = {True: "met", False: "MISSED", None: ""}
NAME_COLUMN = 44
SMALL = 100


def format_machine(machine: dict[str, str]) -> str:
    return "\n".join(
        ["Personalised Butler: benchmark", *(f"  {name}: {text}" for name, text in machine.items())]
    )


def format_result(result: Result) -> str:
    lines = ["", f"== {result.scenario} ({result.seconds:.0f} s) ==", result.summary, ""]
    lines += [_format_figure(figure) for figure in result.figures]
    if result.accounting is not None:
        lines.append(f"  answers: {_format_counts(asdict(result.accounting))}")
    for table in result.tables:
        lines += ["", *_format_table(table)]
    lines += [f"  note: {note}" for note in result.notes]
    if result.failure:
        lines.append(f"  BROKEN: {result.failure}")
    return "\n".join(lines)


def format_summary(results: Iterable[Result]) -> str:
    """Return one line per figure with a target, and what was lost."""
    lines = ["", "== targets =="]
    for result in results:
        lines += [
            f"  {result.scenario:<9}{_format_figure(figure)}" for figure in result.figures if figure.target
        ]
        if not result.is_sound:
            reason = result.failure.partition("\n")[0] or "see its answers"
            lines.append(f"  {result.scenario:<9}  NOT SOUND: {reason}")
    return "\n".join(lines)


def write_json(path: Path, *, machine: dict[str, str], results: Sequence[Result]) -> None:
    content = {"machine": machine, "results": [_as_json(result) for result in results]}
    path.write_text(json.dumps(_without_nan(content), ensure_ascii=False, indent=2) + "\n")


def _as_json(result: Result) -> dict[str, Any]:
    figures = [{**asdict(figure), "is_met": figure.is_met} for figure in result.figures]
    return {**asdict(result), "figures": figures, "is_sound": result.is_sound}


def _without_nan(value: Any) -> Any:
    """Replace what JSON has no word for by null."""
    if isinstance(value, dict):
        return {name: _without_nan(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _format_figure(figure: Figure) -> str:
    text = f"  {figure.name:<{NAME_COLUMN}} {_format_cell(figure.value):>9} {figure.unit:<10}"
    return f"{text} target {figure.target!s:<7} {MARKS[figure.is_met]}" if figure.target else text.rstrip()


def _format_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _format_table(table: Table) -> list[str]:
    rows = [table.headings, *([_format_cell(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.headings))]
    aligned = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return [f"  {table.title}", *(f"    {line}" for line in aligned)]


def _format_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:.2f}" if abs(cell) < SMALL else f"{cell:.0f}"
