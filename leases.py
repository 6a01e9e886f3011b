"""Leases: the right to do something that is done by one process at a time, renewed while it lasts.

A key in Redis. What a killed holder held is free after `TURN_LEASE_S`, like the turn of a chat.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from heartbeat import heartbeat
from redis_connection import redis_client

log = structlog.get_logger(__name__)

RENEWALS_PER_LEASE = 3


class LeaseTaken(Exception):
    """Somebody else holds it."""


class Lease:
    """Held by one; `is_lost` when it ran out and another has taken over."""

    def __init__(self, key: str) -> None:
        self.is_lost = False
        self._key = key
        self._is_given_back = False
        self._access = threading.Lock()  # a renewal may be on its way when the lease is given back
        self._lock = Lock(redis_client(), key, timeout=settings.TURN_LEASE_S, thread_local=False)

    def take(self) -> None:
        """Raises `LeaseTaken`, or `RedisError` when Redis is away."""
        if not self._lock.acquire(blocking=False):
            raise LeaseTaken(self._key)

    def renew(self) -> None:
        """Prolong it; one that ran out while Redis was away is taken anew if nobody else has.

        One that was given back stays so. Raises `RedisError` when Redis is away.
        """
        with self._access:
            if self.is_lost or self._is_given_back:
                return
            try:
                self._lock.reacquire()
            except LockError:
                self.is_lost = not self._lock.acquire(blocking=False)

    def give_back(self) -> None:
        with self._access:
            self._is_given_back = True
            try:
                self._lock.release()
            except (LockError, RedisError) as error:
                log.warning("lease had run out", key=self._key, error=type(error).__name__)


@contextmanager
def holding(key: str) -> Iterator[Lease]:
    """Hold the lease for as long as the block lasts. Raises `LeaseTaken`, or `RedisError` when Redis is away."""
    lease = Lease(key)
    lease.take()
    try:
        with heartbeat.every(settings.TURN_LEASE_S / RENEWALS_PER_LEASE, lease.renew):
            yield lease
    finally:
        lease.give_back()
