"""The commands of people: which handler answers which."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from botgateway.handlers.administration import handle_admin
from botgateway.handlers.again import handle_stop
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.handlers.digests import handle_digest
from botgateway.handlers.forgetting import handle_export, handle_forget_me
from botgateway.handlers.memory import handle_memory
from botgateway.handlers.model import handle_model
from botgateway.handlers.preferences import handle_language, handle_persona
from botgateway.handlers.retry import handle_retry
from botgateway.handlers.subscriptions import handle_subscribe, handle_unsubscribe
from botgateway.wording.general import GeneralPhrase
from personalization.domain.memory import clear_context

Handler = Callable[[Conversation], Handled]


def handle_clear(conversation: Conversation) -> Handled:
    """Empty the conversation context; the profile and its summary stay."""
    if conversation.has_memory:
        clear_context(conversation.user_id)
    return answer_with(conversation, GeneralPhrase.CLEARED)


def handle_help(conversation: Conversation) -> Handled:
    is_private = conversation.incoming.is_private
    return answer_with(conversation, GeneralPhrase.HELP if is_private else GeneralPhrase.HELP_IN_GROUP)


handle_unknown_command = partial(answer_with, phrase=GeneralPhrase.UNKNOWN_COMMAND)
handle_private_only = partial(answer_with, phrase=GeneralPhrase.PRIVATE_ONLY)
handle_unreadable = partial(answer_with, phrase=GeneralPhrase.CANNOT_READ_THIS)
handle_ping = partial(answer_with, phrase=GeneralPhrase.PONG)

COMMANDS: dict[str, Handler] = {
    "start": partial(answer_with, phrase=GeneralPhrase.WELCOME),
    "help": handle_help,
    "ping": handle_ping,
    "clear": handle_clear,
    "retry": handle_retry,
    "stop": handle_stop,
    "memory": handle_memory,
    "export": handle_export,
    "forget_me": handle_forget_me,
    "persona": handle_persona,
    "language": handle_language,
    "model": handle_model,
    "digest": handle_digest,
    "subscribe": handle_subscribe,
    "unsubscribe": handle_unsubscribe,
    "admin": handle_admin,
}
IN_GROUPS = ("help", "ping", "admin")  # the last one looks itself which group it is
