"""How far a command is: a line that rewrites itself on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import logging
import time

from django.core.management.base import OutputWrapper

LINE_EVERY_S = 10.0  # where a line cannot rewrite itself


class ProgressLine:
    """`show` may be called as often as one likes; `end` leaves the terminal's line.

    Between the two the log writes nothing below a warning to a terminal: it would run into the line. Wherever else it
    goes, to Loki or into a file, it goes as ever.
    """

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._quieted = _quiet_terminals() if self._is_terminal else []
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
        for handler, level in self._quieted:
            handler.setLevel(level)


def _quiet_terminals() -> list[tuple[logging.Handler, int]]:
    """Let the log's handlers that write to a terminal pass warnings only; return them with the levels they had."""
    handlers = [handler for handler in logging.getLogger().handlers if _is_at_terminal(handler)]
    quieted = [(handler, handler.level) for handler in handlers]
    for handler, level in quieted:
        handler.setLevel(max(level, logging.WARNING))
    return quieted


def _is_at_terminal(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and bool(handler.stream.isatty())
