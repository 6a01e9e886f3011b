"""Celery's part: wake-up calls that say «look at this chat», and the sweeper that makes up for lost ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from celery import Task, shared_task
from celery.signals import task_failure
from django.db import DatabaseError
from django.utils import timezone
from pymongo.errors import ConnectionFailure, PyMongoError
from redis.exceptions import RedisError

import tracing
from botgateway import metrics
from botgateway.broadcast_tasks import wake_broadcasts
from botgateway.calls import call
from botgateway.delivery import notices as delivery
from botgateway.delivery import pace
from botgateway.domain import channel_notices, decisions, inbox, notices, reports, turns
from botgateway.domain.bundles import Bundle, find_time_to_wait_s, next_bundle
from botgateway.domain.catalogue_notices import tell_admins
from botgateway.domain.inbox import Acceptance
from botgateway.domain.turns import Turn
from botgateway.errors import OUTAGES, NotPrepared, SendLater, TelegramError, TurnLost
from botgateway.models import InboxUpdate
from botgateway.preparers import prepare
from botgateway.router import answer_bundle
from llm.catalogue import refresh_models as refresh_catalogue
from personalization.tasks import compress_user_memory

log = structlog.get_logger(__name__)

REFRESH_RETRIES = 5
FIRST_REFRESH_RETRY_S = (
    150  # doubled each time, below the hour after which Redis hands a waiting task out anew
)

Look = Callable[[str, Turn], None]


@shared_task(name="botgateway.answer_chat")
def answer_chat(chat_id: str) -> None:
    """Answer what is pending in a chat, unless another worker is at it. May be called freely: it is a wake-up call."""
    _look_after(chat_id, _answer_pending)


@shared_task(name="botgateway.deliver_notices")
def deliver_notices(chat_id: str) -> None:
    """Deliver the notices that wait in a chat, unless another worker is at it; a wake-up call as well."""
    _look_after(chat_id, _deliver_notices)


@shared_task(name="botgateway.sweep_inbox")
def sweep_inbox() -> int:
    """Hand chats whose updates have been pending too long to a worker again; return how many.

    The same for their notices, after what a decision about access or a channel has left undone, and for broadcasts.
    """
    chat_ids = _leave_out_waiting(inbox.list_overdue_chats())
    for chat_id in chat_ids:
        wake_chat(chat_id)
    if chat_ids:
        metrics.SWEPT_CHATS.inc(len(chat_ids))
        log.warning("forgotten chats handed over", chats=len(chat_ids))
    unfinished = {*decisions.finish_decisions(), *channel_notices.tell_of_all()}
    wake_notices({*unfinished, *notices.list_overdue_chats()})
    wake_broadcasts()
    return len(chat_ids)


@shared_task(name="botgateway.prepare_update")
def prepare_update(update_key: str) -> None:
    """Read a voice message or a file, then have it answered. May be lost or doubled: the sweeper asks again."""
    try:
        chat_id = prepare.prepare_update(update_key)
    except OUTAGES as error:
        log.warning("preparation postponed", error=type(error).__name__)
        return
    if chat_id:
        wake_chat(chat_id)


@shared_task(
    name="botgateway.refresh_models",
    bind=True,
    autoretry_for=OUTAGES,
    max_retries=REFRESH_RETRIES,
    default_retry_delay=FIRST_REFRESH_RETRY_S,
)
def refresh_models(self: Task, only: list[str] | None = None) -> None:
    """Ask every provider, or those in `only`, for its models, and tell the admins what has changed.

    Who does not answer is asked again for over an hour: a model of the house's own may take minutes to start.
    """
    notice_chats: list[str] = []
    differences = refresh_catalogue(only=only, tell=lambda found: notice_chats.extend(tell_admins(found)))
    wake_notices(notice_chats)
    failed = [change.provider for change in differences.asked if change.failure]
    if failed and self.request.retries < REFRESH_RETRIES:
        raise self.retry(kwargs={"only": failed}, countdown=FIRST_REFRESH_RETRY_S * 2**self.request.retries)


@task_failure.connect
def report_failed_task(*, exception: BaseException | None = None, **_: Any) -> None:
    """Tell the admins of a task of any app that came to nothing for a reason of its own; Celery has logged it."""
    if exception is not None and not isinstance(exception, OUTAGES):
        wake_notices(reports.report_error(exception))


def act_on(acceptance: Acceptance) -> None:
    """Set in motion what a newly stored update asks for. If the broker is away, the sweeper will do so later."""
    if not acceptance.chat_id:
        return
    if acceptance.is_stop:
        try:
            turns.ask_to_stop(acceptance.chat_id)
        except RedisError as error:
            log.warning("stop not passed on", error=type(error).__name__)
    wake_chat(acceptance.chat_id)


def wake_chat(chat_id: str, *, delay_s: float = 0.0) -> None:
    """Tell a worker that an answer is due, now or in `delay_s` seconds."""
    call(answer_chat.name, chat_id, countdown=delay_s or None)


def wake_notices(chat_ids: Iterable[str], *, delay_s: float = 0.0) -> None:
    """Tell workers that notices wait in these chats."""
    for chat_id in chat_ids:
        call(deliver_notices.name, chat_id, queue="replies", countdown=delay_s or None)


def _look_after(chat_id: str, first_look: Look) -> None:
    """Do what is due in a chat while holding its turn.

    A note left meanwhile does not say what it is for, so later looks are for answers and notices both.
    """
    looks: tuple[Look, ...] = (first_look,)

    def look(turn: Turn) -> None:
        nonlocal looks
        for one in looks:
            one(chat_id, turn)
        looks = (_answer_pending, _deliver_notices)

    turns.take_turns(chat_id, look)


def _deliver_notices(chat_id: str, turn: Turn) -> None:
    """Deliver the chat's notices; what fails without being given up is left to a later call or to the sweeper."""
    try:
        if delay_s := delivery.deliver_notices(chat_id, turn):
            wake_notices([chat_id], delay_s=delay_s)
    except OUTAGES as error:
        log.warning("notices postponed", chat_id=chat_id, error=type(error).__name__)
    except Exception as error:
        log.exception("notices failed", chat_id=chat_id)
        wake_notices(reports.report_error(error))


