"""What a question is answered from: the person's profile and recent events."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings

import tracing
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
    """Return profile and recent events; somebody new gets the default profile.

    Asked for every message, so as pipelines: Django would take longer to put the questions than to read the answers.
    """
    with tracing.span("read context"):
        profile = _read_profile(user_id) or get_profile(user_id)
        events = memory.list_recent_events(profile, limit=settings.MEMORY_CAP + 1)
        tracing.note(events=len(events))
    return Context(profile, events)


def _read_profile(user_id: str) -> UserProfile | None:
    found = list(UserProfile.pipelines.raw_aggregate([{"$match": {"user_id": user_id}}, {"$limit": 1}]))
    if not found:
        return None
    metrics.PROFILE_READS.inc()
    profile: UserProfile = found[0]
    return profile
