"""Starts processes without coverage, which slows a Python program down by half.

For those that have nothing to measure in them, or tests of their own that do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

# By which coverage.py's `patch = ["subprocess"]` tells a Python process, as it starts, to measure itself.
ORDER = "COVERAGE_PROCESS_CONFIG"
UNMEASURED = {ORDER: ""}


@contextmanager
def unmeasured() -> Iterator[None]:
    """Leave coverage out of the processes that are started within the block."""
    order = os.environ.pop(ORDER, None)
    try:
        yield
    finally:
        if order is not None:
            os.environ[ORDER] = order
