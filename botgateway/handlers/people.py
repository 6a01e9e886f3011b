"""Who may talk to Butler, for the admins: lists, decisions by command, and the buttons for both."""

from __future__ import annotations

from itertools import chain

from django.conf import settings
from django.utils import timezone

from botgateway.domain import access_notices, admin_sessions, decisions
from botgateway.domain.access import is_admin, list_people
from botgateway.domain.buttons import Button, Keyboard, write_action
from botgateway.domain.decisions import Decision, ImpossibleDecision, UnknownPerson
from botgateway.enums import AccessState, DecisionSource
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.models import Person
from botgateway.wording.administration import AdministrationPhrase as Words
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.times import say_date

PEOPLE_AREA = "people"
ALL, PENDING = "all", "pending"
PAGE_PEOPLE = 6
NAME_CHARS = 20  # on a button
TOAST_CHARS = 200  # core.telegram.org/bots/api#answercallbackquery
VERBS = {AccessState.APPROVED: "approve", AccessState.REFUSED: "refuse", AccessState.BLOCKED: "block"}


def is_admins_chat(conversation: Conversation) -> bool:
    return conversation.incoming.chat_id in settings.ADMIN_CHAT_IDS


def may_press(conversation: Conversation) -> bool:
    """Tell whether a press may decide: in an admins' chat, elsewhere during a session."""
    return is_admins_chat(conversation) or admin_sessions.is_logged_in(conversation.user_id)


def handle_users(conversation: Conversation, rest: str) -> Handled:
    """Show a page of the people: `[pending] [page]`."""
    words = rest.lower().split()
    scope = PENDING if PENDING in words else ALL
    pages = [int(word) for word in words if word.isdecimal()]
    if len(words) != (scope == PENDING) + len(pages) or len(pages) > 1:
        return answer_with(conversation, Words.USAGE)
    return _show_people(conversation, scope, pages[0] if pages else 1)


def handle_people_press(conversation: Conversation, arguments: list[str]) -> Handled:
    """Turn a page of the list, or decide about somebody on it: `<scope>:<page>[:<state>:<user id>]`."""
    if not may_press(conversation):
        return refuse_press(conversation)
    try:
        scope, page, *decision = arguments
        number = int(page)
    except ValueError:
        return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))
    handled = _decide_by_press(conversation, decision)[1] if decision else Handled(message_ids=[])
    shown = _show_people(conversation, scope, number)
    return Handled(message_ids=shown.message_ids, toast=handled.toast, notice_chats=handled.notice_chats)


def handle_request_press(conversation: Conversation, arguments: list[str]) -> Handled:
    """Decide a request: `<state>:<user id>`. What it says then is shown to every admins' chat by its notice."""
    if not may_press(conversation):
        return refuse_press(conversation)
    decision, handled = _decide_by_press(conversation, arguments)
    chat_id = str(conversation.incoming.chat_id)
    if decision is None or chat_id in decision.notice_chats:
        return handled
    # No notice will show it here: it was decided before, or the notice has expired or was erased.
    text = access_notices.write_decided_request(decision.person, chat_id)
    return Handled(
        message_ids=conversation.answer.deliver(text),
        toast=handled.toast,
        notice_chats=handled.notice_chats,
    )


def refuse_press(conversation: Conversation) -> Handled:
    """End the press of somebody who may not decide."""
    if conversation.is_stranger:
        return Handled(message_ids=[])
    return Handled(message_ids=[], toast=conversation.say_plain(Words.NOT_LOGGED_IN_TOAST))


def handle_decision(conversation: Conversation, rest: str, *, state: AccessState) -> Handled:
    """Decide about somebody: `<id>`."""
    if not rest or len(rest.split()) > 1:
        return answer_with(conversation, Words.DECIDE_USAGE, verb=VERBS[state])
    decision, phrase, slots = _decide(conversation, rest, state, via=DecisionSource.COMMAND)
    handled = answer_with(conversation, phrase, **slots)
    return Handled(message_ids=handled.message_ids, notice_chats=decision.notice_chats if decision else ())


