"""Requests for access and the decisions about them.

    unknown ── /start ──▶ pending ──▶ approved ──▶ blocked ──▶ approved
                          pending ──▶ refused ──▶ approved, blocked
                          pending ──▶ blocked
                          refused ── /start a week later ──▶ pending

A decision is one update of the person with their present state as its condition: of two admins at once one decides,
the other learns who did. The same update leaves a mark of what has to follow, the audit and the notices; after a
crash the next decision or the sweeper makes up for what is missing. Each of these is identified by the time of the
decision, so nothing is written or said twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from bson import ObjectId
from django.db import IntegrityError
from django.utils import timezone

from botgateway.domain import access_notices
from botgateway.domain.access import describe_sender, find_person, is_admin
from botgateway.domain.inbox import find_overdue_moment
from botgateway.domain.updates import Incoming
from botgateway.enums import AccessState, DecisionSource
from botgateway.models import AccessDecision, Person

log = structlog.get_logger(__name__)

POSSIBLE = {
    AccessState.PENDING: (AccessState.APPROVED, AccessState.REFUSED, AccessState.BLOCKED),
    AccessState.APPROVED: (AccessState.BLOCKED,),
    AccessState.REFUSED: (AccessState.APPROVED, AccessState.BLOCKED),
    AccessState.BLOCKED: (AccessState.APPROVED,),
}
REFUSAL_HOLDS_FOR = timedelta(days=7)
CLOCK_TICK = timedelta(milliseconds=1)  # what the database tells apart


class UnknownPerson(Exception):
    """Nobody of this id has written to Butler."""


class ImpossibleDecision(Exception):
    """From `state` there is no way to what was decided, or the person is an admin by configuration."""

    def __init__(self, state: AccessState) -> None:
        super().__init__(f"a person who is {state.value}")
        self.state = state


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How a person stands now and who decided so; `is_new` if it was decided by this very call.

    `notice_chats` have new notices to be delivered.
    """

    person: Person
    is_new: bool
    notice_chats: tuple[str, ...] = ()

    @property
    def state(self) -> AccessState:
        return AccessState(self.person.access_state)

    @property
    def decided_by(self) -> str:
        return self.person.decided_by


def ask_for_access(incoming: Incoming) -> Decision:
    """File the request of somebody unknown, pending, or refused long enough ago; others stand as they stand."""
    person = find_person(incoming.user_id) or _introduce(incoming)
    chats = finish_decision(person)
    is_new = _is_refusal_over(person) and _reopen(person)
    if person.access_state != AccessState.PENDING:
        return Decision(person=person, is_new=False, notice_chats=chats)
    filed = access_notices.file_requests(person)
    after = access_notices.stamp(person.decided_at)
    person.refresh_from_db()
    if person.access_state != AccessState.PENDING:  # decided between the first look and the filing
        filed += access_notices.revise_requests(person, after=after)
    return Decision(person=person, is_new=is_new or bool(filed), notice_chats=chats + filed)


def decide(
    user_id: str,
    state: AccessState,
    *,
    decided_by: str,
    via: DecisionSource,
    expected: AccessState | None = None,
) -> Decision:
    """Decide about somebody, unless they stand so already or no longer as `expected`.

    `decided_by` is `telegram:<user id>` or `staff:<user name>`. Raises `UnknownPerson`, `ImpossibleDecision`.
    """
    person = find_person(user_id)
    if person is None:
        raise UnknownPerson
    chats = finish_decision(person)
    before = AccessState(person.access_state)
    if before is state or before is not (expected or before):
        return Decision(person=person, is_new=False, notice_chats=chats)
    if state not in POSSIBLE[before] or (is_admin(user_id) and state is not AccessState.APPROVED):
        raise ImpossibleDecision(before)
    is_new = record_decision(person, state, decided_by=decided_by, via=via)
    chats += finish_decision(person)
    return Decision(person=person, is_new=is_new, notice_chats=chats)


def record_decision(person: Person, state: AccessState, *, decided_by: str, via: DecisionSource) -> bool:
    """Write the decision and the mark of what has to follow; False if another one was faster.

    `person` is up to date afterwards.
    """
    now = _to_milliseconds(timezone.now())
    earliest = person.decided_at + CLOCK_TICK if person.decided_at else now
    unfinished = ":".join((person.access_state, via.value, access_notices.stamp(person.decided_at)))
    unchanged = Person.objects.filter(
        pk=person.pk, access_state=person.access_state, **_decided_at(person.decided_at)
    )
    is_ours = unchanged.update(
        access_state=state, decided_at=max(now, earliest), decided_by=decided_by, unfinished=unfinished
    )
    person.refresh_from_db()
    if is_ours:
        log.info("access decided", user_id=person.user_id, state=state.value, via=via.value)
    return bool(is_ours)


def finish_decision(person: Person) -> tuple[str, ...]:
    """Write and say what the person's last decision asks for; return the chats in which notices wait."""
    if not person.unfinished or person.decided_at is None:
        return ()
    before, via, after = person.unfinished.split(":")
    _audit(person, person.decided_at, before=before, via=via)
    chats = access_notices.tell_person(person) + access_notices.revise_requests(person, after=after)
    Person.objects.filter(pk=person.pk, decided_at=person.decided_at).update(unfinished="")
    person.unfinished = ""
    return chats


def finish_decisions() -> tuple[str, ...]:
    """Make up for what killed processes left unfinished; return the chats in which notices wait."""
    chats: tuple[str, ...] = ()
    for person in Person.objects.filter(unfinished__gt="", decided_at__lte=find_overdue_moment()):
        chats += finish_decision(person)
    return chats


def _audit(person: Person, decided_at: datetime, *, before: str, via: str) -> None:
    identity = f"{person.user_id} {access_notices.stamp(decided_at)}".encode()
    try:
        AccessDecision.objects.create(
            pk=ObjectId(hashlib.sha256(identity).digest()[:12]),
            user_id=person.user_id,
            before=before,
            after=person.access_state,
            decided_by=person.decided_by,
            via=via,
            decided_at=decided_at,
        )
    except IntegrityError:
        log.info("decision was in the audit already", user_id=person.user_id)


def _introduce(incoming: Incoming) -> Person:
    names = describe_sender(incoming)
    try:
        return Person.objects.create(user_id=incoming.user_id, **names)
    except IntegrityError:  # another message of theirs was faster
        return Person.objects.get(user_id=incoming.user_id)


def _is_refusal_over(person: Person) -> bool:
    if person.access_state != AccessState.REFUSED or person.decided_at is None:
        return False
    return timezone.now() - person.decided_at >= REFUSAL_HOLDS_FOR


def _reopen(person: Person) -> bool:
    """Let a refused person's request be pending again; False if something was decided meanwhile."""
    unchanged = Person.objects.filter(
        pk=person.pk, access_state=AccessState.REFUSED, **_decided_at(person.decided_at)
    )
    is_ours = unchanged.update(access_state=AccessState.PENDING)
    person.refresh_from_db()
    return bool(is_ours)


def _decided_at(moment: datetime | None) -> dict[str, object]:
    return {"decided_at": moment} if moment else {"decided_at__isnull": True}


def _to_milliseconds(moment: datetime) -> datetime:
    """Return a moment as the database keeps it."""
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)
