"""The right to compress everybody's memory: one run at a time, whoever started it.

Its lease is that of a chat's turn: what a killed worker held is free after the same time, and a worker that starts
waits for it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from leases import Lease, LeaseTaken, holding

KEY = "compression-run"


class RunUnderWay(Exception):
    """Another run holds the lease."""


@contextmanager
def holding_run() -> Iterator[Lease]:
    """Hold the lease for as long as the block lasts. Raises `RunUnderWay`, or `RedisError` when Redis is away."""
    try:
        with holding(KEY) as lease:
            yield lease
    except LeaseTaken:
        raise RunUnderWay from None
