"""What somebody hears who has no access: how to ask for it, and what became of it. Then silence."""

from __future__ import annotations

from botgateway import metrics
from botgateway.domain.access import find_person
from botgateway.domain.access_notices import REQUEST_AREA
from botgateway.domain.buttons import read_action
from botgateway.domain.channel_notices import CHANNEL_AREA
from botgateway.domain.decisions import Decision, ask_for_access
from botgateway.domain.strangers import Utterance, is_heard
from botgateway.domain.updates import ButtonPress
from botgateway.enums import AccessState
from botgateway.handlers.administration import ADMIN_COMMAND, handle_admin
from botgateway.handlers.channels import handle_channel_press
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.handlers.people import PEOPLE_AREA, handle_people_press, handle_request_press
from botgateway.models import Person
from botgateway.wording.access import AccessPhrase

UNKNOWN = "unknown"
PRESSES = {
    PEOPLE_AREA: handle_people_press,
    REQUEST_AREA: handle_request_press,
    CHANNEL_AREA: handle_channel_press,
}
STILL = {
    AccessState.PENDING: AccessPhrase.STILL_PENDING,
    AccessState.REFUSED: AccessPhrase.STILL_REFUSED,
    AccessState.BLOCKED: AccessPhrase.STILL_BLOCKED,
    AccessState.APPROVED: AccessPhrase.TOLD_APPROVED,  # between the check and the answer
}
SILENCE = Handled(message_ids=[])


def handle_stranger(conversation: Conversation) -> Handled:
    """Answer without reading or storing anything of what was sent. Who knows the password is let through to /admin."""
    if isinstance(conversation.incoming, ButtonPress):
        return _handle_press(conversation)
    if conversation.message.command == ADMIN_COMMAND:
        return handle_admin(conversation)
    person = find_person(conversation.user_id)
    metrics.ACCESS_REFUSED.labels(person.access_state if person else UNKNOWN).inc()
    if conversation.message.is_edited or not _is_heard(conversation, person):
        return SILENCE
    if conversation.message.is_private and _is_request(conversation):
        return _handle_request(conversation)
    return answer_with(conversation, _choose_reminder(conversation, person))


def _handle_press(conversation: Conversation) -> Handled:
    """End the press; those of admins look themselves at who presses."""
    area, arguments = read_action(conversation.press.data)
    handler = PRESSES.get(area)
    return handler(conversation, arguments) if handler else SILENCE


def _handle_request(conversation: Conversation) -> Handled:
    decision = ask_for_access(conversation.incoming)
    handled = answer_with(conversation, _choose_phrase(decision))
    return Handled(message_ids=handled.message_ids, notice_chats=decision.notice_chats)


def _is_request(conversation: Conversation) -> bool:
    return conversation.message.command == "start"


def _choose_reminder(conversation: Conversation, person: Person | None) -> AccessPhrase:
    if person:
        return STILL[AccessState(person.access_state)]
    return AccessPhrase.SEND_START if conversation.incoming.is_private else AccessPhrase.NOT_IN_GROUPS


def _choose_phrase(decision: Decision) -> AccessPhrase:
    return AccessPhrase.REQUEST_FILED if decision.is_new else STILL[decision.state]


def _is_heard(conversation: Conversation, person: Person | None) -> bool:
    if person is not None and person.access_state == AccessState.BLOCKED:
        utterance = Utterance.BLOCKED
    else:
        utterance = Utterance.REQUEST if _is_request(conversation) else Utterance.CHATTER
    return is_heard(conversation.user_id, utterance, key=conversation.key)
