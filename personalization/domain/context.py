"""What a question is answered from: the person's profile and recent events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from personalization import metrics
from personalization.domain import memory
from personalization.domain.memory import Position
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
    """Return profile and recent events; somebody new gets the default profile.

    Asked for every message, so as pipelines: Django would take longer to put the questions than to read the answers.
    """
    profile = _read_profile(user_id) or get_profile(user_id)
    return Context(profile, _read_events(profile, limit=settings.MEMORY_CAP + 1))


def _read_profile(user_id: str) -> UserProfile | None:
    found = list(UserProfile.pipelines.raw_aggregate([{"$match": {"user_id": user_id}}, {"$limit": 1}]))
    if not found:
        return None
    metrics.PROFILE_READS.inc()
    profile: UserProfile = found[0]
    return profile


def _read_events(profile: UserProfile, *, limit: int) -> list[MemoryEvent]:
    pipeline = [
        {"$match": {"user_id": profile.user_id, **_match_above(memory.watermark_of(profile))}},
        {"$sort": {"created_at": -1, "_id": -1}},
        {"$limit": limit},
        {"$project": {"role": 1, "content": 1, "created_at": 1, "event_id": 1}},
    ]
    return list(MemoryEvent.pipelines.raw_aggregate(pipeline))[::-1]


def _match_above(watermark: Position | None) -> dict[str, Any]:
    """Say `memory.above` in the database's own words."""
    if watermark is None:
        return {}
    same_time = {"created_at": watermark.at, "_id": {"$gt": watermark.id}}
    return {"$or": [{"created_at": {"$gt": watermark.at}}, same_time]}
