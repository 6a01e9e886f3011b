"""/retry, /stop, and messages that were edited."""

from __future__ import annotations

import json
from dataclasses import replace

from botgateway.domain import inbox
from botgateway.domain.bundles import Bundle, next_bundle
from botgateway.domain.buttons import Button, write_action
from botgateway.domain.updates import IncomingMessage, read_incoming
from botgateway.handlers.administration import ADMIN_COMMAND, handle_admin
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.models import InboxUpdate
from botgateway.wording.conversation import ConversationPhrase

RETRY_AREA = "retry"


def handle_edit(conversation: Conversation) -> Handled:
    """Tell what becomes of an edit: the answer stays, another one can be had."""
    edited = conversation.message
    if edited.command == ADMIN_COMMAND:  # a password may have come in by the back door
        return handle_admin(conversation)
    original = _find_original(conversation)
    if original is None or original.text == edited.text or original.command:
        return Handled(message_ids=[])  # a preview was loaded, a place moved on, or it is long gone
    last = find_last_question(conversation)
    if last is None or last.lead.message_id != edited.message_id:
        return answer_with(conversation, ConversationPhrase.EDIT_TOO_OLD)
    button = Button(conversation.say_plain(ConversationPhrase.RETRY_BUTTON), write_action(RETRY_AREA))
    text = conversation.say(ConversationPhrase.EDIT_NOTICED)
    return Handled(message_ids=conversation.answer.deliver(text, ((button,),)))


def handle_stop(conversation: Conversation) -> Handled:
    """Say whether there was anything to stop: the answer under way has ended by now."""
    was_answering = conversation.turn.take_back_stop()
    phrase = ConversationPhrase.STOPPED if was_answering else ConversationPhrase.NOTHING_TO_STOP
    return answer_with(conversation, phrase)


def find_last_question(conversation: Conversation) -> Bundle | None:
    """Return the last question of the chat, in its latest wording."""
    edits: dict[int, str] = {}
    for update in inbox.list_earlier(conversation.update):
        message = read_incoming(json.loads(update.payload))
        if not isinstance(message, IncomingMessage) or message.user_id != conversation.user_id:
            continue
        if message.is_edited:
            edits.setdefault(message.message_id, message.text)
        elif message.command is None and update.joined_to is None:
            return _rebuild(update, edits)
    return None


def _rebuild(lead: InboxUpdate, edits: dict[int, str]) -> Bundle:
    """Put a question together as it was, with the new wording if its first message was edited."""
    bundle = next_bundle([lead, *inbox.list_joined(lead)])
    if isinstance(bundle.incoming, IncomingMessage) and bundle.incoming.message_id in edits:
        bundle.incoming = replace(bundle.incoming, text=edits[bundle.incoming.message_id])
    return bundle


def _find_original(conversation: Conversation) -> IncomingMessage | None:
    for update in inbox.list_earlier(conversation.update):
        if update.message_id == conversation.incoming.message_id:
            message = read_incoming(json.loads(update.payload))
            return message if isinstance(message, IncomingMessage) else None
    return None