def _decide_by_press(conversation: Conversation, arguments: list[str]) -> tuple[Decision | None, Handled]:
    """Decide what a button offered while the person was pending; return what to tell in a toast."""
    try:
        state, user_id = AccessState(arguments[0]), arguments[1]
    except (ValueError, IndexError):
        return None, Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))
    decision, phrase, slots = _decide(
        conversation, user_id, state, via=DecisionSource.BUTTON, expected=AccessState.PENDING
    )
    toast = conversation.say_plain(phrase, **slots)[:TOAST_CHARS]
    return decision, Handled(
        message_ids=[], toast=toast, notice_chats=decision.notice_chats if decision else ()
    )


def _decide(
    conversation: Conversation,
    user_id: str,
    state: AccessState,
    *,
    via: DecisionSource,
    expected: AccessState | None = None,
) -> tuple[Decision | None, Words, dict[str, str]]:
    """Decide, and return with which phrase to say what came of it."""
    language = conversation.language
    own = f"telegram:{conversation.user_id}"
    try:
        decision = decisions.decide(user_id, state, decided_by=own, via=via, expected=expected)
    except UnknownPerson:
        return None, Words.NO_SUCH_PERSON, {"user_id": user_id[:TOAST_CHARS]}
    except ImpossibleDecision as impossible:
        if is_admin(user_id):
            return None, Words.ADMINS_STAY, {}
        return None, Words.IMPOSSIBLE, {"state": access_notices.name_state(impossible.state, language)}
    slots = {
        "person": access_notices.describe_person(decision.person, language),
        "state": access_notices.name_state(decision.state, language),
    }
    if decision.is_new or (decision.decided_by == own and conversation.is_repeated):
        return decision, Words.DECIDED, slots
    decider = access_notices.describe_decider(decision.decided_by, language)
    return decision, Words.DECIDED_ALREADY, {**slots, "decider": decider}


def _show_people(conversation: Conversation, scope: str, page: int) -> Handled:
    states = (AccessState.PENDING,) if scope == PENDING else tuple(AccessState)
    found = list_people(states, page=page, size=PAGE_PEOPLE)
    head = conversation.say(
        Words.PENDING if scope == PENDING else Words.EVERYBODY,
        total=found.total,
        page=found.page,
        pages=found.pages,
    )
    lines = [_describe(conversation, person) for person in found.people]
    text = "\n".join([head, "", *(lines or [conversation.say(Words.NOBODY)])])
    keyboard = _build_keyboard(conversation, scope, found.page, found.pages, found.people)
    return Handled(message_ids=conversation.answer.deliver(text, keyboard))


def _describe(conversation: Conversation, person: Person) -> str:
    return conversation.say(
        Words.PERSON,
        person=access_notices.describe_person(person, conversation.language),
        state=access_notices.name_state(person.access_state, conversation.language),
        since=say_date(timezone.localdate(person.created_at), language=conversation.language),
    )


def _build_keyboard(
    conversation: Conversation, scope: str, page: int, pages: int, people: list[Person]
) -> Keyboard:
    pending = [person for person in people if person.access_state == AccessState.PENDING]
    rows = [_offer_decisions(conversation, person, scope, page) for person in pending]
    turns = [("◀", page - 1)] * (page > 1) + [("▶", page + 1)] * (page < pages)
    turning = tuple(Button(text, write_action(PEOPLE_AREA, scope, number)) for text, number in turns)
    return tuple(row for row in chain(rows, [turning]) if row)


def _offer_decisions(conversation: Conversation, person: Person, scope: str, page: int) -> tuple[Button, ...]:
    if not person.user_id.isdecimal():  # not one of Telegram's, and perhaps more than a button carries
        return ()
    offers = (AccessState.APPROVED, Words.APPROVE_BUTTON), (AccessState.REFUSED, Words.REFUSE_BUTTON)
    name = (person.first_name or person.user_id)[:NAME_CHARS]
    return tuple(
        Button(
            conversation.say_plain(phrase, name=name),
            write_action(PEOPLE_AREA, scope, page, state, person.user_id),
        )
        for state, phrase in offers
    )
