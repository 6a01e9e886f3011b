"""Profiles: read (made on the first read), reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from personalization import metrics
from personalization.domain import files, memory
from personalization.enums import Language
from personalization.models import DEFAULT_PERSONA, DEFAULT_TONE, UserProfile

log = structlog.get_logger(__name__)


def get_profile(user_id: str) -> UserProfile:
    """Return the person's profile, the default one if they have none yet.

    Two concurrent first reads make one profile: the unique index refuses the second insert.
    """
    metrics.PROFILE_READS.inc()
    try:
        return UserProfile.objects.get(user_id=user_id)
    except UserProfile.DoesNotExist:
        return _create_profile(user_id)


def find_profile(user_id: str) -> UserProfile | None:
    """Return the person's profile, None where there is none; makes none."""
    metrics.PROFILE_READS.inc()
    return UserProfile.objects.filter(user_id=user_id).first()


def unmoved(profile: UserProfile) -> QuerySet[UserProfile]:
    """Match the profile as it was read: neither changed since, nor reset, nor erased and made anew."""
    return UserProfile.objects.filter(
        pk=profile.pk,
        updated_at=profile.updated_at,
        summarized_until_at=profile.summarized_until_at,
        summarized_until_id=profile.summarized_until_id,
    )


def change_profile(user_id: str, change: Callable[[UserProfile], dict[str, Any]]) -> UserProfile | None:
    """Write what `change` makes of the profile, and return the profile it was made of; None if there is none.

    Whoever has read the profile before finds it moved, even with a clock that is behind theirs.
    """
    while (profile := find_profile(user_id)) is not None:
        changed_at = max(timezone.now(), profile.updated_at + memory.RESOLUTION)
        if unmoved(profile).update(**change(profile), updated_at=changed_at):
            metrics.PROFILE_WRITES.inc()
            return profile
    return None


def find_language(user_id: str) -> str | None:
    """Return the language of somebody's profile; None where there is no profile, or none may be read. Makes none."""
    if not settings.PERSONALIZATION_ENABLED:
        return None
    metrics.PROFILE_READS.inc()
    found = UserProfile.objects.filter(user_id=user_id).values_list("language", flat=True).first()
    return str(found) if found else None


def _create_profile(user_id: str) -> UserProfile:
    try:
        profile = UserProfile.objects.create(user_id=user_id)
    except IntegrityError:
        return UserProfile.objects.get(user_id=user_id)
    metrics.PROFILE_WRITES.inc()
    return profile


def reset_profile(user_id: str) -> int:
    """Put the profile back to its defaults, delete files and every memory event; return how many events went.

    The watermark stays and rises: a compression under way then finds that the profile has moved on.
    """
    deleted = memory.clear_context(user_id)
    files.delete_files(user_id)
    UserProfile.objects.filter(user_id=user_id).update(
        language=Language.RUSSIAN,
        persona=DEFAULT_PERSONA,
        tone=DEFAULT_TONE,
        model="",
        preferred_topics=[],
        memory_summary=None,
        is_summary_extractive=False,
        updated_at=timezone.now(),
    )
    metrics.PROFILE_WRITES.inc()
    log.info("profile reset", user_id=user_id, deleted_events=deleted)
    return deleted
