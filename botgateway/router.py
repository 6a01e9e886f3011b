"""From an update to its handler: access first, then the kind of message, and what becomes of failures."""

from __future__ import annotations

from functools import partial

import structlog

import tracing
from botgateway.delivery.answer import Answer
from botgateway.delivery.telegram import telegram_client
from botgateway.domain import inbox, limits, reports
from botgateway.domain.access import check_access
from botgateway.domain.bundles import Bundle
from botgateway.domain.buttons import read_action
from botgateway.domain.channel_updates import ChannelUpdate
from botgateway.domain.preparation import FILES_QUEUE, SPEECH_QUEUE, find_queue
from botgateway.domain.turns import Attempt, Turn
from botgateway.domain.updates import ButtonPress, Incoming, IncomingMessage
from botgateway.enums import AccessState
from botgateway.errors import ChatUnreachable, NotPrepared, SendLater, TelegramError
from botgateway.handlers.access import handle_stranger
from botgateway.handlers.again import RETRY_AREA, handle_edit
from botgateway.handlers.buttons import handle_press
from botgateway.handlers.channels import handle_channel_update
from botgateway.handlers.commands import (
    COMMANDS,
    IN_GROUPS,
    Handler,
    handle_private_only,
    handle_unknown_command,
    handle_unreadable,
)
from botgateway.handlers.conversation import Conversation, Handled
from botgateway.handlers.files import forget_files, handle_files
from botgateway.handlers.limits import handle_refused_by_limits
from botgateway.handlers.question import handle_text, handle_voice
from botgateway.handlers.retry import handle_retry
from botgateway.models import InboxUpdate
from botgateway.wording.general import GeneralPhrase

log = structlog.get_logger(__name__)

NOTHING = Handled(message_ids=[])
CONTENT: dict[str, Handler] = {SPEECH_QUEUE: handle_voice, FILES_QUEUE: handle_files}
PREPARED = tuple(CONTENT.values())
QUESTIONS: tuple[Handler, ...] = (handle_text, *PREPARED, handle_retry)


def answer_bundle(bundle: Bundle, turn: Turn) -> Handled:
    """Answer what came in and mark it so.

    Raises what a later attempt may mend (`TelegramError`, `TurnLost`, …), and `NotPrepared`.
    """
    if bundle.channel_update is not None:
        return _take(bundle.lead, bundle.channel_update, turn)
    incoming = bundle.incoming
    if incoming is None or not (incoming.is_private or _is_addressed(incoming)):
        inbox.mark_ignored(bundle.updates)
        return NOTHING
    access = check_access(incoming)
    handler = choose_handler(incoming) if access is AccessState.APPROVED else handle_stranger
    if handler in QUESTIONS or (handler is handle_press and _asks_again(incoming)):
        handler = _within_limits(handler, bundle)
    if handler in PREPARED and (unprepared := bundle.list_unprepared()):
        raise NotPrepared([(str(update.pk), queue) for update, queue in unprepared])
    return _answer(handler, bundle, turn, is_stranger=access is not AccessState.APPROVED)


def choose_handler(incoming: Incoming) -> Handler:
    """Return what answers somebody who has access."""
    if isinstance(incoming, ButtonPress):
        return handle_press
    if not isinstance(incoming, IncomingMessage):
        return handle_unreadable
    if incoming.is_edited:
        return handle_edit
    if incoming.command is not None:
        if not incoming.is_private and incoming.command not in IN_GROUPS:
            return handle_private_only
        return COMMANDS.get(incoming.command, handle_unknown_command)
    return CONTENT.get(find_queue(incoming), handle_unreadable) if incoming.attachment else handle_text


def _take(lead: InboxUpdate, update: ChannelUpdate, turn: Turn) -> Handled:
    """Take in what a channel sent: nobody asks for access there, and nobody is answered."""
    attempt = turn.begin_attempt(str(lead.pk))
    _trace_attempt(lead, attempt, handle_channel_update.__name__)
    if attempt is Attempt.AFTER_FAILURE:
        inbox.count_failed_attempt(lead)
    if lead.attempts >= inbox.MAX_ATTEMPTS:
        inbox.park_update(lead)
        chats = reports.report_once("update of a channel given up", lead.kind, trace_id=lead.trace_id)
        return Handled(message_ids=[], notice_chats=chats)
    taken = handle_channel_update(update)
    inbox.mark_taken(lead, is_kept=taken.is_kept)
    return Handled(message_ids=[], notice_chats=taken.notice_chats)


def _within_limits(handler: Handler, bundle: Bundle) -> Handler:
    """Return the handler, or what answers somebody who has asked enough for now."""
    refusal = limits.admit(bundle.lead.user_id, question_key=str(bundle.lead.pk))
    return partial(handle_refused_by_limits, refusal=refusal) if refusal else handler


