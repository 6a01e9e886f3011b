"""A circuit breaker for each provider: one that keeps failing is left alone for a while, then tried by one call.

Source: Michael Nygard, "Release It!", 2nd edition (2018), "Circuit Breaker". A breaker is closed while calls go
through and open while none does; after its pause one call at a time tries whether the provider is back.
It knows what its own process has seen, and no more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Self

import structlog

from llm import metrics
from llm.errors import AuthenticationRejected, LLMError, QuotaExhausted, RateLimited, Unavailable
from llm.retry import find_long_wait

LONGEST_PAUSE_S = 300.0  # a provider that is back is found again after five minutes at the latest

# Who fails in another way has answered: the provider is there, and what is wrong is this one call.
OUTAGES = (Unavailable, RateLimited, AuthenticationRejected, QuotaExhausted)

log = structlog.get_logger(__name__)


class Permit:
    """Leave to make one call, as a context manager; tells the breaker how the call goes."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._breaker.take_back(self)

    def note_first_token(self) -> None:
        self._breaker.note_sign_of_life(self)

    def end(self, error: LLMError | None = None) -> None:
        """Note how the call ended. One that the person left early need not tell anything."""
        if isinstance(error, OUTAGES):
            self._breaker.note_outage(self, error)
        else:
            self._breaker.note_answer(self)


class Breaker:
    """One provider's; safe to share between threads. `failures_to_open` in a row open it, 0 switches it off."""

    def __init__(
        self,
        provider: str,
        *,
        failures_to_open: int,
        pause_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._failures_to_open = failures_to_open
        self._first_pause_s = self._next_pause_s = min(pause_s, LONGEST_PAUSE_S)
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until: float | None = None
        self._probe: Permit | None = None
        metrics.BREAKER_OPEN.labels(provider).set_function(
            lambda: self.is_open
        )  # after its pause: 0, asked or not

    @property
    def is_open(self) -> bool:
        """Whether the next call would not be let through."""
        with self._lock:
            return self._refuses()

    def admit(self) -> Permit | None:
        """Let a call through; None if the provider is to be left alone."""
        with self._lock:
            if self._refuses():
                return None
            permit = Permit(self)
            if self._open_until is not None:
                self._probe = permit
            return permit

    def note_answer(self, permit: Permit) -> None:
        with self._lock:
            if self._open_until is not None and permit is not self._probe:
                return  # let through before the breaker opened: it says nothing about now
            self._close(failures=0)
            self._next_pause_s = self._first_pause_s

    def note_sign_of_life(self, permit: Permit) -> None:
        """An answer has begun after a pause: others may ask again, but one more failure opens the breaker."""
        with self._lock:
            if permit is self._probe:
                self._close(failures=self._failures_to_open - 1)

    def note_outage(self, permit: Permit, error: LLMError) -> None:
        if not self._failures_to_open:
            return
        with self._lock:
            self._failures += 1
            pause_s = min(find_long_wait(error), LONGEST_PAUSE_S)
            if permit is self._probe or (
                self._open_until is None and self._failures >= self._failures_to_open
            ):
                pause_s = max(pause_s, self._next_pause_s)
                self._next_pause_s = min(2 * self._next_pause_s, LONGEST_PAUSE_S)
            if pause_s:
                self._open(pause_s, error)

    def take_back(self, permit: Permit) -> None:
        """Let somebody else try if this call was to do so and has ended without showing anything."""
        with self._lock:
            if permit is self._probe:
                self._probe = None

    def _refuses(self) -> bool:
        if self._open_until is None:
            return False
        return self._probe is not None or self._clock() < self._open_until

    def _open(self, pause_s: float, error: LLMError) -> None:
        self._open_until = max(self._clock() + pause_s, self._open_until or 0.0)
        self._probe = None
        log.warning(
            "llm provider left alone", provider=self._provider, outcome=error.outcome, pause_s=round(pause_s)
        )

    def _close(self, *, failures: int) -> None:
        self._failures = failures
        if self._open_until is None:
            return
        self._open_until = self._probe = None
        log.info("llm provider asked again", provider=self._provider)


class Breakers:
    """A breaker for every provider that is asked for, made on first use."""

    def __init__(
        self, *, failures_to_open: int, pause_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._failures_to_open = failures_to_open
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._breakers: dict[str, Breaker] = {}

    def of_provider(self, name: str) -> Breaker:
        with self._lock:
            if name not in self._breakers:
                self._breakers[name] = Breaker(
                    name, failures_to_open=self._failures_to_open, pause_s=self._pause_s, clock=self._clock
                )
            return self._breakers[name]


@cache
def configured_breakers() -> Breakers:
    """Return this process's breakers; `configured_breakers.cache_clear()` forgets what they have seen."""
    from django.conf import settings  # noqa: PLC0415  # chains are usable without Django

    return Breakers(failures_to_open=settings.LLM_BREAKER_FAILURES, pause_s=settings.LLM_BREAKER_PAUSE_S)
