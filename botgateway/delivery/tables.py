"""Lay out the rows of a table in the columns of a monospaced font."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from unicodedata import combining, east_asian_width

_CELL_BORDER = re.compile(r"(?<!\\)\|")


def count_cells(line: str) -> int:
    """Count the cells that one source line of a table holds."""
    row = line.strip(" \t>")
    return len(_CELL_BORDER.split(row.removeprefix("|").removesuffix("|")))


def align_rows(rows: Sequence[Sequence[str]], alignments: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a table whose first row is its heading."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for index, row in enumerate(rows):
        columns = zip(row, widths, alignments, strict=True)
        cells = [_pad(cell, width, alignment) for cell, width, alignment in columns]
        yield " | ".join(cells).rstrip()
        if index == 0:
            yield "-+-".join("-" * width for width in widths)


def _pad(cell: str, width: int, alignment: str) -> str:
    missing = width - _width(cell)
    if "right" in alignment:
        return " " * missing + cell
    left = missing // 2 if "center" in alignment else 0
    return " " * left + cell + " " * (missing - left)


def _width(text: str) -> int:
    """Count the columns of a monospaced line: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 1 + (east_asian_width(char) in "WF") for char in text)
