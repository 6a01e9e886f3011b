"""Ordinary text: a personalised reply, shown as it grows."""

from __future__ import annotations

from botgateway.domain.phrases import Phrase
from botgateway.handlers.conversation import Conversation, Handled
from botgateway.heartbeat import heartbeat
from llm.registry import get_provider
from personalization.domain.reply import Question, Reply, find_earlier_reply
from personalization.errors import MessageTooLong, ReplyFailed

TYPING_INTERVAL_S = 4.5  # Telegram shows «typing…» for five seconds


def handle_text(conversation: Conversation) -> Handled:
    """Answer with a personalised reply.

    It is stored before it is delivered, so an attempt that follows a crash delivers the stored one and does not
    ask the model again.
    """
    if conversation.is_repeated and (stored := find_earlier_reply(conversation.key)) is not None:
        return Handled(conversation.answer.deliver(stored))
    reply = _build_reply(conversation)
    try:
        with heartbeat.every(TYPING_INTERVAL_S, lambda: _show_typing(conversation), is_immediate=True):
            _show_as_it_grows(reply, conversation)
    except MessageTooLong:
        return Handled(conversation.answer.deliver(conversation.say(Phrase.MESSAGE_TOO_LONG)))
    except ReplyFailed:
        return Handled(conversation.answer.deliver(conversation.say(Phrase.REPLY_FAILED)))
    message_ids = conversation.answer.deliver(reply.text)
    return Handled(message_ids, compress_user_id=conversation.message.user_id if reply.is_memory_full else "")


def _build_reply(conversation: Conversation) -> Reply:
    message = conversation.message
    question = Question(
        user_id=message.user_id, key=conversation.key, text=message.text, trace_id=conversation.trace_id
    )
    return Reply(question, provider=get_provider())


def _show_as_it_grows(reply: Reply, conversation: Conversation) -> None:
    shown = ""
    for piece in reply:
        shown += piece
        conversation.answer.show_draft(shown)


def _show_typing(conversation: Conversation) -> None:
    conversation.client.show_typing(conversation.message.chat_id)
