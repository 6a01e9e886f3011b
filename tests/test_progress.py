"""The line that says how far a command is, and the log beside it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from django.core.management.base import OutputWrapper

from progress import ProgressLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[Terminal, io.StringIO], ids=["terminal", "file"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Where the log goes."""
    stream: io.StringIO = request.param()
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_only_warnings_come_between_a_line_and_its_end_on_a_terminal(log: io.StringIO) -> None:
    terminal = Terminal()
    line = ProgressLine(OutputWrapper(terminal))

    line.show("days: 1 of 2")
    logging.getLogger("digests").info("digest")
    logging.getLogger("digests").warning("postponed")
    line.end()
    logging.getLogger("digests").info("afterwards")

    told = ["postponed", "afterwards"]
    assert log.getvalue().split() == (told if log.isatty() else ["digest", *told])
    assert terminal.getvalue() == "\rdays: 1 of 2\n"


def test_without_a_terminal_the_log_goes_on(log: io.StringIO) -> None:
    line = ProgressLine(OutputWrapper(io.StringIO()))

    logging.getLogger("digests").info("digest")
    line.end()

    assert log.getvalue().split() == ["digest"]
