"""Who may talk to Butler. The check stands before everything that costs: the model, speech, storage of files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db import IntegrityError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from botgateway.domain.updates import Incoming
from botgateway.enums import AccessPolicy, AccessState
from botgateway.models import Person
from personalization.domain.profiles import find_language
from personalization.enums import Language

NAMES_KEPT_FOR = timedelta(
    hours=1
)  # a name that changes with every message is not written with every message
LOOKED_UP = ("access_state", "chat_id", "first_name", "username", "language_code", "updated_at")


@dataclass(frozen=True, slots=True)
class PeoplePage:
    people: list[Person]
    total: int
    page: int
    pages: int


def check_access(incoming: Incoming) -> AccessState:
    """Return where the sender stands. Somebody unknown is recorded if they may come in, and pending otherwise.

    Asked for every message, so past Django: it would take longer to put the question than to read the answer.
    """
    backend: Any = connection
    people = backend.get_collection(Person._meta.db_table)
    found = people.find_one({"user_id": incoming.user_id}, dict.fromkeys(LOOKED_UP, True))
    if found is None:
        return _meet(incoming)
    state = _judge(AccessState(found["access_state"]), incoming.user_id)
    if state is AccessState.APPROVED:
        _refresh_names(found, incoming)
    return state


def find_person(user_id: str) -> Person | None:
    return Person.objects.filter(user_id=user_id).first()


def list_people(states: Collection[AccessState], *, page: int, size: int) -> PeoplePage:
    """Return a page of the people in some states, latest first; the last one there is beyond the end."""
    people = Person.objects.filter(access_state__in=states).order_by("-created_at", "-pk")
    pages = Paginator(people, size)
    shown = pages.get_page(page)
    return PeoplePage(list(shown), total=pages.count, page=shown.number, pages=pages.num_pages)


def admitted_people() -> QuerySet[Person]:
    """Return those whom Butler may write to: who talks to it in private, by the policy that `check_access` follows."""
    is_admitted = Q(access_state=AccessState.APPROVED)
    if settings.ACCESS_POLICY == AccessPolicy.OPEN:
        is_admitted = ~Q(access_state=AccessState.BLOCKED)
    admins = [str(chat_id) for chat_id in settings.ADMIN_CHAT_IDS]
    return Person.objects.filter(is_admitted | Q(user_id__in=admins)).exclude(chat_id="")


def is_admin(user_id: str) -> bool:
    """Tell whether somebody's private chat is one of the admins'. Telegram numbers it as it numbers them."""
    return any(str(chat_id) == user_id for chat_id in settings.ADMIN_CHAT_IDS)


def find_language_of(user_id: str) -> str:
    """Return the language in which to speak to somebody unasked: their profile's, or that of their Telegram."""
    if language := find_language(user_id):
        return language
    found = Person.objects.filter(user_id=user_id).values_list("language_code", flat=True).first()
    theirs = str(found or "")[:2]
    return theirs if theirs in Language.values else str(settings.LANGUAGE_CODE)


def describe_sender(incoming: Incoming) -> dict[str, str]:
    """Return what an update tells of its person; their private chat only if it is from there."""
    sender = incoming.sender
    names = {
        "first_name": sender.first_name,
        "username": sender.username,
        "language_code": sender.language_code,
    }
    return {**names, "chat_id": str(incoming.chat_id)} if incoming.is_private else names


def _meet(incoming: Incoming) -> AccessState:
    """Record somebody unknown who needs nobody's leave."""
    state = _judge(AccessState.PENDING, incoming.user_id)
    if state is not AccessState.APPROVED:
        return state
    try:
        Person.objects.create(user_id=incoming.user_id, access_state=state, **describe_sender(incoming))
    except IntegrityError:  # another message of theirs was faster
        return check_access(incoming)
    return state


def _judge(state: AccessState, user_id: str) -> AccessState:
    """Return where somebody stands under the policy, which changes no record: it may be changed back."""
    if is_admin(user_id):
        return AccessState.APPROVED
    if settings.ACCESS_POLICY == AccessPolicy.OPEN and state is not AccessState.BLOCKED:
        return AccessState.APPROVED
    return state


def _refresh_names(found: dict[str, Any], incoming: Incoming) -> None:
    names = describe_sender(incoming)
    if all(found.get(name, "") == value for name, value in names.items()):
        return
    now = timezone.now()
    if found["updated_at"].replace(tzinfo=UTC) > now - NAMES_KEPT_FOR and found["chat_id"]:
        return
    Person.objects.filter(pk=found["_id"]).update(**names, updated_at=now)
