"""Signs of life that workers leave in Redis for whoever checks on them."""

from __future__ import annotations

import time
import uuid
from typing import cast

from redis_connection import redis_client

BEAT_KEY = "infra:beat"
ANSWER_TTL_S = 60


def new_token() -> str:
    """Return the name of one question."""
    return uuid.uuid4().hex


def answer_ping(token: str) -> None:
    """Answer a question: a worker is at work."""
    pipeline = redis_client().pipeline(transaction=False)
    pipeline.rpush(_answer_key(token), "1")
    pipeline.expire(_answer_key(token), ANSWER_TTL_S)
    pipeline.execute()


def wait_for_answer(token: str, *, timeout_s: int) -> bool:
    """Wait for the answer, and tell whether it came."""
    return redis_client().blpop([_answer_key(token)], timeout=timeout_s) is not None


def note_beat() -> None:
    """Note that a task that beat has sent is begun."""
    redis_client().set(BEAT_KEY, time.time())


def find_beat_age_s() -> float | None:
    """Return how long ago the last such task was begun; None if there was none."""
    noted_at = cast("str | None", redis_client().get(BEAT_KEY))
    return None if noted_at is None else max(time.time() - float(noted_at), 0.0)


def _answer_key(token: str) -> str:
    return f"infra:answer:{token}"
