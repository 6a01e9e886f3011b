"""What a reset would take, counted before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from personalization.models import FilePassage, MemoryEvent, StoredFile, UserProfile


@dataclass(frozen=True, slots=True)
class ResetCounts:
    """Profiles that go back to their defaults, and what is deleted with them."""

    profiles: int = 0
    summaries: int = 0
    events: int = 0
    files: int = 0
    passages: int = 0


def count_what_goes(user_ids: Sequence[str]) -> ResetCounts:
    """Count by collection what `profiles.reset_profile` would change or delete for some hundreds of people."""
    profiles = UserProfile.objects.filter(user_id__in=user_ids)
    events, files, passages = (
        model._default_manager.filter(user_id__in=user_ids).count()
        for model in (MemoryEvent, StoredFile, FilePassage)
    )
    return ResetCounts(
        profiles=profiles.count(),
        summaries=profiles.filter(memory_summary__gt="").count(),
        events=events,
        files=files,
        passages=passages,
    )
