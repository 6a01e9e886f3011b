"""Prepare one update: at most one worker at a time, a few attempts, and an outcome in every case."""

from __future__ import annotations

import json
from collections.abc import Callable

import structlog
from django.conf import settings
from redis.exceptions import LockError
from redis.lock import Lock

import tracing
from botgateway.delivery.telegram import telegram_client
from botgateway.delivery.typing_sign import typing_shown
from botgateway.domain import reports
from botgateway.domain.preparation import (
    FILES_QUEUE,
    SPEECH_QUEUE,
    Preparation,
    find_queue,
    read_preparation,
    write_preparation,
)
from botgateway.domain.updates import IncomingMessage, read_incoming
from botgateway.enums import UpdateStatus
from botgateway.errors import OUTAGES, TelegramError
from botgateway.models import InboxUpdate
from botgateway.preparers.files import prepare_file
from botgateway.preparers.voice import prepare_voice
from heartbeat import heartbeat
from redis_connection import redis_client

log = structlog.get_logger(__name__)

RENEWALS_PER_LEASE = 3
MAX_ATTEMPTS = 3  # a recording or a file that kills its worker must not do so for ever
COUNT_TTL_S = 86_400
ASKED_TTL_S = 600  # a request that has waited longer in its queue is repeated; it may have been lost
FAILED = "failed"  # a phrase of both areas, voice and files

Preparer = Callable[[InboxUpdate, IncomingMessage], Preparation]

PREPARERS: dict[str, Preparer] = {SPEECH_QUEUE: prepare_voice, FILES_QUEUE: prepare_file}


def is_request_due(update_key: str) -> bool:
    """Tell whether preparing an update has to be asked for (again): not while it waits in its queue or is under way.

    A second request, taken by the very worker that is killed over the first, would be waited for until its mark goes.
    """
    if redis_client().exists(_lease_key(update_key)):
        return False
    return bool(redis_client().set(_asked_key(update_key), 1, nx=True, ex=ASKED_TTL_S))


def prepare_update(update_key: str) -> str:
    """Prepare an update and return its chat, to be woken; empty if there is nothing to do here.

    Raises `TelegramError`, `DatabaseError` or `RedisError` when that was for an outage: it is to be tried again.
    """
    redis_client().delete(_asked_key(update_key))
    update = InboxUpdate.objects.filter(pk=update_key, status=UpdateStatus.PENDING).first()
    if update is None or not update.payload:
        return ""
    message = read_incoming(json.loads(update.payload))
    if not isinstance(message, IncomingMessage) or read_preparation(update):
        return update.chat_id
    lease = Lock(redis_client(), _lease_key(update_key), timeout=settings.TURN_LEASE_S, thread_local=False)
    if not lease.acquire(blocking=False):
        return ""
    with structlog.contextvars.bound_contextvars(trace_id=update.trace_id):
        try:
            with heartbeat.every(settings.TURN_LEASE_S / RENEWALS_PER_LEASE, lambda: _renew(lease)):
                write_preparation(update, _prepare(update, message))
        finally:
            _let_go(lease)
    return update.chat_id


def _prepare(update: InboxUpdate, message: IncomingMessage) -> Preparation:
    """Return an outcome in every case but an outage. What fails without one would fail again."""
    count_key = f"preparation-attempts:{update.pk}"
    if _count_attempt(count_key) > MAX_ATTEMPTS:
        log.error("preparation given up", update_id=update.update_id)
        return Preparation(failure=FAILED)
    try:
        return _prepare_visibly(update, message)
    except OUTAGES as error:
        if isinstance(error, TelegramError) and not error.is_transient:
            log.warning("preparation refused", update_id=update.update_id, error=type(error).__name__)
            return Preparation(failure=FAILED)
        redis_client().decr(count_key)  # no fault of the recording's or the file's
        raise
    except Exception as error:
        log.exception("preparation failed", update_id=update.update_id)
        reports.report_error(error, trace_id=update.trace_id)  # the sweeper has it delivered
        return Preparation(failure=FAILED)


def _count_attempt(count_key: str) -> int:
    """Count an attempt before it begins: one that kills its worker has no other chance to be counted."""
    with redis_client().pipeline() as together:
        together.incr(count_key)
        together.expire(count_key, COUNT_TTL_S)
        attempts, _ = together.execute()
    return int(attempts)


def _prepare_visibly(update: InboxUpdate, message: IncomingMessage) -> Preparation:
    queue = find_queue(message)
    with (
        tracing.span("prepare", trace_id=update.trace_id, update_id=update.update_id, queue=queue),
        typing_shown(telegram_client(), message.chat_id),
    ):
        preparation = PREPARERS[queue](update, message)
        tracing.note(failure=preparation.failure or None)
    return preparation


def _asked_key(update_key: str) -> str:
    return f"preparation-asked:{update_key}"


def _lease_key(update_key: str) -> str:
    return f"preparation:{update_key}"


def _renew(lease: Lock) -> None:
    lease.reacquire()


def _let_go(lease: Lock) -> None:
    try:
        lease.release()
    except LockError:
        log.warning("preparation's lease had run out")
