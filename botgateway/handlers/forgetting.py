"""/export and /forget_me: to take everything along, to leave nothing behind."""

from __future__ import annotations

import structlog
from django.utils import timezone

from botgateway.domain.buttons import Button, write_action
from botgateway.domain.erasure import forget_person
from botgateway.domain.export import ExportTooBig, build_export
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.memory import MemoryPhrase
from botgateway.wording.phrase import say

log = structlog.get_logger(__name__)

FORGET_AREA = "forget"
YES, NO = "yes", "no"


def handle_export(conversation: Conversation) -> Handled:
    """Send everything on record as a document."""
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    try:
        document = build_export(conversation.user_id, on=timezone.localdate())
    except ExportTooBig:
        log.warning("export too big", user_id=conversation.user_id)
        return answer_with(conversation, MemoryPhrase.EXPORT_TOO_BIG)
    phrase = MemoryPhrase.EXPORT if document.is_complete else MemoryPhrase.EXPORT_SHORTENED
    message_ids = conversation.answer.deliver_document(
        document.content, name=document.name, caption=conversation.say_plain(phrase)
    )
    return Handled(message_ids=message_ids)


def handle_forget_me(conversation: Conversation) -> Handled:
    """Say what goes and what stays, and ask. The buttons carry the language: by the answer the profile may be gone."""
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    labels = ((YES, MemoryPhrase.FORGET_YES), (NO, MemoryPhrase.FORGET_NO))
    buttons = tuple(
        Button(conversation.say_plain(label), write_action(FORGET_AREA, verb, conversation.language))
        for verb, label in labels
    )
    text = conversation.say(MemoryPhrase.FORGET_QUESTION)
    return Handled(message_ids=conversation.answer.deliver(text, (buttons,)))


def handle_forget_press(conversation: Conversation, arguments: list[str]) -> Handled:
    """Forget the person, or do not. Reads no profile, as reading one makes one."""
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    match arguments:
        case [verb, language] if verb == YES:
            forget_person(
                conversation.user_id, chat_id=conversation.update.chat_id, request=conversation.update
            )
            text = say(MemoryPhrase.FORGET_DONE, language=language)
            return Handled(message_ids=conversation.answer.deliver(text), is_scrubbed=True)
        case [verb, language] if verb == NO:
            text = say(MemoryPhrase.FORGET_NOT, language=language)
            return Handled(message_ids=conversation.answer.deliver(text))
    return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))
