"""The benchmark's dataset as the web process shows it: counted when Prometheus asks, though not each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from digests.dataset.counting import show_counts

SHOWN_FOR_S = 60.0  # the dataset is built by hand, now and then

log = structlog.get_logger(__name__)


class PacedCount:
    """Counts when asked, but once in `SHOWN_FOR_S` seconds; safe to share between threads.

    While the database is away, what was counted last is shown on.
    """

    def __init__(
        self, count: Callable[[], None] = show_counts, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._clock = clock
        self._lock = threading.Lock()
        self._next_at: float | None = None

    def show(self) -> None:
        if not self._take_turn():
            return
        try:
            self._count()
        except (DatabaseError, PyMongoError) as error:
            log.warning("dataset not counted", error=type(error).__name__)

    def _take_turn(self) -> bool:
        with self._lock:
            now = self._clock()
            if self._next_at is not None and now < self._next_at:
                return False
            self._next_at = now + SHOWN_FOR_S
            return True


dataset_count = PacedCount()