def _answer(handler: Handler, bundle: Bundle, turn: Turn, *, is_stranger: bool) -> Handled:
    lead = bundle.lead
    attempt = turn.begin_attempt(str(lead.pk))
    _trace_attempt(lead, attempt, _name(handler))
    conversation = _open_conversation(bundle, turn, attempt, is_stranger=is_stranger)
    if attempt is Attempt.AFTER_FAILURE:
        inbox.count_failed_attempt(lead)
    if lead.attempts >= inbox.MAX_ATTEMPTS:
        return _park(bundle, conversation)
    if attempt is Attempt.FIRST and bundle.others:
        inbox.join_updates(lead, bundle.others)
    try:
        handled = _deliver_undelivered(conversation) or handler(conversation)
    except SendLater as later:
        inbox.keep_undelivered(lead, later.kept)
        raise
    except ChatUnreachable:
        log.info("chat unreachable", update_id=lead.update_id)
        handled = Handled(message_ids=conversation.answer.message_ids)
    if isinstance(bundle.incoming, ButtonPress):
        _end_press(conversation, handled.toast)
    _end_question(conversation)
    inbox.mark_answered(lead, handled.message_ids, is_scrubbed=handled.is_scrubbed)
    return handled


def _trace_attempt(lead: InboxUpdate, attempt: Attempt, handler: str) -> None:
    """Say who answers, and how long the update has waited: for those before it, its rest, its preparation."""
    if attempt is Attempt.FIRST:
        tracing.record("wait for its turn", started_at=lead.received_at, trace_id=lead.trace_id)
    tracing.note(handler=handler, attempt=attempt.name.lower())


def _name(handler: Handler) -> str:
    return handler.func.__name__ if isinstance(handler, partial) else getattr(handler, "__name__", "")


def _deliver_undelivered(conversation: Conversation) -> Handled | None:
    """Deliver an answer that was complete before, and that Telegram did not take then."""
    message_ids = conversation.answer.deliver_kept()
    return None if message_ids is None else Handled(message_ids=message_ids)


def _end_press(conversation: Conversation, toast: str) -> None:
    """End the wait that the button shows. Telegram gives it up by itself, so a failure changes nothing."""
    try:
        conversation.client.answer_press(conversation.press.query_id, toast)
    except TelegramError as error:
        log.info("press not ended", error=type(error).__name__)


def _end_question(conversation: Conversation) -> None:
    """Do what comes before the mark on the first update, which is what a crash leaves."""
    forget_files(conversation)
    if conversation.bundle.others:
        inbox.mark_joined_answered(conversation.bundle.others)


def _open_conversation(bundle: Bundle, turn: Turn, attempt: Attempt, *, is_stranger: bool) -> Conversation:
    update, incoming = bundle.lead, bundle.incoming
    assert incoming is not None  # noqa: S101  # such a bundle gets no answer
    client = telegram_client()
    is_press = isinstance(incoming, ButtonPress)
    answer = Answer(
        client,
        incoming.chat_id,
        record=lambda message_ids: inbox.record_answer_messages(update, message_ids),
        find_newest_id=lambda: max(incoming.message_id, inbox.find_last_answer_id(update.chat_id)),
        find_latest_id=lambda: inbox.find_latest_message_id(update.chat_id, since=update.received_at),
        shown_ids=update.answer_message_ids or ([incoming.message_id] if is_press else []),
        is_repeated=attempt in (Attempt.AFTER_FAILURE, Attempt.AFTER_OUTAGE),
        before_sending=partial(turn.ensure_held, is_undone=partial(inbox.is_pending, update)),
        reply_to_message_id=0 if incoming.is_private else incoming.message_id,
        kept=update.undelivered,
    )
    return Conversation(
        incoming=incoming,
        answer=answer,
        client=client,
        bundle=bundle,
        turn=turn,
        is_repeated=attempt is not Attempt.FIRST,
        is_stranger=is_stranger,
    )


def _park(bundle: Bundle, conversation: Conversation) -> Handled:
    """Give up after repeated failures: an apology to the person, a report to the admins, and on with the chat."""
    lead = bundle.lead
    if lead.attempts == inbox.MAX_ATTEMPTS:  # beyond them the apology itself has failed
        _apologise(lead, conversation)
    _end_question(conversation)
    inbox.park_update(lead)
    chats = reports.report_parked_update(lead)
    return Handled(message_ids=conversation.answer.message_ids, notice_chats=chats)


def _apologise(lead: InboxUpdate, conversation: Conversation) -> None:
    """Raises `SendLater`: the apology is tried again, the question is not."""
    try:
        message_ids = conversation.answer.deliver(conversation.say(GeneralPhrase.PARKED))
        inbox.record_answer_messages(lead, message_ids)
    except SendLater:
        raise
    except TelegramError as error:
        log.warning("apology not delivered", update_id=lead.update_id, error=type(error).__name__)


def _asks_again(incoming: Incoming) -> bool:
    """Tell whether a press asks for another answer."""
    return isinstance(incoming, ButtonPress) and read_action(incoming.data)[0] == RETRY_AREA


def _is_addressed(incoming: Incoming) -> bool:
    """Tell whether something said in a group is said to Butler."""
    if isinstance(incoming, ButtonPress):
        return True
    if not isinstance(incoming, IncomingMessage):
        return False
    client = telegram_client()
    is_named = f"@{client.username}" in incoming.mentions or incoming.addressee == client.username
    return is_named or incoming.replied_bot_id == client.bot_id
