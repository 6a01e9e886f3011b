"""What a reset would take, counted before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from personalization.models import FilePassage, MemoryEvent, StoredFile, UserProfile

PEOPLE_AT_A_TIME = 500  # a condition of many thousand ids is refused by the database in the end


@dataclass(frozen=True, slots=True)
class ResetCounts:
    """Profiles that go back to their defaults, and what is deleted with them."""

    profiles: int = 0
    summaries: int = 0
    events: int = 0
    files: int = 0
    passages: int = 0


def count_what_goes(user_ids: Sequence[str]) -> ResetCounts:
    """Count by collection what `profiles.reset_profile` would change or delete for these people."""
    profiles = UserProfile.objects.all()
    return ResetCounts(
        profiles=_count(profiles, user_ids),
        summaries=_count(profiles.filter(memory_summary__gt=""), user_ids),
        events=_count(MemoryEvent.objects.all(), user_ids),
        files=_count(StoredFile.objects.all(), user_ids),
        passages=_count(FilePassage.objects.all(), user_ids),
    )


def _count(documents: QuerySet[Any], user_ids: Sequence[str]) -> int:
    starts = range(0, len(user_ids), PEOPLE_AT_A_TIME)
    return sum(
        documents.filter(user_id__in=user_ids[start : start + PEOPLE_AT_A_TIME]).count() for start in starts
    )
