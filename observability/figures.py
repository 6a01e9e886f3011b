"""What happened in each hour, computed from what is stored: counts, percentiles, how much there was of everything.

Computing an hour again changes nothing that has not changed, so it is done freely: for the hour under way and the two
before it, for an hour whose messages waited for an answer when it was last looked at, and for one that was missed. All
that within the inbox's lifetime; afterwards an hour's figures stay as they are.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from botgateway.domain.updates import CALLBACK_KIND
from botgateway.enums import AccessState, UpdateStatus
from botgateway.models import INBOX_TTL_S, InboxUpdate, Person
from digests.models import Digest
from llm.exchanges import SUCCESSES
from llm.models import Exchange
from llm.prompt import Purpose
from observability.models import HourlyFigures
from personalization.models import Compression, MemoryEvent

HOUR = timedelta(hours=1)
UNSETTLED = 2 * HOUR  # longer than any answer takes, retries of its message included
# An hour earlier than the inbox forgets: an hour of which something has expired must not be counted anew.
COUNTABLE = timedelta(seconds=INBOX_TTL_S) - HOUR
SAMPLE_SIZE = 50_000  # of latencies: 400 KB, and p95 within half a per cent of the rank
PERCENTS = (50, 95)
ASKED = [UpdateStatus.PENDING.value, UpdateStatus.ANSWERED.value, UpdateStatus.PARKED.value]
MS_PER_S = 1_000

Row = Mapping[str, Any]


class Sample:
    """Some of many values, each as likely to be among them as any other (Vitter's algorithm R); all if they are few."""

    def __init__(self, size: int = SAMPLE_SIZE) -> None:
        self.values: list[float] = []
        self._size = size
        self._seen = 0
        self._random = random.Random(0)  # noqa: S311 - the same rows give the same figures

    def add(self, value: float) -> None:
        self._seen += 1
        if len(self.values) < self._size:
            self.values.append(value)
        elif (place := self._random.randrange(self._seen)) < self._size:
            self.values[place] = value

    def percentiles(self) -> list[float]:
        """Return p50 and p95 by the nearest rank, nothing of nothing."""
        ordered = sorted(self.values)
        return [ordered[math.ceil(percent / 100 * len(ordered)) - 1] for percent in PERCENTS if ordered]


def compute_figures(*, now: datetime | None = None) -> int:
    """Compute the figures of every hour that may have changed; return how many hours that were.

    `now` is for tests. Raises `django.db.DatabaseError` or `PyMongoError` when the database is away; what has been
    computed by then is kept.
    """
    current = begin_hour(now or timezone.now())
    hours = _list_unsettled(current)
    for hour in hours:
        figures = _sum_up(hour, hour + HOUR)
        if hour == current:
            figures |= _count_stock()
        HourlyFigures.objects.update_or_create(hour=hour, defaults={**figures, "computed_at": timezone.now()})
    return len(hours)


def begin_hour(at: datetime) -> datetime:
    """Return when the hour of UTC began."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _list_unsettled(current: datetime) -> list[datetime]:
    """Return the hours whose figures are missing or may still change, oldest first."""
    first = current - COUNTABLE + HOUR
    rows = HourlyFigures.objects.filter(hour__gte=first).values_list("hour", "pending")
    settled = {hour for hour, pending in rows if not pending and hour < current - UNSETTLED}
    countable = (current - back * HOUR for back in range((current - first) // HOUR, -1, -1))
    return [hour for hour in countable if hour not in settled]


def _sum_up(begin: datetime, end: datetime) -> dict[str, Any]:
    period = {"$gte": begin, "$lt": end}
    return {
        **_sum_up_messages(period),
        **_sum_up_exchanges(period),
        "compressions": _count_by_status(Compression, {"created_at": period}),
        "digests": _count_by_status(Digest, {"created_at": period, "is_synthetic": False}),
    }


def _sum_up_messages(period: Row) -> dict[str, Any]:
    """Buttons that were pressed are no messages: their answers, which come at once, would hide the slow ones."""
    pipeline: list[Row] = [
        {"$match": {"received_at": period, "status": {"$in": ASKED}, "kind": {"$ne": CALLBACK_KIND}}},
        {"$project": {"_id": 0, "status": 1, "ms": {"$subtract": ["$answered_at", "$received_at"]}}},
    ]
    counts = dict.fromkeys(ASKED, 0)
    latencies_ms = Sample()
    for row in _aggregate(InboxUpdate, pipeline):
        counts[row["status"]] += 1
        if row["status"] == UpdateStatus.ANSWERED:
            latencies_ms.add(float(row["ms"]))
    return {
        "messages": sum(counts.values()),
        "errors": counts[UpdateStatus.PARKED],
        "pending": counts[UpdateStatus.PENDING],
        "latencies_ms": latencies_ms.percentiles(),
    }


def _sum_up_exchanges(period: Row) -> dict[str, Any]:
    fields = ("outcome", "purpose", "prompt_tokens", "completion_tokens", "first_token_s")
    pipeline: list[Row] = [
        {"$match": {"created_at": period}},
        {"$project": {"_id": 0, **dict.fromkeys(fields, 1)}},
    ]
    sums = {"exchanges": 0, "failed_exchanges": 0, "prompt_tokens": 0, "completion_tokens": 0}
    first_tokens_ms = Sample()
    for row in _aggregate(Exchange, pipeline):
        sums["exchanges"] += 1
        sums["failed_exchanges"] += row["outcome"] not in SUCCESSES
        sums["prompt_tokens"] += row["prompt_tokens"]
        sums["completion_tokens"] += row["completion_tokens"]
        if row["purpose"] == Purpose.REPLY and row["first_token_s"] is not None:
            first_tokens_ms.add(row["first_token_s"] * MS_PER_S)
    return {**sums, "first_tokens_ms": first_tokens_ms.percentiles()}


def _count_by_status(model: type[Model], wanted: Row) -> dict[str, int]:
    pipeline: list[Row] = [
        {"$match": wanted},
        {"$group": {"_id": "$status", "number": {"$sum": 1}}},
    ]
    return {str(row["_id"]): int(row["number"]) for row in _aggregate(model, pipeline)}


def _count_stock() -> dict[str, int]:
    return {
        "people": _estimate(Person),
        "approved_people": Person.objects.filter(access_state=AccessState.APPROVED).count(),
        "memory_events": _estimate(MemoryEvent),
    }


def _aggregate(model: type[Model], pipeline: Iterable[Row]) -> Iterator[Row]:
    """Return the rows as they are read: of a busy hour there are many."""
    with connection.wrap_database_errors:
        yield from _collection(model).aggregate(list(pipeline))


def _estimate(model: type[Model]) -> int:
    """Return how many there are by the collection's own count: counting millions would take a look at each."""
    with connection.wrap_database_errors:
        return int(_collection(model).estimated_document_count())


def _collection(model: type[Model]) -> Any:
    return connection.get_collection(model._meta.db_table)  # type: ignore[attr-defined]
