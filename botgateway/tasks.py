"""Celery's part: wake-up calls that say «look at this chat», and the sweeper that makes up for lost ones."""

from __future__ import annotations

import structlog
from celery import shared_task
from celery.exceptions import OperationalError as CeleryOperationalError
from django.db import DatabaseError
from kombu.exceptions import OperationalError
from pymongo.errors import ConnectionFailure, PyMongoError
from redis.exceptions import RedisError

from botgateway import metrics
from botgateway.domain import inbox, turns
from botgateway.domain.turns import Turn
from botgateway.errors import TelegramError, TurnLost
from botgateway.models import InboxUpdate
from botgateway.router import answer_update
from personalization.tasks import compress_user_memory

log = structlog.get_logger(__name__)

BROKER_ERRORS = (OperationalError, CeleryOperationalError, RedisError, ConnectionError)
OUTAGES = (TelegramError, DatabaseError, PyMongoError, RedisError)


@shared_task(name="botgateway.answer_chat")
def answer_chat(chat_id: str) -> None:
    """Answer what is pending in a chat, unless another worker is at it. May be called freely: it is a wake-up call."""
    turns.take_turns(chat_id, lambda turn: _answer_pending(chat_id, turn))


@shared_task(name="botgateway.sweep_inbox")
def sweep_inbox() -> int:
    """Hand chats whose updates have been pending too long to a worker again; return how many."""
    chat_ids = inbox.list_overdue_chats()
    for chat_id in chat_ids:
        wake_chat(chat_id)
    if chat_ids:
        metrics.SWEPT_CHATS.inc(len(chat_ids))
        log.warning("forgotten chats handed over", chats=len(chat_ids))
    return len(chat_ids)


def wake_chat(chat_id: str) -> None:
    """Tell a worker that an answer is due. If the broker is away, the sweeper will tell one later."""
    try:
        answer_chat.apply_async((chat_id,), retry=False, ignore_result=True)
    except BROKER_ERRORS as error:
        metrics.WAKE_FAILURES.inc()
        log.warning("wake-up call not sent", error=type(error).__name__)


def _answer_pending(chat_id: str, turn: Turn) -> None:
    while True:
        updates = inbox.list_pending(chat_id)
        for update in updates:
            if not _answer_one(update, turn):
                return  # order: what follows must wait for this one
        if len(updates) < inbox.BATCH_UPDATES:
            return


def _answer_one(update: InboxUpdate, turn: Turn) -> bool:
    """Answer one update; return False if it has to be tried again later."""
    structlog.contextvars.bind_contextvars(trace_id=update.trace_id)
    try:
        handled = answer_update(update, turn)
    except TurnLost:
        log.warning("turn lost, left to the next worker", update_id=update.update_id)
        return False
    except OUTAGES as error:
        log.warning("answer postponed", update_id=update.update_id, error=type(error).__name__)
        if not _is_permanent(error):
            _note_outage(turn, update)
        return False
    except Exception:
        log.exception("answer failed", update_id=update.update_id)
        return False
    finally:
        structlog.contextvars.unbind_contextvars("trace_id")
    if handled.compress_user_id:
        _compress_later(handled.compress_user_id)
    return True


def _is_permanent(error: Exception) -> bool:
    """Tell whether another attempt would fail in the same way: such attempts count, and end in an apology."""
    if isinstance(error, TelegramError):
        return not error.is_transient
    if isinstance(error, DatabaseError):  # what the backend makes of pymongo's, away or refusing
        return isinstance(error.__cause__, PyMongoError) and not isinstance(
            error.__cause__, ConnectionFailure
        )
    return False


def _note_outage(turn: Turn, update: InboxUpdate) -> None:
    try:
        turn.note_outage(str(update.pk))
    except RedisError:
        log.warning("outage not noted, the attempt will count", update_id=update.update_id)


def _compress_later(user_id: str) -> None:
    try:
        compress_user_memory.apply_async((user_id,), retry=False, ignore_result=True)
    except BROKER_ERRORS as error:
        log.warning("compression not requested, the next message will", error=type(error).__name__)
