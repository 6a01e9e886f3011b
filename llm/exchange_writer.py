"""Exchanges on their way to the database: collected for a moment and written together, so that nobody waits for them.

What a process holds when it is killed is lost; at an orderly end it is written. A row has its `_id` from the start: to
write it again, as after an answer of the database that got lost, changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Any

import structlog
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from llm import metrics

FLUSH_S = 1.0
BATCH_ROWS = 500  # so many are written without waiting for the second's end
MOST_WAITING = 10_000  # while the database is away; some 10 MB
RETRY_PAUSE_S = 0.5  # of a database that is away each attempt takes three seconds more
# A row that is written later than this after its call names nobody: its person may have been forgotten meanwhile.
NAMED_S = 2.5
# After so long no process adds a row that names somebody, the time that writing takes included.
SETTLED_S = NAMED_S + 0.5

OUTAGES = (PyMongoError, DatabaseError)

Row = dict[str, Any]

log = structlog.get_logger(__name__)


class ExchangeWriter:
    """Collects rows and has a thread of its own write them; safe to share between threads.

    `insert` writes rows, of which some may be there already, and returns how many the database has refused for good;
    it raises one of `OUTAGES` if they are to be tried again.
    """

    def __init__(
        self,
        insert: Callable[[list[Row]], int],
        *,
        flush_s: float = FLUSH_S,
        most_waiting: int = MOST_WAITING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._insert = insert
        self._flush_s = flush_s
        self._most_waiting = most_waiting
        self._clock = clock
        self.start_afresh()

    def start_afresh(self) -> None:
        """Begin without rows, locks and thread: for the child of a fork, whose parent writes what it has recorded."""
        self._waiting: deque[tuple[float, Row]] = deque()
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._lost = 0

    def add(self, row: Row) -> None:
        """Have a row written within `flush_s`; while too many wait already, it is counted as lost."""
        with self._changed:
            if len(self._waiting) >= self._most_waiting:
                self._count_lost(1)
                return
            self._waiting.append((self._clock(), row))
            if self._thread is None:
                self._start()
            if len(self._waiting) in (1, BATCH_ROWS):
                self._changed.notify()

    def flush(self) -> bool:
        """Write what waits; False if the database is away: then it waits on."""
        with self._writing:
            while batch := self._peek():
                try:
                    refused = self._insert([self._name(*entry) for entry in batch])
                except OUTAGES as error:
                    log.warning(
                        "exchanges not written yet", error=type(error).__name__, rows=len(self._waiting)
                    )
                    return False
                except Exception:
                    log.exception("exchanges cannot be written")
                    refused = len(batch)
                self._drop(len(batch), lost=refused)
        return True

    def discard(self) -> None:
        """Forget what waits; when this returns, nothing is being written either."""
        with self._writing, self._changed:
            self._waiting.clear()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="exchange-writer", daemon=True)
        with suppress(
            RuntimeError
        ):  # there is no thread to be had: the next row tries again, and the end writes all
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                self._changed.wait_for(lambda: len(self._waiting) >= BATCH_ROWS, self._flush_s)
            while not self.flush():
                time.sleep(RETRY_PAUSE_S)

    def _peek(self) -> list[tuple[float, Row]]:
        with self._changed:
            return list(islice(self._waiting, BATCH_ROWS))

    def _name(self, added_at: float, row: Row) -> Row:
        return row if self._clock() - added_at <= NAMED_S else {**row, "user_id": ""}

    def _drop(self, count: int, *, lost: int) -> None:
        """Take off what has been written, and say what was lost until now: once, however much it was."""
        with self._changed:
            for _ in range(count):
                self._waiting.popleft()
            self._count_lost(lost)
            if self._lost:
                log.warning("exchanges lost", rows=self._lost)
            self._lost = 0

    def _count_lost(self, rows: int) -> None:
        self._lost += rows
        metrics.EXCHANGES_LOST.inc(rows)
