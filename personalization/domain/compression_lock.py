"""The right to compress everybody's memory: one run at a time, whoever started it.

A key in Redis with a lease that is renewed while the run lives. The lease is that of a chat's turn: what a killed
worker held is free after the same time, and a worker that starts waits for it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from heartbeat import heartbeat
from redis_connection import redis_client

log = structlog.get_logger(__name__)

KEY = "compression-run"
RENEWALS_PER_LEASE = 3


class RunUnderWay(Exception):
    """Another run holds the lock."""


class RunLock:
    """Held by one run; `is_lost` when its lease ran out and another has taken over."""

    def __init__(self) -> None:
        self.is_lost = False
        self._is_given_back = False
        self._lock = Lock(redis_client(), KEY, timeout=settings.TURN_LEASE_S, thread_local=False)

    def take(self) -> None:
        """Raises `RunUnderWay` if another run holds it, `RedisError` when Redis is away."""
        if not self._lock.acquire(blocking=False):
            raise RunUnderWay

    def renew(self) -> None:
        """Prolong the lease; one that ran out while Redis was away is taken anew if nobody else has."""
        if self.is_lost:
            return
        try:
            self._lock.reacquire()
        except LockError:
            if self._is_given_back:  # while this call was on its way
                return
            self.is_lost = not self._lock.acquire(blocking=False)

    def give_back(self) -> None:
        self._is_given_back = True
        try:
            self._lock.release()
        except (LockError, RedisError) as error:
            log.warning("compression run's lease had run out", error=type(error).__name__)


@contextmanager
def holding_run() -> Iterator[RunLock]:
    """Hold the lock for as long as the block lasts. Raises `RunUnderWay`, or `RedisError` when Redis is away."""
    lock = RunLock()
    lock.take()
    try:
        with heartbeat.every(settings.TURN_LEASE_S / RENEWALS_PER_LEASE, lock.renew):
            yield lock
    finally:
        lock.give_back()
