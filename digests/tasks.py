"""Celery's part of digests: the days that are due, written by lanes, in slices that leave workers to others."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import structlog
from celery import current_app, shared_task
from celery.signals import worker_shutting_down
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from digests.domain.due import DueDay, list_due_days
from digests.domain.writing import write_digest
from leases import LeaseTaken, holding
from llm.catalogue import find_route
from llm.chain import configured_chain

log = structlog.get_logger(__name__)

QUEUE = "digests"
SLICE_S = 60.0
OUTAGES = (DatabaseError, PyMongoError, RedisError)

_worker_ends = threading.Event()


@shared_task(name="digests.write_due_digests")
def write_due_digests() -> None:
    """Have every lane look for days whose digest is due. May be called freely."""
    for lane in range(settings.DIGEST_CONCURRENCY):
        _call(write_lane.name, lane)


@shared_task(name="digests.write_lane")
def write_lane(lane: int) -> int:
    """Write a lane's due digests for some time, unless another worker is at it; return how many were tried."""
    tried = 0
    ends_at = time.monotonic() + SLICE_S
    try:
        with holding(f"digests:{lane}") as lease:
            for due in _list_due(lane):
                if _worker_ends.is_set() or lease.is_lost:
                    return tried
                if time.monotonic() > ends_at:
                    break
                _write(due)
                tried += 1
            else:
                return tried
    except LeaseTaken:
        return tried
    except OUTAGES as error:
        log.warning("digests postponed", lane=lane, error=type(error).__name__)
        return tried
    _call(write_lane.name, lane)
    return tried


@worker_shutting_down.connect
def end_writing(**_: Any) -> None:
    """Let a lane end with the day it is at."""
    _worker_ends.set()


def _list_due(lane: int) -> Iterator[DueDay]:
    return list_due_days(timezone.now(), lane=lane, lanes=settings.DIGEST_CONCURRENCY)


def _write(due: DueDay) -> None:
    trace_id = uuid.uuid4().hex
    with structlog.contextvars.bound_contextvars(trace_id=trace_id):
        write_digest(due.channel, due.day, chain=configured_chain(find_route("")), trace_id=trace_id)


def _call(task_name: str, *arguments: str | int) -> None:
    """Hand a task to the broker; one that is away does no harm, the next sweep makes up for it."""
    try:
        current_app.send_task(task_name, arguments, queue=QUEUE, retry=False, ignore_result=True)
    except (OperationalError, RedisError, ConnectionError) as error:
        log.warning("task not sent", task=task_name, error=type(error).__name__)
