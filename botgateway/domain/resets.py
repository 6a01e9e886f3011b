"""The reset of a person by staff, and the word about it."""

from __future__ import annotations

from django.conf import settings

from botgateway.domain.access import find_language_of, find_person
from botgateway.domain.notices import file_notice
from botgateway.enums import AccessPolicy, AccessState
from botgateway.models import Person
from botgateway.wording.phrase import say
from botgateway.wording.staff import StaffPhrase
from personalization.domain.profiles import reset_profile

UNTOLD = (AccessState.REFUSED, AccessState.BLOCKED)


def reset_person(user_id: str, *, occasion: str = "") -> tuple[int, tuple[str, ...]]:
    """Reset somebody; return how many events went, and the chats in which notices wait.

    With an `occasion`, which names this reset among others, they are told, once, if they may talk to Butler.
    """
    deleted = reset_profile(user_id)
    person = find_person(user_id) if occasion else None
    if person is None or not _is_told(person):
        return deleted, ()
    file_notice(
        key=f"reset:{user_id}:{occasion}",
        chat_id=person.chat_id,
        about_user_id=user_id,
        text=say(StaffPhrase.MEMORY_RESET, language=find_language_of(user_id)),
    )
    return deleted, (person.chat_id,)


def _is_told(person: Person) -> bool:
    if not person.chat_id or person.access_state in UNTOLD:
        return False
    return person.access_state == AccessState.APPROVED or settings.ACCESS_POLICY == AccessPolicy.OPEN
