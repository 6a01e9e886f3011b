"""From an update to its handler: access first, then the kind of message, and what becomes of failures."""

from __future__ import annotations

import json
from collections.abc import Callable

import structlog
from django.conf import settings

from botgateway.delivery.answer import Answer
from botgateway.delivery.telegram import telegram_client
from botgateway.domain import inbox
from botgateway.domain.access import check_access
from botgateway.domain.phrases import Phrase
from botgateway.domain.turns import Attempt, Turn
from botgateway.domain.updates import IncomingMessage, read_message
from botgateway.enums import AccessState
from botgateway.errors import ChatUnreachable, TelegramError
from botgateway.handlers.commands import COMMANDS, handle_blank, handle_other_content, handle_unknown_command
from botgateway.handlers.conversation import Conversation, Handled
from botgateway.handlers.text import handle_text
from botgateway.models import InboxUpdate

log = structlog.get_logger(__name__)

Handler = Callable[[Conversation], Handled]


def answer_update(update: InboxUpdate, turn: Turn) -> Handled:
    """Answer one update and mark it so. Raises what a later attempt may mend: `TelegramError`, `TurnLost`, …"""
    message = read_message(json.loads(update.payload))
    if message is None:
        inbox.mark_answered(update, [])
        return Handled([])
    attempt = turn.begin_attempt(str(update.pk))
    conversation = _open_conversation(update, message, turn, is_repeated=attempt is not Attempt.FIRST)
    if attempt is Attempt.AFTER_FAILURE and not inbox.count_failed_attempt(update):
        return _park(update, conversation)
    try:
        handled = choose_handler(message)(conversation)
    except ChatUnreachable:
        log.info("chat unreachable", update_id=update.update_id)
        handled = Handled(conversation.answer.message_ids)
    inbox.mark_answered(update, handled.message_ids)
    return handled


def choose_handler(message: IncomingMessage) -> Handler:
    """Return what answers this message; nobody without access gets past the first lines."""
    access = check_access(message)
    if access is not AccessState.APPROVED:
        return _handle_access_denied(access)
    if message.command is not None:
        return COMMANDS.get(message.command, handle_unknown_command)
    if not message.text:
        return handle_other_content
    return handle_text if message.text.strip() else handle_blank


def _handle_access_denied(state: AccessState) -> Handler:
    phrase = Phrase.ACCESS_PENDING if state is AccessState.PENDING else Phrase.ACCESS_REFUSED

    def handle(conversation: Conversation) -> Handled:
        return Handled(conversation.answer.deliver(conversation.say(phrase)))

    return handle


def _open_conversation(
    update: InboxUpdate, message: IncomingMessage, turn: Turn, *, is_repeated: bool
) -> Conversation:
    client = telegram_client()
    answer = Answer(
        client,
        message.chat_id,
        record=lambda message_ids: inbox.record_answer_messages(update, message_ids),
        find_newest_id=lambda: max(message.message_id, inbox.find_last_answer_id(update.chat_id)),
        find_latest_id=lambda: inbox.find_latest_message_id(since=update.received_at),
        shown_ids=update.answer_message_ids,
        is_repeated=is_repeated,
        before_sending=turn.ensure_held,
    )
    return Conversation(
        message=message,
        answer=answer,
        client=client,
        key=f"update:{update.pk}",
        trace_id=update.trace_id,
        is_repeated=is_repeated,
    )


def _park(update: InboxUpdate, conversation: Conversation) -> Handled:
    """Give up after repeated failures: an apology to the person, a report to the admins, and on with the chat."""
    inbox.park_update(update)
    try:
        inbox.record_answer_messages(update, conversation.answer.deliver(conversation.say(Phrase.PARKED)))
    except TelegramError as error:
        log.warning("apology not delivered", update_id=update.update_id, error=type(error).__name__)
    if settings.ADMIN_CHAT_ID:
        _report_to_admins(update, conversation)
    return Handled(conversation.answer.message_ids)


def _report_to_admins(update: InboxUpdate, conversation: Conversation) -> None:
    report = f"Update {update.update_id} was given up after {update.attempts} attempts. Trace id: {update.trace_id}"
    try:
        conversation.client.send_message(settings.ADMIN_CHAT_ID, report, is_html=False)
    except TelegramError as error:
        log.warning("report not delivered", update_id=update.update_id, error=type(error).__name__)
