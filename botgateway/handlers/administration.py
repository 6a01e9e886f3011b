"""/admin: the password, the house in figures. People and decisions are in `handlers.people`, models in `.catalogue`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.conf import settings

from botgateway.domain import admin_sessions
from botgateway.domain.access import is_admin
from botgateway.domain.statistics import Statistics, collect_statistics
from botgateway.enums import AccessState, UpdateStatus
from botgateway.errors import TelegramError
from botgateway.handlers.catalogue import handle_models, handle_refresh
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.handlers.people import handle_decision, handle_users, is_admins_chat
from botgateway.wording.administration import AdministrationPhrase as Words
from botgateway.wording.general import GeneralPhrase

ADMIN_COMMAND = "admin"
LOGIN_WORDS = f"/{ADMIN_COMMAND} login"

Subcommand = Callable[[Conversation, str], Handled]


def handle_admin(conversation: Conversation) -> Handled:
    """Do what /admin asks for. Its words are not kept, whatever they are: a password may be among them."""
    return replace(_choose_subcommand(conversation), is_scrubbed=True)


def _choose_subcommand(conversation: Conversation) -> Handled:
    if not (conversation.incoming.is_private or is_admins_chat(conversation)):
        return answer_with(conversation, GeneralPhrase.PRIVATE_ONLY)
    verb, _, rest = conversation.message.argument.partition(" ")
    verb, rest = verb.lower(), rest.strip()
    if verb in OPEN_TO_ALL:
        return OPEN_TO_ALL[verb](conversation, rest)
    if not admin_sessions.is_logged_in(conversation.user_id):
        return answer_with(conversation, Words.NOT_LOGGED_IN)
    if verb not in IN_SESSION:
        return answer_with(conversation, Words.USAGE)
    return IN_SESSION[verb](conversation, rest)


def _show_help(conversation: Conversation, _rest: str) -> Handled:
    return answer_with(conversation, Words.HELP)


def _log_in(conversation: Conversation, password: str) -> Handled:
    """Take the password out of the chat and of the inbox before anything is answered, right or wrong."""
    is_deleted = not password or _delete_from_chat(conversation)
    text = _answer_to_login(conversation, password)
    if password:
        admin_sessions.forget_password(conversation.bundle.updates, words=LOGIN_WORDS)
    if not is_deleted:
        text += f"\n\n{conversation.say(Words.DELETE_IT_YOURSELF)}"
    return Handled(message_ids=conversation.answer.deliver(text))


def _answer_to_login(conversation: Conversation, password: str) -> str:
    if not settings.ADMIN_PASSWORD_HASH:
        return conversation.say(Words.NO_PASSWORD_SET)
    user_id = conversation.user_id
    if not password:  # as well when an earlier attempt has forgotten it already
        is_open = conversation.is_repeated and admin_sessions.is_logged_in(user_id)
        return (
            conversation.say(Words.LOGGED_IN, minutes=_session_minutes()) if is_open else _usage(conversation)
        )
    login = admin_sessions.log_in(
        user_id, password, attempt_key=conversation.key, is_known_admin=is_admin(user_id)
    )
    if login.locked_s:
        return conversation.say(Words.LOCKED, minutes=math.ceil(login.locked_s / 60))
    if not login.is_open:
        return conversation.say(Words.WRONG_PASSWORD)
    return conversation.say(Words.LOGGED_IN, minutes=_session_minutes())


def _usage(conversation: Conversation) -> str:
    return conversation.say(Words.LOGIN_USAGE)


def _session_minutes() -> int:
    return math.ceil(int(settings.ADMIN_SESSION_S) / 60)


def _delete_from_chat(conversation: Conversation) -> bool:
    """Delete the message; False if Telegram does not let the bot. Raises what a later attempt may mend."""
    try:
        conversation.client.delete_message(conversation.incoming.chat_id, conversation.incoming.message_id)
    except TelegramError as error:
        if error.is_transient:
            raise
        return "not found" in str(error)  # an earlier attempt has, or the person
    return True


def _log_out(conversation: Conversation, _rest: str) -> Handled:
    admin_sessions.log_out(conversation.user_id)
    return answer_with(conversation, Words.LOGGED_OUT)


def _show_statistics(conversation: Conversation, _rest: str) -> Handled:
    found = collect_statistics(asking=conversation.update)
    if found.memory_events is None:
        return answer_with(conversation, Words.STATS_WITHOUT_MEMORY, **_describe_traffic(found))
    return answer_with(
        conversation,
        Words.STATS,
        **_describe_traffic(found),
        profiles=found.profiles,
        events=found.memory_events,
        files=found.files,
    )


def _describe_traffic(found: Statistics) -> dict[str, int]:
    return {
        **{state.value: found.people[state] for state in AccessState},
        "answered": found.messages[UpdateStatus.ANSWERED],
        "parked": found.messages[UpdateStatus.PARKED],
        "ignored": found.messages[UpdateStatus.IGNORED],
        "waiting": found.messages[UpdateStatus.PENDING],
        "exchanges": found.use.exchanges,
        "failed_exchanges": found.use.failures,
        "tokens": found.use.tokens,
        "failed_notices": found.failed_notices,
    }


OPEN_TO_ALL: dict[str, Subcommand] = {
    "": _show_help,
    "help": _show_help,
    "login": _log_in,
    "logout": _log_out,
}
IN_SESSION: dict[str, Subcommand] = {
    "stats": _show_statistics,
    "users": handle_users,
    "approve": partial(handle_decision, state=AccessState.APPROVED),
    "refuse": partial(handle_decision, state=AccessState.REFUSED),
    "block": partial(handle_decision, state=AccessState.BLOCKED),
    "models": handle_models,
    "refresh": handle_refresh,
}
