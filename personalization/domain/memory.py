"""Memory events: stored in pairs, read in a total order, cleared, expired.

A position is (`created_at`, `_id`). Everything at or below the profile's watermark is ignored: it is covered by
the summary, or was cleared, and only waits to be deleted.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from mongo_indexes import set_expiry
from personalization import metrics
from personalization.enums import MemoryRole, MemorySource
from personalization.models import Compression, MemoryEvent, UserProfile

EVENT_NAMESPACE = uuid.UUID("5b0d3c54-6f0e-5f0a-9d0e-2f6f4f6c7a11")
RESOLUTION = timedelta(milliseconds=1)  # of a date in MongoDB


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a person's memory."""

    at: datetime
    id: ObjectId


def position_of(event: MemoryEvent) -> Position:
    return Position(event.created_at, event.pk)


def watermark_of(profile: UserProfile) -> Position | None:
    """Return the position up to which events are summarised or cleared; None if there was neither yet."""
    if profile.summarized_until_at is None or profile.summarized_until_id is None:
        return None
    return Position(profile.summarized_until_at, profile.summarized_until_id)


def above(watermark: Position | None) -> Q:
    """Match the events that count."""
    if watermark is None:
        return Q()
    return Q(created_at__gt=watermark.at) | Q(created_at=watermark.at, pk__gt=watermark.id)


def below(watermark: Position) -> Q:
    """Match the events that only wait to be deleted: at or below the watermark."""
    return Q(created_at__lt=watermark.at) | Q(created_at=watermark.at, pk__lte=watermark.id)


def list_recent_events(profile: UserProfile, *, limit: int) -> list[MemoryEvent]:
    """Return the person's last `limit` events, oldest first, with what a prompt needs of them."""
    pipeline = [
        {"$match": {"user_id": profile.user_id, **_match_above(watermark_of(profile))}},
        {"$sort": {"created_at": -1, "_id": -1}},
        {"$limit": limit},
        {"$project": {"role": 1, "content": 1, "created_at": 1, "event_id": 1}},
    ]
    return list(MemoryEvent.pipelines.raw_aggregate(pipeline))[::-1]


def _match_above(watermark: Position | None) -> dict[str, Any]:
    """Say `above` in the database's own words."""
    if watermark is None:
        return {}
    same_time = {"created_at": watermark.at, "_id": {"$gt": watermark.id}}
    return {"$or": [{"created_at": {"$gt": watermark.at}}, same_time]}


def build_event_id(key: str, role: MemoryRole) -> uuid.UUID:
    """Derive the event's id from the message that caused it, so that storing it again is recognised."""
    return uuid.uuid5(EVENT_NAMESPACE, f"{key}:{role}")


def build_pair_ids(key: str) -> set[uuid.UUID]:
    """Return the ids of both events that the message `key` caused."""
    return {build_event_id(key, role) for role in MemoryRole}


def find_stored_reply(key: str, *, tag: str = "") -> str | None:
    """Return what was answered to the message `key`, None if no answer (with this tag) is stored."""
    event = MemoryEvent.objects.filter(event_id=build_event_id(key, MemoryRole.ASSISTANT)).first()
    return event.content if event and (not tag or tag in event.tags) else None


def replace_pair(*, key: str, message: str, reply: str, tag: str) -> bool:
    """Put other words in the place of a stored pair; False if there is none any more.

    `tag` marks the answer, so that an attempt after a crash finds it done.
    """
    MemoryEvent.objects.filter(event_id=build_event_id(key, MemoryRole.USER)).update(content=message)
    answers = MemoryEvent.objects.filter(event_id=build_event_id(key, MemoryRole.ASSISTANT))
    return bool(answers.update(content=reply, tags=[tag]))


def store_pair(
    *,
    user_id: str,
    key: str,
    message: str,
    reply: str,
    source: MemorySource,
    asked_at: datetime,
    not_before: datetime | None,
    tags: Sequence[str] = (),
) -> None:
    """Store what was said and what was answered in one insert; doing it again changes nothing.

    `key` identifies the message. `not_before` is the latest position's time: clocks differ between machines, and
    an event must not slip below what is already there.
    """
    floor = not_before + RESOLUTION if not_before else asked_at
    asked_at = max(asked_at, floor)
    answered_at = max(timezone.now(), asked_at)
    events = [
        MemoryEvent(
            event_id=build_event_id(key, role),
            user_id=user_id,
            role=role,
            content=content,
            created_at=at,
            source=source,
            tags=list(tags),
        )
        for role, content, at in (
            (MemoryRole.USER, message, asked_at),
            (MemoryRole.ASSISTANT, reply, answered_at),
        )
    ]
    try:
        MemoryEvent.objects.bulk_create(events)
    except IntegrityError:
        _store_missing(events)
    for event in events:
        metrics.MEMORY_EVENTS.labels(event.role).inc()


def _store_missing(events: list[MemoryEvent]) -> None:
    """Complete a pair of which a crashed database kept only the first half; keep a complete one."""
    known = set(
        MemoryEvent.objects.filter(event_id__in=[event.event_id for event in events]).values_list(
            "event_id", flat=True
        )
    )
    MemoryEvent.objects.bulk_create([event for event in events if event.event_id not in known])


def clear_context(user_id: str) -> int:
    """Forget the conversation but not the profile; return the number of events deleted.

    The watermark rises first: a crash before the deletion leaves events that nobody reads.
    """
    newest = MemoryEvent.objects.filter(user_id=user_id).order_by("-created_at", "-pk").first()
    if newest is None:
        return 0
    raise_watermark(user_id, position_of(newest))
    return delete_below(user_id, position_of(newest))


def raise_watermark(user_id: str, watermark: Position) -> None:
    """Move the watermark up to a position; one that is there or higher stays."""
    is_lower = (
        Q(summarized_until_at=None)
        | Q(summarized_until_at__lt=watermark.at)
        | Q(summarized_until_at=watermark.at, summarized_until_id__lt=watermark.id)
    )
    UserProfile.objects.filter(is_lower, user_id=user_id).update(
        summarized_until_at=watermark.at, summarized_until_id=watermark.id, updated_at=timezone.now()
    )
    metrics.PROFILE_WRITES.inc()


def delete_below(user_id: str, watermark: Position) -> int:
    """Delete the events at or below the watermark; return how many."""
    return MemoryEvent.objects.filter(below(watermark), user_id=user_id).delete()[0]


def apply_ttl() -> None:
    """Make the server expire events and records of compressions after MEMORY_TTL_DAYS, if an index says otherwise."""
    for model, index in ((MemoryEvent, "created_at_ttl"), (Compression, "compression_created_at_ttl")):
        set_expiry(model, index=index, expire_after_s=settings.MEMORY_TTL_DAYS * 86_400)