def _answer_pending(chat_id: str, turn: Turn) -> None:
    """Answer everything that is pending, in order of arrival; what follows a failure waits for it."""
    while True:
        pending = inbox.list_pending(chat_id)
        is_all = len(pending) < inbox.BATCH_UPDATES
        while pending:
            bundle = next_bundle(pending)
            if wait_s := find_time_to_wait_s(bundle, now=timezone.now()):
                time.sleep(wait_s)
                pending = inbox.list_pending(chat_id)
                continue
            if not _answer_one(bundle, turn):
                return
            pending = [update for update in pending if update not in bundle.updates]
        if is_all:
            return


def _answer_one(bundle: Bundle, turn: Turn) -> bool:
    """Answer one question; return False if it has to be tried again later."""
    update = bundle.lead
    structlog.contextvars.bind_contextvars(trace_id=update.trace_id)
    try:
        with tracing.span(
            "answer update",
            trace_id=update.trace_id,
            expected=(NotPrepared, SendLater),
            update_id=update.update_id,
            updates=len(bundle.updates),
        ):
            handled = answer_bundle(bundle, turn)
    except NotPrepared as unprepared:
        _ask_to_prepare(unprepared)
        return False
    except SendLater as later:
        _wait_for_place(turn, update, later)
        return False
    except TurnLost:
        log.warning("turn lost, left to the next worker", update_id=update.update_id)
        return False
    except OUTAGES as error:
        log.warning("answer postponed", update_id=update.update_id, error=type(error).__name__)
        if not _is_permanent(error):
            _note_outage(turn, update)
        return False
    except Exception as error:
        log.exception("answer failed", update_id=update.update_id)
        wake_notices(reports.report_error(error, trace_id=update.trace_id))
        return False
    finally:
        structlog.contextvars.unbind_contextvars("trace_id")
    if handled.compress_user_id:
        call(compress_user_memory.name, handled.compress_user_id)
    wake_notices(handled.notice_chats)
    return True


def _leave_out_waiting(chat_ids: list[str]) -> list[str]:
    """Leave out chats whose answer waits for its turn at Telegram: they are woken when it comes."""
    try:
        waiting = pace.find_waiting(chat_ids)
    except RedisError:
        return chat_ids
    return [chat_id for chat_id in chat_ids if chat_id not in waiting]


def _wait_for_place(turn: Turn, update: InboxUpdate, later: SendLater) -> None:
    """Come back when it is the chat's turn at Telegram; no worker is held meanwhile."""
    log.info("answer put off", update_id=update.update_id, seconds=round(later.delay_s, 3))
    note = turn.note_outage if later.may_be_sent else turn.note_wait
    try:
        note(str(update.pk))
    except RedisError:
        log.warning("wait not noted, the attempt will count", update_id=update.update_id)
    wake_chat(update.chat_id, delay_s=later.delay_s)


def _ask_to_prepare(unprepared: NotPrepared) -> None:
    for update_key, queue in unprepared.waiting:
        if prepare.is_request_due(update_key):
            call(prepare_update.name, update_key, queue=queue)


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
