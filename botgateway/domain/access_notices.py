"""What is said about access unasked: the request in every admins' chat, the decision to who asked."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from botgateway.domain.access import find_language_of, find_person
from botgateway.domain.buttons import Button, Keyboard, write_action
from botgateway.domain.notices import file_notice, revise_notice
from botgateway.enums import AccessState
from botgateway.models import Person
from botgateway.wording.access import AccessPhrase
from botgateway.wording.phrase import say, say_plain

REQUEST_AREA = "access"
DECIDER_SEPARATOR = ":"
BUTTONS = {
    AccessState.APPROVED: AccessPhrase.APPROVE_BUTTON,
    AccessState.REFUSED: AccessPhrase.REFUSE_BUTTON,
    AccessState.BLOCKED: AccessPhrase.BLOCK_BUTTON,
}
STATES = {
    AccessState.PENDING: AccessPhrase.STATE_PENDING,
    AccessState.APPROVED: AccessPhrase.STATE_APPROVED,
    AccessState.REFUSED: AccessPhrase.STATE_REFUSED,
    AccessState.BLOCKED: AccessPhrase.STATE_BLOCKED,
}
TOLD = {
    AccessState.APPROVED: AccessPhrase.TOLD_APPROVED,
    AccessState.REFUSED: AccessPhrase.TOLD_REFUSED,
    AccessState.BLOCKED: AccessPhrase.TOLD_BLOCKED,
}


def file_requests(person: Person) -> tuple[str, ...]:
    """Put a pending person's request before every admins' chat; return the chats that have not had it."""
    chats = []
    for chat_id in map(str, settings.ADMIN_CHAT_IDS):
        language = find_chat_language(chat_id)
        is_new = file_notice(
            key=_request_key(person.user_id, chat_id, after=stamp(person.decided_at)),
            chat_id=chat_id,
            about_user_id=person.user_id,
            text=say(
                AccessPhrase.REQUEST,
                language=language,
                person=describe_person(person, language),
                language_code=person.language_code or "—",
            ),
            keyboard=_request_keyboard(person.user_id, language),
        )
        chats += [chat_id] if is_new else []
    return tuple(chats)


def revise_requests(person: Person, *, after: str) -> tuple[str, ...]:
    """Show in every admins' chat who decided what, without buttons; `after` is the stamp the request was filed with."""
    chats = []
    for chat_id in map(str, settings.ADMIN_CHAT_IDS):
        text = write_decided_request(person, chat_id)
        chats.append(revise_notice(_request_key(person.user_id, chat_id, after=after), text=text))
    return tuple(filter(None, chats))


def write_decided_request(person: Person, chat_id: str) -> str:
    """Return, as Markdown, what a request comes to in an admins' chat."""
    language = find_chat_language(chat_id)
    return say(
        AccessPhrase.REQUEST_DECIDED,
        language=language,
        person=describe_person(person, language),
        state=name_state(person.access_state, language),
        decider=describe_decider(person.decided_by, language),
    )


def tell_person(person: Person) -> tuple[str, ...]:
    """Tell somebody what was decided about them; return their chat, unless they have only been met in groups."""
    if not person.chat_id:
        return ()
    file_notice(
        key=f"decision:{person.user_id}:{stamp(person.decided_at)}",
        chat_id=person.chat_id,
        about_user_id=person.user_id,
        text=say(TOLD[AccessState(person.access_state)], language=find_language_of(person.user_id)),
    )
    return (person.chat_id,)


def find_chat_language(chat_id: str) -> str:
    """Return the language of an admins' chat: its person's, in a group the house's."""
    return str(settings.LANGUAGE_CODE) if chat_id.startswith("-") else find_language_of(chat_id)


def describe_person(person: Person, language: str) -> str:
    """Return name, user name and id as plain text."""
    name = person.first_name or say_plain(AccessPhrase.NAMELESS, language=language)
    if not person.username:
        return say_plain(AccessPhrase.PERSON, language=language, name=name, user_id=person.user_id)
    return say_plain(
        AccessPhrase.PERSON_WITH_USERNAME,
        language=language,
        name=name,
        username=person.username,
        user_id=person.user_id,
    )


def describe_decider(decided_by: str, language: str) -> str:
    """Return who `telegram:<user id>` or `staff:<user name>` is, as plain text."""
    source, _, name = decided_by.partition(DECIDER_SEPARATOR)
    person = find_person(name) if source == "telegram" else None
    return describe_person(person, language) if person else name or "—"


def name_state(state: str, language: str) -> str:
    return say_plain(STATES[AccessState(state)], language=language)


def stamp(moment: datetime | None) -> str:
    """Return a moment in milliseconds since 1970, for keys; `0` for none."""
    return str(round(moment.timestamp() * 1_000)) if moment else "0"


def _request_key(user_id: str, chat_id: str, *, after: str) -> str:
    """A request is told from an earlier one of the same person by the refusal that lies between them."""
    return f"request:{user_id}:{after}:{chat_id}"


def _request_keyboard(user_id: str, language: str) -> Keyboard:
    if not user_id.isdecimal():  # not one of Telegram's, and perhaps more than a button carries
        return ()

    def build_button(state: AccessState) -> Button:
        return Button(
            say_plain(BUTTONS[state], language=language), write_action(REQUEST_AREA, state, user_id)
        )

    return (
        (build_button(AccessState.APPROVED), build_button(AccessState.REFUSED)),
        (build_button(AccessState.BLOCKED),),
    )
