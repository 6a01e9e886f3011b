"""What a parser hands over, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from botgateway.extraction.kinds import Kind

CELL_SEPARATOR = " | "


@dataclass(frozen=True)
class Document:
    """Text in the order of reading, in pieces, so that a parser can be stopped when enough has been read."""

    kind: Kind
    pieces: Iterable[str]
    pages: int | None = None


@dataclass(frozen=True)
class Extraction:
    """`kind` is what the file is, whatever its name says; `pages` are those of the file, not of the text kept."""

    text: str
    kind: str
    is_truncated: bool
    pages: int | None


def join_cells(cells: Iterable[str]) -> str:
    """Put a table's row on one line; "" if all its cells are empty."""
    flat = [" ".join(cell.split()) for cell in cells]
    return CELL_SEPARATOR.join(flat).rstrip(" |")
