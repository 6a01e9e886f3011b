"""How many of what a command has done."""

from __future__ import annotations

from django.core.management.base import OutputWrapper

from progress import ProgressLine


class Progress:
    """`show` may be called as often as one likes; `end` leaves the terminal's line."""

    def __init__(self, out: OutputWrapper, what: str, total: int | None = None) -> None:
        self._line = ProgressLine(out)
        self._what = what
        self._total = total

    def show(self, done: int) -> None:
        self._line.show(f"{self._what}: {done}" + (f" of {self._total}" if self._total else ""))

    def end(self) -> None:
        self._line.end()
