"""How far a command is: a line that rewrites itself on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import time

from django.core.management.base import OutputWrapper

LINE_EVERY_S = 10.0  # where a line cannot rewrite itself


class ProgressLine:
    """`show` may be called as often as one likes; `end` leaves the terminal's line."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._next_line_at = time.monotonic() + LINE_EVERY_S

    def show(self, line: str, *, drawn: str = "") -> None:
        """Say how far it is; `drawn` stands before the line on a terminal."""
        if self._is_terminal:
            self._out.write(f"\r{drawn}{line}", ending="")
            self._out.flush()
        elif time.monotonic() >= self._next_line_at:
            self._next_line_at = time.monotonic() + LINE_EVERY_S
            self._out.write(line)

    def end(self) -> None:
        if self._is_terminal:
            self._out.write("")
