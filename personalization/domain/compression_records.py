"""What compressions came to: a record of each, and a mark on people whose compression was asked for.

A record names a person, so it must not outlive them. Erasure deletes the profile first and the records later; whoever
writes one looks for the profile, the very same, afterwards. One that was written too late goes again.
"""

from __future__ import annotations

import structlog
from django.db import DatabaseError
from redis.exceptions import RedisError

from personalization.models import Compression, UserProfile
from redis_connection import redis_client

log = structlog.get_logger(__name__)

# Longer than a compression takes that waits for the model: three pauses of 10, 20 and 40 s, four times LLM_TIMEOUT_S.
REQUEST_TTL_S = 900


def keep_record(record: Compression, profile: UserProfile) -> None:
    """Store a record for as long as this profile exists. A database that is away costs the record, nothing else."""
    try:
        record.save(force_insert=True)
        if not _is_there(profile):
            record.delete()
    except DatabaseError as error:
        log.warning("compression not recorded", user_id=profile.user_id, error=type(error).__name__)


def find_last_compressions(user_id: str, *, limit: int) -> list[Compression]:
    """Return the newest records of a person, the newest first."""
    return list(Compression.objects.filter(user_id=user_id).order_by("-created_at")[:limit])


def delete_records(user_id: str) -> None:
    """Delete every trace of somebody's compressions. Raises `RedisError` when Redis is away."""
    Compression.objects.filter(user_id=user_id).delete()
    redis_client().delete(_request_key(user_id))


def note_request(user_id: str) -> None:
    """Mark a person whose compression is being enqueued. Raises `RedisError` when Redis, and so the queue, is away."""
    redis_client().set(_request_key(user_id), 1, ex=REQUEST_TTL_S)


def is_requested(user_id: str) -> bool:
    """Tell whether a compression that was asked for waits or is under way; not once it came to its end, or to none.

    Raises `RedisError` when Redis is away.
    """
    return bool(redis_client().exists(_request_key(user_id)))


def forget_request(user_id: str) -> None:
    """Take the mark away. If Redis is away, it goes by itself."""
    try:
        redis_client().delete(_request_key(user_id))
    except RedisError as error:
        log.warning("request not forgotten", user_id=user_id, error=type(error).__name__)


def _is_there(profile: UserProfile) -> bool:
    return UserProfile.objects.filter(pk=profile.pk).exists()


def _request_key(user_id: str) -> str:
    return f"compression-asked:{user_id}"
