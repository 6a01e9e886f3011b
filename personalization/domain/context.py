"""What a question is answered from: the person's profile and recent events, read together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from uuid import UUID

from django.conf import settings

from personalization import metrics
from personalization.domain import memory
from personalization.domain.profiles import get_profile
from personalization.models import MemoryEvent, UserProfile


@dataclass(frozen=True, slots=True)
class Context:
    """`events` are the last ones, oldest first; one more than MEMORY_CAP at most, enough to see that it is passed."""

    profile: UserProfile
    events: list[MemoryEvent] = field(default_factory=list)

    def without(self, key: str) -> Context:
        """Leave out the pair of the message `key`: it is about to be replaced."""
        left_out = memory.build_pair_ids(key)
        return Context(self.profile, [event for event in self.events if event.event_id not in left_out])


def read_context(user_id: str) -> Context:
    """Return profile and recent events in one request; somebody new gets the default profile.

    Asked for every message, so as a pipeline: Django would take longer to put the question than to read the answer.
    """
    limit = settings.MEMORY_CAP + 1
    found = list(UserProfile.pipelines.raw_aggregate(_build_pipeline(user_id, limit=limit)))
    if not found:
        profile = get_profile(user_id)
        return Context(profile, memory.list_recent_events(profile, limit=limit))
    metrics.PROFILE_READS.inc()
    (profile,) = found
    watermark = memory.watermark_of(profile)
    events = [_read_event(user_id, document) for document in reversed(profile.recent)]
    return Context(
        profile, [event for event in events if not watermark or memory.position_of(event) > watermark]
    )


def _build_pipeline(user_id: str, *, limit: int) -> list[dict[str, Any]]:
    """What is at or below the watermark is older than the rest, so the last `limit` hold the last that count."""
    events = [
        {"$match": {"user_id": user_id}},
        {"$sort": {"created_at": -1, "_id": -1}},
        {"$limit": limit},
        {"$project": {"role": 1, "content": 1, "created_at": 1, "event_id": 1}},
    ]
    return [
        {"$match": {"user_id": user_id}},
        {"$limit": 1},
        {"$lookup": {"from": MemoryEvent._meta.db_table, "pipeline": events, "as": "recent"}},
    ]


def _read_event(user_id: str, document: Mapping[str, Any]) -> MemoryEvent:
    return MemoryEvent(
        pk=document["_id"],
        event_id=UUID(document["event_id"]),
        user_id=user_id,
        role=document["role"],
        content=document["content"],
        created_at=document["created_at"].replace(tzinfo=UTC),
    )
