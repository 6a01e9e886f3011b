"""Offsets in UTF-16 code units, as Telegram counts them (https://core.telegram.org/api/entities)."""

from __future__ import annotations

from bisect import bisect_left

LAST_BMP_CHARACTER = "\uffff"


def utf16_length(text: str) -> int:
    """Count UTF-16 code units."""
    if not text or text.isascii() or max(text) <= LAST_BMP_CHARACTER:
        return len(text)
    return len(text) + sum(character > LAST_BMP_CHARACTER for character in text)


class Offsets:
    """Convert between positions in a Python string and UTF-16 offsets of the same text."""

    def __init__(self, text: str) -> None:
        self._table: list[int] | None = None
        if text and not text.isascii() and max(text) > LAST_BMP_CHARACTER:
            self._table = [0]
            for character in text:
                self._table.append(self._table[-1] + (2 if character > LAST_BMP_CHARACTER else 1))

    def to_utf16(self, position: int) -> int:
        return position if self._table is None else self._table[position]

    def to_position(self, offset: int) -> int:
        """Map an offset back; one inside a surrogate pair goes to the end of the pair."""
        return offset if self._table is None else bisect_left(self._table, offset)
