"""When the same model is asked once more, and after what pause. Nothing here waits or calls anybody."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from llm.errors import LLMError, RateLimited, TimedOut

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0  # somebody is looking at «typing…»; beyond this another model is the better answer
WINDOW_S = 20.0  # after its first call no new one to the same model begins


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`retries`: how often one model is asked again at most. `random` draws from 0 up to, but without, 1."""

    retries: int
    random: Callable[[], float] = random.random

    def find_pause(self, error: LLMError, *, retried: int, elapsed_s: float) -> float | None:
        """Return the seconds to wait before the next call, None if there is to be none.

        `retried` counts the calls after the first, `elapsed_s` is the time since the first began.
        """
        if retried >= self.retries or not is_worth_retrying(error):
            return None
        # What a vendor asks for is the same for all who heard it: the drawn part sets them apart.
        pause_s = _requested_pause(error) + self._draw_pause(retried)
        return pause_s if elapsed_s + pause_s <= WINDOW_S else None

    def _draw_pause(self, retried: int) -> float:
        """Draw from an interval that doubles each time, all of it ("full jitter"): clients fall out of step.

        Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
        """
        longest_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(retried, 16))  # no overflow
        return self.random() * longest_s


class Attempts:
    """The calls to one model for one answer, counted from the first, which begins now."""

    def __init__(self, policy: RetryPolicy, *, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._clock = clock
        self._began_at = clock()
        self._retried = 0

    def find_pause(self, error: LLMError) -> float | None:
        """Return the seconds until the next call, and count it; None if there is to be none."""
        elapsed_s = self._clock() - self._began_at
        pause_s = self._policy.find_pause(error, retried=self._retried, elapsed_s=elapsed_s)
        self._retried += pause_s is not None
        return pause_s


def is_worth_retrying(error: LLMError) -> bool:
    """Tell whether the same call may soon succeed.

    One that timed out has used up the person's patience already, and so would a vendor's long `Retry-After`.
    """
    return error.is_transient and not isinstance(error, TimedOut) and not find_long_wait(error)


def find_long_wait(error: LLMError) -> float:
    """Return the seconds that a vendor wants to be left alone, if nobody waits that long; else 0."""
    requested_s = _requested_pause(error)
    return requested_s if requested_s > LONGEST_PAUSE_S else 0.0


def _requested_pause(error: LLMError) -> float:
    return (error.retry_after_s or 0.0) if isinstance(error, RateLimited) else 0.0
