"""A question in words, by voice or with files: a personalised reply, shown as it grows."""

from __future__ import annotations

import re
from functools import partial

import structlog
from redis.exceptions import RedisError

from botgateway.delivery.typing_sign import typing_shown
from botgateway.domain import inbox, limits
from botgateway.errors import SendLater
from botgateway.handlers.attached import FilesSeen, look_at_files
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.wording.conversation import ConversationPhrase
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.preferences import PreferencesPhrase
from botgateway.wording.voice import VoicePhrase
from heartbeat import heartbeat
from llm.catalogue import find_route, read_model_name
from llm.chain import configured_chain
from llm.errors import AnswerRefused
from llm.prompt import is_blank
from llm.route import Route
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
    question = build_question(conversation)
    if preparation.failure and not question.attached.is_showable:
        return answer_with(conversation, VOICE_FAILURES[preparation.failure], detail=preparation.detail)
    if preparation.transcript:
        heard = conversation.say(VoicePhrase.HEARD, transcript=preparation.transcript)
        conversation.answer.show_preface(heard)
    return answer_question(conversation, question)


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
        source=_find_source(is_spoken=seen.has_recordings or bool(spoken), has_files=bool(seen.kept)),
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
    route = find_route(conversation.profile.model if question.uses_memory else "")
    reply = _ask(question, conversation, route)
    try:
        _show_as_it_grows(reply, conversation, route)
        text = _say_vanished(reply, conversation, route) + _final_text(reply, conversation, route)
        message_ids = conversation.answer.deliver(text, is_costly=True)
    except MessageTooLong:
        return answer_with(conversation, GeneralPhrase.MESSAGE_TOO_LONG)
    except ReplyFailed as failure:
        return _apologise(conversation, failure)
    except SendLater:  # with what it says of the choice
        _forget_vanished(reply, conversation, route)
        raise
    finally:
        _spend_tokens(question, reply)
    _forget_vanished(reply, conversation, route)
    return Handled(message_ids=message_ids, compress_user_id=question.user_id if reply.is_memory_full else "")


def _ask(question: Question, conversation: Conversation, route: Route) -> Reply:
    is_undone = partial(inbox.is_pending, conversation.bundle.lead)
    return Reply(
        question,
        context=conversation.context if question.uses_memory else None,
        chain=configured_chain(route),
        before_storing=partial(conversation.turn.ensure_held, is_undone=is_undone),
    )


def _apologise(conversation: Conversation, failure: ReplyFailed) -> Handled:
    is_refused = failure.outcome == AnswerRefused.outcome
    apology = conversation.say(GeneralPhrase.REPLY_REFUSED if is_refused else GeneralPhrase.REPLY_FAILED)
    return Handled(message_ids=conversation.answer.deliver(apology, is_costly=True))


def _has_vanished(reply: Reply, route: Route) -> bool:
    """Whether the person's choice is gone: known before, or said by the provider just now."""
    return route.is_vanished or (reply.is_choice_gone and route.first != route.house)


def _say_vanished(reply: Reply, conversation: Conversation, route: Route) -> str:
    """Return what is said before an answer that the chosen model cannot give any more."""
    if not _has_vanished(reply, route):
        return ""
    model = read_model_name(conversation.profile.model)
    return f"{conversation.say(PreferencesPhrase.MODEL_VANISHED, model=model)}\n\n"


def _forget_vanished(reply: Reply, conversation: Conversation, route: Route) -> None:
    """Leave it to the house from now on: what has been told is not to be told again."""
    if _has_vanished(reply, route):
        choose_model(conversation.profile, "")


def _show_as_it_grows(reply: Reply, conversation: Conversation, route: Route) -> None:
    """Show the reply piece by piece, «typing…» meanwhile, until its end or until the person has heard enough."""

    def look_for_stop() -> None:
        if conversation.turn.is_stop_asked():
            reply.stop()

    typing = typing_shown(conversation.client, conversation.incoming.chat_id)
    with typing, heartbeat.every(STOP_CHECK_INTERVAL_S, look_for_stop):
        shown = ""
        for piece in reply:
            shown += piece
            conversation.answer.show_draft(_say_vanished(reply, conversation, route) + shown)


def _spend_tokens(question: Question, reply: Reply) -> None:
    """An answer that cannot be counted is an answer all the same."""
    try:
        limits.spend_tokens(question.user_id, reply.used_tokens)
    except RedisError as error:
        log.warning("tokens not counted", trace_id=question.trace_id, error=type(error).__name__)


def _final_text(reply: Reply, conversation: Conversation, route: Route) -> str:
    """Return the whole answer, with what there is to say about it."""
    remarks = []
    if reply.failures and reply.answered_by and not _has_vanished(reply, route):
        model = reply.answered_by.model_name or reply.answered_by.provider.name
        remarks.append(conversation.say(GeneralPhrase.ANSWERED_BY_ANOTHER, model=model))
    if reply.is_cut:
        can_go_on = conversation.has_memory  # else the next question knows nothing of this answer
        remarks.append(
            conversation.say(GeneralPhrase.ANSWER_CUT_GO_ON if can_go_on else GeneralPhrase.ANSWER_CUT)
        )
    if reply.is_stopped:
        conversation.turn.note_stopped()
        if is_blank(reply.text):
            return conversation.say(ConversationPhrase.STOPPED_BEFORE_BEGINNING)
        remarks.append(conversation.say(ConversationPhrase.STOPPED_MARK))
    return "\n\n".join([reply.text, *remarks])
