"""The house in figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Model
from django.utils import timezone

from botgateway.domain.channel_updates import CHANNEL_KINDS
from botgateway.enums import AccessState, NoticeStatus, UpdateStatus
from botgateway.models import InboxUpdate, Notice, Person
from llm.exchanges import DailyUse, begin_day, list_daily_use
from personalization.models import MemoryEvent, StoredFile, UserProfile

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Messages are those of the last 24 hours, of which `pending` is of any age, channels left aside; notices are
    those not delivered, copies of broadcasts left aside.

    `use` is what models were asked since midnight, by everybody. What is remembered is None where nothing is.
    """

    people: dict[AccessState, int]
    messages: dict[UpdateStatus, int]
    failed_notices: int
    use: DailyUse
    profiles: int | None
    memory_events: int | None
    files: int | None


def collect_statistics(*, asking: InboxUpdate) -> Statistics:
    """Count everything but the update that asks."""
    has_memory = settings.PERSONALIZATION_ENABLED
    return Statistics(
        people={state: _count_people(state) for state in AccessState},
        messages=_count_messages(asking),
        failed_notices=Notice.objects.filter(broadcast_id="", status=NoticeStatus.FAILED).count(),
        use=_sum_up_today(),
        profiles=_estimate(UserProfile) if has_memory else None,
        memory_events=_estimate(MemoryEvent) if has_memory else None,
        files=_estimate(StoredFile) if has_memory else None,
    )


def _count_people(state: AccessState) -> int:
    return Person.objects.filter(access_state=state).count()


def _count_messages(asking: InboxUpdate) -> dict[UpdateStatus, int]:
    from_people = InboxUpdate.objects.exclude(kind__in=CHANNEL_KINDS)
    recent = from_people.filter(received_at__gte=timezone.now() - DAY)
    rows = recent.values("status").annotate(number=Count("pk")).values_list("status", "number")
    found = {UpdateStatus(status): number for status, number in rows}
    pending = from_people.filter(status=UpdateStatus.PENDING).exclude(pk=asking.pk).count()
    return {**{status: found.get(status, 0) for status in UpdateStatus}, UpdateStatus.PENDING: pending}


def _sum_up_today() -> DailyUse:
    nothing = DailyUse(day=begin_day().date(), exchanges=0, failures=0, tokens=0)
    return next(iter(list_daily_use(None, days=1)), nothing)


def _estimate(model: type[Model]) -> int:
    """Return how many there are, from the collection's own count: counting millions would take a look at each."""
    backend: Any = connection
    return int(backend.get_collection(model._meta.db_table).estimated_document_count())
