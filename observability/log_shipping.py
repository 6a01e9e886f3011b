"""Logs on their way to Loki: a bounded queue, and one thread that pushes what has come together.

Nobody waits for it but a process that ends, for `END_WAIT_S` at most. While Loki is away lines wait; when there are too
many, the oldest are given up and counted. Standard error has every line as well.

Not one of the libraries there are: of the two that are alive enough to be considered, one posts every line by itself,
while the caller waits, the other keeps an unbounded queue and forgets a batch that was not taken.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from contextlib import suppress

import structlog
from django.conf import settings

from observability import log_metrics as metrics
from observability.loki import Entry, InvalidAddress, LokiClient, Receipt
from observability.spans.process import find_process_name

log = structlog.get_logger(__name__)

MOST_WAITING = 10_000  # lines, some 400 bytes each: an hour of a busy worker, 4 MB
BATCH_LINES = 1_000
BATCH_BYTES = 1_000_000  # Loki takes 4 MB at a time, `grpc_server_max_recv_msg_size`
LINE_MAX_BYTES = 256_000  # Loki's `max_line_size` is 256 KB; it refuses a batch for one such line
DELAY_S = 1.0  # so much later a line can be found
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0  # between attempts while Loki is away; doubled each time
END_WAIT_S = 3.0
LEVELS = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


def build_handler() -> logging.Handler:
    """Return what sends this process's lines to LOKI_URL; a handler that does nothing where there is none.

    A wrong address is the system checks' to refuse.
    """
    process = find_process_name(sys.argv)
    if not settings.LOKI_URL or not process:
        return logging.NullHandler()
    try:
        client = LokiClient(settings.LOKI_URL, process=process)
    except InvalidAddress:
        return logging.NullHandler()
    handler = LokiHandler(client)
    os.register_at_fork(after_in_child=handler.start_afresh)
    return handler


class LokiHandler(logging.Handler):
    """Queues lines for `client` and pushes them from a thread of its own, which starts with the first one."""

    def __init__(
        self,
        client: LokiClient,
        *,
        most_waiting: int = MOST_WAITING,
        delay_s: float = DELAY_S,
        first_pause_s: float = FIRST_PAUSE_S,
        longest_pause_s: float = LONGEST_PAUSE_S,
        end_wait_s: float = END_WAIT_S,
    ) -> None:
        super().__init__()
        self._client = client
        self._most_waiting = most_waiting
        self._delay_s = delay_s
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._end_wait_s = end_wait_s
        self._is_refused = False
        self.start_afresh()

    def createLock(self) -> None:  # noqa: N802 - the base class's
        """Take none: the queue has its own, and `logging.shutdown` would hold this one while the thread logs."""
        self.lock = None

    def start_afresh(self) -> None:
        """Begin with an empty queue: for the child of a fork, whose parent sends what was there."""
        self._changed = threading.Condition()
        self._waiting: deque[Entry] = deque()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line; returns at once, and does not raise."""
        line = self.format(record)
        if len(line.encode(errors="replace")) > LINE_MAX_BYTES:
            metrics.LOGS_DROPPED.labels(metrics.TOO_LONG).inc()
            return
        entry = Entry(int(record.created * 1_000_000) * 1_000, _find_level(record.levelno), line)
        with self._changed:
            self._queue(entry)

    def close(self) -> None:
        """Send what waits, in one attempt: called when the process ends."""
        self._ended.set()
        with self._changed:
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(self._end_wait_s)
        super().close()

    def _queue(self, entry: Entry) -> None:
        if self._ended.is_set():
            return
        if len(self._waiting) >= self._most_waiting:
            self._waiting.popleft()
            metrics.LOGS_DROPPED.labels(metrics.FULL).inc()
        self._waiting.append(entry)
        if self._thread is None:
            self._start()
        elif len(self._waiting) in (1, BATCH_LINES):
            self._changed.notify()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="log-shipping", daemon=True)
        with suppress(RuntimeError):  # the interpreter ends: no thread can be started any more
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        while not self._ended.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended.is_set())
                self._changed.wait_for(self._is_worth_a_push, self._delay_s)
            if not self._ended.is_set():
                self._insist(self._take())
        self._send_the_rest()

    def _is_worth_a_push(self) -> bool:
        return len(self._waiting) >= BATCH_LINES or self._ended.is_set()

    def _take(self) -> list[Entry]:
        batch: list[Entry] = []
        size = 0
        with self._changed:
            while self._waiting and len(batch) < BATCH_LINES and size < BATCH_BYTES:
                batch.append(self._waiting.popleft())
                size += len(batch[-1].line)
        return batch

    def _insist(self, batch: list[Entry]) -> None:
        """Push a batch until Loki has decided about it; a process that ends puts it back."""
        pause_s = self._first_pause_s
        while (receipt := self._client.push(batch)) is Receipt.AWAY:
            if pause_s == self._first_pause_s:
                log.warning("logs wait for Loki", lines=len(batch))
            if self._ended.wait(pause_s):
                with self._changed:
                    self._waiting.extendleft(reversed(batch))
                return
            pause_s = min(2 * pause_s, self._longest_pause_s)
        _count(receipt, len(batch))
        self._complain_once(receipt, len(batch))

    def _complain_once(self, receipt: Receipt, lines: int) -> None:
        """Log a refusal unless the batch before was refused as well: the complaint is a line, too."""
        was_refused, self._is_refused = self._is_refused, receipt is Receipt.REFUSED
        if self._is_refused and not was_refused:
            log.warning("logs refused by Loki", lines=lines)

    def _send_the_rest(self) -> None:
        while batch := self._take():
            receipt = self._client.push(batch)
            if receipt is Receipt.AWAY:
                metrics.LOGS_DROPPED.labels(metrics.ENDED).inc(len(batch) + len(self._waiting))
                return
            _count(receipt, len(batch))


def _count(receipt: Receipt, lines: int) -> None:
    if receipt is Receipt.TAKEN:
        metrics.LOGS_SHIPPED.inc(lines)
    else:
        metrics.LOGS_DROPPED.labels(metrics.REFUSED).inc(lines)


def _find_level(number: int) -> str:
    """Return one of five levels: a library may have some of its own, and each would be a stream."""
    return next((name for lowest, name in LEVELS if number >= lowest), "debug")
