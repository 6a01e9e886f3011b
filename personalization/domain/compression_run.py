"""A run over everybody whose memory has passed its cap: a few at a time, each for themselves.

What fails for one person is counted and passed over. Killed anywhere, a run leaves nothing half done: each memory is
compressed in the steps of `domain.compression`, and who is left is found by the next run. Two runs would do no harm
either, but each thing twice; so there is a lease.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from django.conf import settings
from django.db import connections
from django.utils import timezone

from leases import Lease
from llm.chain import Chain
from personalization import metrics
from personalization.domain.compression import FAILURES, Status, compress_memory
from personalization.domain.compression_lock import RunUnderWay, holding_run
from personalization.domain.compression_search import PeopleOverCap, count_people
from personalization.models import CompressionRun

log = structlog.get_logger(__name__)

# From two at night until the first people are up; who is left waits for the next night.
RUN_LIMIT_S = 5 * 3_600
TAKE_UP_WITHIN = timedelta(hours=12)  # of an interrupted run that is older, the next one is near
LOOK_EVERY_S = 1.0  # how often the record is written, and how soon a run ends that is asked to
PROGRESS = ("seen", "found", "processed", "failed")

Watch = Callable[[CompressionRun], object]


class RunOutcome(StrEnum):
    OK = "ok"
    FAILURES = "failures"  # everybody was seen, and some memories stay over their cap
    FAILED = "failed"  # nobody could be compressed
    STOPPED = "stopped"  # at a limit, of time or of people
    INTERRUPTED = "interrupted"  # by the end of its process, or by another run that has taken over
    KILLED = "killed"  # found unfinished by the next run
    CRASHED = "crashed"
    OVERLAPPED = "overlapped"  # with another run: this one was none, and has no record


SUCCESSES = (RunOutcome.OK, RunOutcome.FAILURES)

for _outcome in RunOutcome:
    metrics.COMPRESSION_RUNS.labels(_outcome.value)
for _status in Status:
    metrics.COMPRESSION_USERS.labels(_status.value)


class CompressionRunner:
    """One run. `watch` is called with the record at every look, and at the end, when the record is complete."""

    def __init__(
        self,
        chain: Chain,
        *,
        limit: int | None = None,
        is_extractive_allowed: bool = False,
        is_ending: Callable[[], bool] = lambda: False,
        watch: Watch = lambda _: None,
        limit_s: float = RUN_LIMIT_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._chain = chain
        self._is_extractive_allowed = is_extractive_allowed
        self._is_ending = is_ending
        self._watch = watch
        self._limit_s = limit_s
        self._look_every_s = look_every_s
        self._people = PeopleOverCap(limit=limit)
        self._counts: Counter[Status] = Counter()
        self._lock = threading.Lock()
        self._cut_off: RunOutcome | None = None

    def run(self) -> CompressionRun:
        """Compress everybody over their cap and return the run's record.

        Raises `RunUnderWay` if there is another run, `RedisError` when Redis is away, `DatabaseError` when the
        database is; an exception of anything else is one person's failure.
        """
        started = time.monotonic()
        try:
            with holding_run() as lease:
                record = self._begin()
                try:
                    self._work(lease, record, give_up_at=started + self._limit_s)
                except BaseException as error:
                    is_told = isinstance(error, KeyboardInterrupt | SystemExit)
                    self._end(record, RunOutcome.INTERRUPTED if is_told else RunOutcome.CRASHED, started)
                    raise
                self._end(record, self._judge(), started)
                return record
        except RunUnderWay:
            log.info("compression run left to the one under way")
            metrics.COMPRESSION_RUNS.labels(RunOutcome.OVERLAPPED).inc()
            raise

    @property
    def is_cut_off(self) -> bool:
        """Whether it was told to end with the people it is at."""
        return self._cut_off is not None

    def _begin(self) -> CompressionRun:
        # Whoever holds the lease knows that the others have ended, whatever their records say.
        CompressionRun.objects.filter(outcome="").update(
            outcome=RunOutcome.KILLED, finished_at=timezone.now()
        )
        record = CompressionRun.objects.create(people=count_people())
        log.info("compression run begins", run_id=str(record.pk), people=record.people)
        return record

    def _work(self, lease: Lease, record: CompressionRun, *, give_up_at: float) -> None:
        threads = settings.COMPRESSION_CONCURRENCY
        with ThreadPoolExecutor(threads, thread_name_prefix="compression") as pool:
            try:
                pending = {pool.submit(self._compress_some, lease) for _ in range(threads)}
                while pending:
                    ended, pending = wait(pending, timeout=self._look_every_s)
                    self._raise_first(ended)
                    if pending:
                        self._cut_off_if_due(lease, give_up_at)
                    self._write_progress(record)
            finally:
                self._people.close()

    def _compress_some(self, lease: Lease) -> None:
        """Compress one person after the other, as long as there is somebody left and the run is not to end."""
        try:
            for user_id in self._people:
                status = self._compress_one(user_id)
                metrics.COMPRESSION_USERS.labels(status).inc()
                with self._lock:
                    self._counts[status] += 1
                # Before the next look whoever is quick would begin with somebody else.
                if self._is_interrupted(lease):
                    self._cut(RunOutcome.INTERRUPTED)
        finally:
            connections.close_all()

    def _compress_one(self, user_id: str) -> Status:
        try:
            return compress_memory(
                user_id, chain=self._chain, is_extractive_allowed=self._is_extractive_allowed
            ).status
        except Exception:
            log.exception("compression failed", user_id=user_id)
            return Status.CRASHED

    @staticmethod
    def _raise_first(ended: set[Future[None]]) -> None:
        for future in ended:
            future.result()

    def _cut_off_if_due(self, lease: Lease, give_up_at: float) -> None:
        if self._is_interrupted(lease):
            self._cut(RunOutcome.INTERRUPTED)
        elif time.monotonic() >= give_up_at:
            self._cut(RunOutcome.STOPPED)

    def _is_interrupted(self, lease: Lease) -> bool:
        return lease.is_lost or self._is_ending()

    def _cut(self, outcome: RunOutcome) -> None:
        self._cut_off = self._cut_off or outcome
        self._people.close()

    def _judge(self) -> RunOutcome:
        if self._cut_off is not None:
            return self._cut_off
        if self._people.is_cut_off:
            return RunOutcome.STOPPED
        failed = self._count_failed()
        if not failed:
            return RunOutcome.OK
        return RunOutcome.FAILED if failed == self._counts.total() else RunOutcome.FAILURES

    def _count_failed(self) -> int:
        return sum(self._counts[status] for status in FAILURES)

    def _note_progress(self, record: CompressionRun) -> None:
        with self._lock:
            record.processed, record.failed = self._counts.total(), self._count_failed()
        record.seen, record.found = self._people.seen, self._people.found

    def _write_progress(self, record: CompressionRun) -> None:
        self._note_progress(record)
        record.save(update_fields=PROGRESS)
        self._watch(record)

    def _end(self, record: CompressionRun, outcome: RunOutcome, started: float) -> None:
        seconds = time.monotonic() - started
        self._note_progress(record)  # cut short, it may have come further since it was written last
        record.outcome, record.finished_at = outcome, timezone.now()
        metrics.COMPRESSION_RUNS.labels(outcome).inc()
        metrics.COMPRESSION_RUN_SECONDS.observe(seconds)
        log.info(
            "compression run ends",
            run_id=str(record.pk),
            outcome=outcome,
            processed=record.processed,
            failed=record.failed,
            seconds=round(seconds, 1),
        )
        record.save(update_fields=[*PROGRESS, "outcome", "finished_at"])
        if outcome in SUCCESSES:
            metrics.COMPRESSION_LAST_SUCCESS.set(record.finished_at.timestamp())


def find_last_success() -> datetime | None:
    """Return when the last run ended that saw everybody."""
    succeeded = CompressionRun.objects.filter(outcome__in=SUCCESSES).order_by("-started_at")
    return succeeded.values_list("finished_at", flat=True).first()


def is_run_unfinished() -> bool:
    """Tell whether the last run was killed, or ended with its process, and is worth being taken up."""
    last = CompressionRun.objects.order_by("-started_at").first()
    if last is None or last.started_at < timezone.now() - TAKE_UP_WITHIN:
        return False
    return last.outcome in ("", RunOutcome.INTERRUPTED)
