"""`samples.jsonl`: what each finished sample came to, line by line as it is finished, so that a run can go on.

Its first line says under which conditions. What the models said stands in it, and can be read and scored again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from digests.benchmark.drafted import Drafted, read_drafted
from digests.benchmark.report import Run
from digests.errors import DatasetError

JOURNAL = "samples.jsonl"
FORMAT = "benchmark_samples.v1"


class Journal:
    """The journal of one run in its directory; lines are written through, so that a kill loses the last one at most."""

    def __init__(self, directory: Path, run: Run) -> None:
        self._path = directory / JOURNAL
        self._run = run

    def exists(self) -> bool:
        return self._path.is_file()

    def begin(self, finished: Iterable[Drafted] = ()) -> None:
        """Begin anew, with what is finished already."""
        lines = [{"format": FORMAT, "run": asdict(self._run)}, *(asdict(drafted) for drafted in finished)]
        building = self._path.with_suffix(".new")
        building.write_text("".join(_line(line) for line in lines), encoding="utf-8")
        building.replace(self._path)

    def add(self, drafted: Drafted) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_line(asdict(drafted)))

    def read(self) -> list[Drafted]:
        """Return what is finished; a sample that nobody answered is not, and a line cut short was never written.

        Raises `DatasetError` if it is no journal, or one of other conditions.
        """
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        try:
            head, *others = map(json.loads, whole)
            self._ensure_same(head)
            drafted = [read_drafted(line) for line in others]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{self._path} is no journal of a benchmark: {error!r}") from error
        return [one for one in drafted if one.is_answered]

    def _ensure_same(self, head: dict[str, Any]) -> None:
        if head["format"] != FORMAT:
            raise DatasetError(f"{self._path} is of the format {head['format']}, not {FORMAT}")
        mine = asdict(self._run)
        told = ", ".join(
            f"{name} {head['run'].get(name)}, not {mine[name]}"
            for name in mine
            if head["run"].get(name) != mine[name]
        )
        if told:
            raise DatasetError(f"{self._path} is of another run: {told}")


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False) + "\n"
