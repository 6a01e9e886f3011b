"""Redis as every process reaches it."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from redis import Redis
from redis.commands.core import Script


@cache
def redis_client() -> Redis:
    """Return the process's connection pool to Redis; safe to share between threads."""
    return Redis.from_url(
        settings.REDIS_URL or settings.CELERY_BROKER_URL,
        decode_responses=True,
        socket_connect_timeout=3,
        socket_timeout=5,
        health_check_interval=0,
    )


@cache
def redis_script(source: str) -> Script:
    """Return a script for `redis_client()`: Redis is sent its text once, its name afterwards."""
    return redis_client().register_script(source)
