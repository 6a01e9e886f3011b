"""Celery's part of digests: what is due is written and reviewed by lanes, in slices that leave room to others."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from digests.domain.due import DueDay, list_due_days, list_unreviewed
from digests.domain.reviews import review_digest
from digests.domain.spending import Spending
from digests.domain.writing import lease_key, note_crash, write_digest
from digests.models import Digest
from leases import LeaseTaken, holding
from llm.catalogue import find_route
from llm.chain import Chain, configured_chain
from llm.registry import configured_registry
from llm.route import Route
from task_calls import send_call

log = structlog.get_logger(__name__)

QUEUE = "digests"
SLICE_S = 60.0
OUTAGES = (DatabaseError, PyMongoError, RedisError)

_worker_ends = threading.Event()


@shared_task(name="digests.write_due_digests")
def write_due_digests() -> None:
    """Have every lane look for days whose digest is due. May be called freely."""
    for lane in range(settings.DIGEST_CONCURRENCY):
        send_call(write_lane.name, lane, queue=QUEUE)


@shared_task(name="digests.write_lane")
def write_lane(lane: int) -> int:
    """Write and review what is due in a lane, unless another worker is at it; return how many days were seen to."""
    seen_to = 0
    ends_at = time.monotonic() + SLICE_S
    try:
        with holding(f"digests:{lane}") as lease:
            for see_to in _list_work(lane):
                if _worker_ends.is_set() or lease.is_lost:
                    return seen_to
                if time.monotonic() > ends_at:
                    break
                see_to()
                seen_to += 1
            else:
                return seen_to
    except LeaseTaken:
        return seen_to
    except OUTAGES as error:
        log.warning("digests postponed", lane=lane, error=type(error).__name__)
        return seen_to
    send_call(write_lane.name, lane, queue=QUEUE)
    return seen_to


@worker_shutting_down.connect
def end_writing(**_: Any) -> None:
    """Let a lane end with the day it is at."""
    _worker_ends.set()


def _list_work(lane: int) -> Iterator[Callable[[], object]]:
    """Yield what is to be done: digests first, which somebody waits for."""
    lanes = settings.DIGEST_CONCURRENCY
    for due in list_due_days(timezone.now(), lane=lane, lanes=lanes):
        yield partial(_traced, _write, due)
    reviewer = configured_registry().reviewer
    if reviewer is None:
        return
    chain = configured_chain(Route(reviewer, reviewer))
    for digest in list_unreviewed(timezone.now(), reviewer, lane=lane, lanes=lanes):
        yield partial(_traced, _review, digest, chain)


def _traced(see_to: Callable[..., object], *arguments: object) -> None:
    trace_id = uuid.uuid4().hex
    with structlog.contextvars.bound_contextvars(trace_id=trace_id):
        see_to(*arguments, trace_id=trace_id)


def _write(due: DueDay, *, trace_id: str) -> None:
    """Write a digest unless somebody's /digest is at it; what goes wrong with one holds up no other."""
    channel, day = due.channel, due.day
    spending = Spending()
    try:
        with holding(lease_key(channel.channel_id, day)):
            chain = configured_chain(find_route(""))
            write_digest(channel, day, chain=chain, trace_id=trace_id, spending=spending)
    except LeaseTaken:
        return
    except OUTAGES:
        raise
    except Exception:
        log.exception("digest crashed", channel_id=channel.channel_id, day=day.isoformat())
        note_crash(channel, day, spending=spending, trace_id=trace_id)


def _review(digest: Digest, chain: Chain, *, trace_id: str) -> None:
    try:
        review_digest(digest, chain=chain, trace_id=trace_id)
    except OUTAGES:
        raise
    except Exception:
        log.exception("review crashed", channel_id=digest.channel_id, day=digest.day)
