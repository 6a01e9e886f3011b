"""/retry: another answer to the last question, whatever it came as."""

from __future__ import annotations

from dataclasses import replace

from botgateway.handlers.again import find_last_question
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.handlers.question import answer_question, build_question
from botgateway.wording.conversation import ConversationPhrase


def handle_retry(conversation: Conversation) -> Handled:
    """Answer the last question anew; the new answer takes the place of the old one in the memory."""
    last = find_last_question(conversation)
    if last is None or last.incoming is None:
        return answer_with(conversation, ConversationPhrase.NOTHING_TO_RETRY)
    earlier = replace(conversation, incoming=last.incoming, bundle=last)
    question = replace(build_question(earlier), retry_key=f"retry:{conversation.update.pk}")
    if question.is_empty:  # a recording or a file that came to nothing, or has been deleted since
        return answer_with(conversation, ConversationPhrase.NOTHING_TO_RETRY)
    return answer_question(conversation, question)


def handle_retry_press(conversation: Conversation, _arguments: list[str]) -> Handled:
    """Answer anew in the place of the message with the button."""
    return handle_retry(conversation)
