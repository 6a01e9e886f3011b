"""A question in words, by voice or with files: a personalised reply, shown as it grows."""

from __future__ import annotations

import re
from dataclasses import replace

import structlog
from redis.exceptions import RedisError

from botgateway.delivery.typing_sign import typing_shown
from botgateway.domain import limits
from botgateway.errors import SendLater
from botgateway.handlers.attached import FilesSeen, look_at_files
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.heartbeat import heartbeat
from botgateway.wording.conversation import ConversationPhrase
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.preferences import PreferencesPhrase
from botgateway.wording.voice import VoicePhrase
from llm.catalogue import Choice, find_choice, read_model_name
from llm.errors import ModelNotFound
from llm.prompt import is_blank
from personalization.domain.preferences import choose_model
from personalization.domain.reply import Question, Reply, find_earlier_reply
from personalization.enums import MemorySource
from personalization.errors import MessageTooLong, ReplyFailed

log = structlog.get_logger(__name__)

STOP_CHECK_INTERVAL_S = 0.7

VOICE_FAILURES = {phrase.value: phrase for phrase in VoicePhrase}


def handle_text(conversation: Conversation) -> Handled:
    """Answer what a person wrote."""
    if is_blank(conversation.message.text):
        return answer_with(conversation, GeneralPhrase.BLANK)
    return answer_question(conversation, build_question(conversation))


def handle_voice(conversation: Conversation) -> Handled:
    """Show what was heard, then answer it."""
    preparation = conversation.preparations[0]
    if preparation.failure:
        return answer_with(conversation, VOICE_FAILURES[preparation.failure], detail=preparation.detail)
    conversation.answer.show_preface(conversation.say(VoicePhrase.HEARD, transcript=preparation.transcript))
    return answer_question(conversation, build_question(conversation))


def build_question(conversation: Conversation, seen: FilesSeen | None = None) -> Question:
    """Return the question that a message is, in words, by voice or with files, unless these have been `seen`."""
    message = conversation.message
    spoken = [preparation.transcript for preparation in conversation.preparations if preparation.transcript]
    text = "\n".join(filter(None, [*spoken, read_words(conversation)]))
    seen = seen or look_at_files(conversation, question=text)
    return Question(
        user_id=message.user_id,
        key=conversation.key,
        text="" if seen.is_lost else text,
        quoted=message.quoted,
        attached=seen.attached,
        source=_find_source(is_spoken=bool(spoken), has_files=bool(seen.kept)),
        trace_id=conversation.trace_id,
        uses_memory=conversation.has_memory,
    )


def _find_source(*, is_spoken: bool, has_files: bool) -> MemorySource:
    if has_files:
        return MemorySource.FILE
    return MemorySource.VOICE if is_spoken else MemorySource.TEXT


def read_words(conversation: Conversation) -> str:
    """Return what was written, in a group without Butler's name: that is how it is called, not what is asked."""
    message = conversation.message
    if message.is_private:
        return message.text
    name = re.compile(rf"@{re.escape(conversation.client.username)}\b[,:]?\s*", re.IGNORECASE)
    return name.sub("", message.text).strip()


def answer_question(conversation: Conversation, question: Question) -> Handled:
    """Answer with a personalised reply.

    It is stored before it is delivered, so an attempt that follows a crash delivers the stored one and does not
    ask the model again.
    """
    if conversation.is_repeated and (stored := find_earlier_reply(question)) is not None:
        return Handled(message_ids=conversation.answer.deliver(stored))
    choice = find_choice(conversation.profile.model if question.uses_memory else "")
    try:
        reply, notice = _reply(question, conversation, choice)
    except MessageTooLong:
        return answer_with(conversation, GeneralPhrase.MESSAGE_TOO_LONG)
    except ReplyFailed:
        apology = conversation.say(GeneralPhrase.REPLY_FAILED)
        return Handled(message_ids=conversation.answer.deliver(apology, is_costly=True))
    text = notice + _final_text(reply, conversation)
    try:
        message_ids = conversation.answer.deliver(text, is_costly=True)
    except SendLater:  # with the notice
        _forget_vanished(conversation, notice)
        raise
    finally:
        _spend_tokens(question, reply)
    _forget_vanished(conversation, notice)
    return Handled(message_ids=message_ids, compress_user_id=question.user_id if reply.is_memory_full else "")


def _reply(question: Question, conversation: Conversation, choice: Choice) -> tuple[Reply, str]:
    """Return the reply, shown as it grew, and what is said before it: that the chosen model is gone, if it is."""
    reply = Reply(
        question,
        context=conversation.context if question.uses_memory else None,
        provider=choice.provider,
        model=choice.model,
        before_storing=conversation.turn.ensure_held,
    )
    notice = _tell_vanished(conversation) if choice.is_vanished else ""
    try:
        _show_as_it_grows(reply, conversation, notice)
    except ReplyFailed as failure:
        if choice.model is None or failure.outcome != ModelNotFound.outcome:
            raise
        return _reply(question, conversation, replace(find_choice(""), is_vanished=True))
    return reply, notice


def _tell_vanished(conversation: Conversation) -> str:
    model = read_model_name(conversation.profile.model)
    return f"{conversation.say(PreferencesPhrase.MODEL_VANISHED, model=model)}\n\n"


def _forget_vanished(conversation: Conversation, notice: str) -> None:
    """Leave it to the house from now on: what has been told is not to be told again."""
    if notice:
        choose_model(conversation.profile, "")


def _show_as_it_grows(reply: Reply, conversation: Conversation, notice: str) -> None:
    """Show the reply piece by piece, «typing…» meanwhile, until its end or until the person has heard enough."""

    def look_for_stop() -> None:
        if conversation.turn.is_stop_asked():
            reply.stop()

    typing = typing_shown(conversation.client, conversation.incoming.chat_id)
    with typing, heartbeat.every(STOP_CHECK_INTERVAL_S, look_for_stop):
        shown = notice
        for piece in reply:
            shown += piece
            conversation.answer.show_draft(shown)


def _spend_tokens(question: Question, reply: Reply) -> None:
    """An answer that cannot be counted is an answer all the same."""
    try:
        limits.spend_tokens(question.user_id, reply.used_tokens)
    except RedisError as error:
        log.warning("tokens not counted", trace_id=question.trace_id, error=type(error).__name__)


def _final_text(reply: Reply, conversation: Conversation) -> str:
    if not reply.is_stopped:
        return reply.text
    conversation.turn.note_stopped()
    if is_blank(reply.text):
        return conversation.say(ConversationPhrase.STOPPED_BEFORE_BEGINNING)
    return f"{reply.text}\n\n{conversation.say(ConversationPhrase.STOPPED_MARK)}"
