"""Commands: /start, /help, /ping, /clear."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from botgateway.domain.phrases import Phrase
from botgateway.handlers.conversation import Conversation, Handled
from personalization.domain.memory import clear_context


def _answer_with(phrase: Phrase) -> Callable[[Conversation], Handled]:
    def handle(conversation: Conversation) -> Handled:
        return Handled(conversation.answer.deliver(conversation.say(phrase)))

    return handle


def handle_clear(conversation: Conversation) -> Handled:
    """Empty the conversation context; the profile and its summary stay."""
    if settings.PERSONALIZATION_ENABLED:
        clear_context(conversation.message.user_id)
    return Handled(conversation.answer.deliver(conversation.say(Phrase.CLEARED)))


handle_unknown_command = _answer_with(Phrase.UNKNOWN_COMMAND)
handle_other_content = _answer_with(Phrase.TEXT_ONLY)
handle_blank = _answer_with(Phrase.BLANK)

COMMANDS: dict[str, Callable[[Conversation], Handled]] = {
    "start": _answer_with(Phrase.WELCOME),
    "help": _answer_with(Phrase.HELP),
    "ping": _answer_with(Phrase.PONG),
    "clear": handle_clear,
}
