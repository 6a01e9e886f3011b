"""Notices on their way to a chat: each becomes one message, edited when it is revised."""

from __future__ import annotations

from functools import partial

import structlog
from django.conf import settings

import tracing
from botgateway.delivery.answer import Answer
from botgateway.delivery.telegram import telegram_client
from botgateway.domain import inbox, notices
from botgateway.domain.buttons import keyboard_from_json
from botgateway.domain.turns import Turn
from botgateway.errors import (
    ChatUnreachable,
    SendLater,
    TelegramError,
    TelegramUnavailable,
    TooManyRequests,
    TurnLost,
)
from botgateway.models import Notice

log = structlog.get_logger(__name__)

PAUSE_S = 15.0  # until the next attempt while Telegram is away
SHORTEST_PAUSE_S = 0.05
UNREACHABLE_PAUSE_S = 3_600.0


def deliver_notices(chat_id: str, turn: Turn) -> float:
    """Deliver what waits in a chat whose turn is held; return in how many seconds to try again, 0 if all is done."""
    while due := notices.list_due(chat_id):
        for notice in due:
            with tracing.span("deliver notice", trace_id=notice.trace_id, earlier_attempts=notice.attempts):
                pause_s = _deliver(notice, turn)
            if pause_s:
                return pause_s
    return 0.0


def _deliver(notice: Notice, turn: Turn) -> float:
    """Deliver one notice or give it up; return how long to wait if neither is possible now."""
    answer = _open_answer(notice, turn)
    if not notices.begin_delivery(notice):
        return 0.0
    try:
        message_ids = answer.deliver(notice.text, keyboard_from_json(notice.keyboard))
    except TurnLost:
        log.warning("turn lost, notices left to the next worker", chat_id=notice.chat_id)
        return PAUSE_S
    except TelegramError as error:
        return _postpone_or_give_up(notice, error)
    notices.mark_sent(notice, message_ids)
    return 0.0


def _postpone_or_give_up(notice: Notice, error: TelegramError) -> float:
    if not error.is_transient and not _may_be_reached_later(notice, error):
        notices.give_up(notice, reason=type(error).__name__)
        return 0.0
    pause_s = _choose_pause_s(error)
    may_be_sent = (
        error.may_be_sent if isinstance(error, SendLater) else isinstance(error, TelegramUnavailable)
    )
    notices.postpone(notice, pause_s=pause_s, may_be_sent=may_be_sent)
    log.warning("notice postponed", notice=str(notice.pk), error=type(error).__name__)
    return pause_s


def _may_be_reached_later(notice: Notice, error: TelegramError) -> bool:
    """An admin who has yet to write to the bot, or a group that has yet to let it in, will want to know."""
    return isinstance(error, ChatUnreachable) and int(notice.chat_id) in settings.ADMIN_CHAT_IDS


def _choose_pause_s(error: TelegramError) -> float:
    if isinstance(error, SendLater):
        return max(error.delay_s, SHORTEST_PAUSE_S)
    if isinstance(error, ChatUnreachable):
        return UNREACHABLE_PAUSE_S
    return error.retry_after_s if isinstance(error, TooManyRequests) else PAUSE_S


def _open_answer(notice: Notice, turn: Turn) -> Answer:
    return Answer(
        telegram_client(),
        int(notice.chat_id),
        record=lambda message_ids: notices.record_messages(notice, message_ids),
        find_newest_id=lambda: notices.find_newest_message_id(notice),
        find_latest_id=lambda: inbox.find_latest_message_id(notice.chat_id, since=notice.created_at),
        shown_ids=notice.message_ids,
        is_repeated=notice.attempts > 0,
        before_sending=partial(turn.ensure_held, is_undone=partial(notices.is_waiting, notice)),
    )
