"""Background work of the Butler core."""

from __future__ import annotations

import threading
from typing import Any

import structlog
from celery import Task, shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from llm.catalogue import find_route
from llm.chain import configured_chain
from personalization import metrics
from personalization.domain import files
from personalization.domain.compression import Status, compress_memory
from personalization.domain.compression_lock import RunUnderWay
from personalization.domain.compression_records import forget_request
from personalization.domain.compression_run import (
    CompressionRunner,
    RunOutcome,
    find_last_success,
    is_run_unfinished,
)

log = structlog.get_logger(__name__)

MODEL_RETRIES = 3
FIRST_RETRY_S = 10  # doubled each time: 10 s, 20 s, 40 s before the model counts as staying down
RUN_RETRIES = 5
FIRST_RUN_RETRY_S = 60  # doubled up to 16 min: below the hour after which Redis hands a waiting task out anew
OUTAGES = (DatabaseError, PyMongoError, RedisError)
OFF = "off"

_worker_ends = threading.Event()


@shared_task(name="personalization.compress_user_memory", bind=True, max_retries=MODEL_RETRIES)
def compress_user_memory(self: Task, user_id: str) -> str:
    """Compress one person's memory; the model's outage is waited out, then the extractive summary serves."""
    has_waited = self.request.retries >= MODEL_RETRIES
    status = Status.CRASHED
    try:
        chain = configured_chain(find_route(""))
        status = compress_memory(user_id, chain=chain, is_extractive_allowed=has_waited).status
    finally:
        is_to_wait = status is Status.UNAVAILABLE and not has_waited
        if not is_to_wait:
            forget_request(user_id)
    if is_to_wait:
        raise self.retry(countdown=FIRST_RETRY_S * 2**self.request.retries)
    return status.value


@shared_task(
    name="personalization.compress_memories",
    bind=True,
    autoretry_for=OUTAGES,
    max_retries=RUN_RETRIES,
    retry_backoff=FIRST_RUN_RETRY_S,
    retry_backoff_max=FIRST_RUN_RETRY_S * 2**RUN_RETRIES,
    retry_jitter=False,
)
def compress_memories(self: Task, *, only_unfinished: bool = False) -> str:
    """Compress everybody's memory that has passed its cap; return the run's outcome.

    `only_unfinished`: if the last run did not come to its end. May run for hours, and longer than the broker waits
    for an acknowledgement: the task that it hands out anew finds the lock taken, and goes.
    """
    if not settings.PERSONALIZATION_ENABLED or (only_unfinished and not is_run_unfinished()):
        return OFF
    runner = CompressionRunner(configured_chain(find_route("")), is_ending=_worker_ends.is_set)
    try:
        return runner.run().outcome
    except RunUnderWay:
        return RunOutcome.OVERLAPPED.value


@shared_task(name="personalization.expire_files")
def expire_files() -> int:
    """Delete the files that have grown too old; return how many."""
    return files.expire_files()


@worker_shutting_down.connect
def end_compressing(**_: Any) -> None:
    """Let a run end with the people it is at: the worker waits for it."""
    _worker_ends.set()


@worker_ready.connect
def take_up_compression(**_: Any) -> None:
    """Go on with a run that ended with its worker, when the lease it held has run out."""
    compress_memories.apply_async(
        kwargs={"only_unfinished": True},
        queue="background",
        countdown=settings.TURN_LEASE_S + 1,
        retry=False,
    )


@worker_ready.connect
def show_last_success(**_: Any) -> None:
    """Have the metrics tell of runs before this worker's start."""
    try:
        succeeded_at = find_last_success()
    except DatabaseError as error:
        log.warning("last compression run unknown", error=type(error).__name__)
        return
    if succeeded_at is not None:
        metrics.COMPRESSION_LAST_SUCCESS.set(succeeded_at.timestamp())
