"""Things to be done every few seconds for as long as something else lasts: renew a lease, show «typing…».

One thread keeps the time for the whole process and a few others do the work, so that a message costs no thread of
its own and a slow call delays no other beat.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

import structlog

log = structlog.get_logger(__name__)

WORKERS = 8


class Beat:
    """One recurring action; `cancel` ends it and waits for a call under way."""

    def __init__(self, interval_s: float, action: Callable[[], None]) -> None:
        self.interval_s = interval_s
        self.is_cancelled = False
        self._action = action
        self._running: Future[None] | None = None

    def submit(self, executor: ThreadPoolExecutor) -> None:
        if self.is_cancelled or (self._running is not None and not self._running.done()):
            return
        with suppress(RuntimeError):  # the interpreter ends: no work is taken any more
            self._running = executor.submit(self._run)

    def cancel(self, *, wait_s: float) -> None:
        self.is_cancelled = True
        running = self._running
        if running is None or running.cancel():
            return
        try:
            running.result(timeout=wait_s)
        except TimeoutError:
            log.warning("a beat outlasts what it belongs to", action=self._action.__qualname__)

    def _run(self) -> None:
        if self.is_cancelled:
            return
        try:
            self._action()
        except Exception as error:
            log.warning("beat failed", action=self._action.__qualname__, error=type(error).__name__)


class Heartbeat:
    """The clock of all beats of a process. Its threads start with the first beat."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Beat]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._executor: ThreadPoolExecutor | None = None

    @contextmanager
    def every(
        self,
        interval_s: float,
        action: Callable[[], None],
        *,
        is_immediate: bool = False,
        wait_s: float = 1.0,
    ) -> Iterator[Beat]:
        """Call `action` every `interval_s` seconds while the block lasts, for the first time now if `is_immediate`.

        At the end a call under way is waited for, `wait_s` seconds at most.
        """
        beat = Beat(interval_s, action)
        executor = self._start()
        if is_immediate:
            beat.submit(executor)
        self._schedule(beat)
        try:
            yield beat
        finally:
            beat.cancel(wait_s=wait_s)

    def _schedule(self, beat: Beat) -> None:
        entry = (time.monotonic() + beat.interval_s, next(self._order), beat)
        with self._changed:
            heapq.heappush(self._due, entry)
            if self._due[0] is entry:  # earlier than what the clock is waiting for
                self._changed.notify()

    def _start(self) -> ThreadPoolExecutor:
        with self._changed:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="beat")
                threading.Thread(target=self._keep_time, name="heartbeat", daemon=True).start()
            return self._executor

    def _keep_time(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                due_at, _, beat = heapq.heappop(self._due)
                if not beat.is_cancelled:
                    heapq.heappush(self._due, (due_at + beat.interval_s, next(self._order), beat))
            if self._executor is not None:
                beat.submit(self._executor)


heartbeat = Heartbeat()
