"""Telegram's flood limits (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields

from sandbox.errors import ControlError, too_many_requests
from sandbox.jsontypes import JsonObject

MAX_BUCKETS = 10_000
PEAK_WINDOW_S = 1.0


@dataclass(slots=True)
class LimitSettings:
    """Sustained rates per second and bursts in calls.

    Telegram documents 1 message/s in a chat and 30 messages/s overall; its bursts are not documented. `overall_peak`
    is the most within any second: as it is, just what a burst and the rate come to, so that it refuses nothing more.
    """

    enabled: bool = True
    chat_rate: float = 1.0
    chat_burst: float = 20.0
    edit_rate: float = 1.0
    edit_burst: float = 20.0
    overall_rate: float = 30.0
    overall_burst: float = 120.0
    overall_peak: float = 150.0

    def view(self) -> JsonObject:
        return asdict(self)

    def change(self, changes: JsonObject) -> None:
        """Raise ControlError for an unknown name or a value that is no positive number."""
        names = {field.name for field in fields(self)}
        for name, value in changes.items():
            if name not in names:
                raise ControlError(f"unknown limit: {name}")
            if name == "enabled":
                self.enabled = bool(value)
            elif not isinstance(value, int | float) or value <= 0:
                raise ControlError(f"{name} must be a positive number")
            else:
                setattr(self, name, float(value))


@dataclass(slots=True)
class Bucket:
    """A token bucket; `at` is monotonic seconds."""

    tokens: float
    at: float

    def wait_s(self, rate: float, burst: float, now: float) -> float:
        """Refill, and give how long until a token is there."""
        self.tokens = min(burst, self.tokens + (now - self.at) * rate)
        self.at = now
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) / rate


class Limiter:
    """Refuse with 429 what Telegram would not take at this pace."""

    def __init__(self, settings: LimitSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self._buckets: dict[tuple[str, int, int], Bucket] = {}
        self._passed: deque[float] = deque()

    def check_send(self, chat_id: int) -> None:
        """Raise BotApiError 429 with `retry_after` if one more message to the chat is too many."""
        chat = (("chat", chat_id, 0), self.settings.chat_rate, self.settings.chat_burst)
        self._take(chat, self._overall())

    def check_edit(self, chat_id: int, message_id: int) -> None:
        """Raise BotApiError 429 with `retry_after` if one more edit of the message is too many."""
        edit = (("edit", chat_id, message_id), self.settings.edit_rate, self.settings.edit_burst)
        self._take(edit, self._overall())

    def reset(self) -> None:
        self._buckets.clear()
        self._passed.clear()

    def _overall(self) -> tuple[tuple[str, int, int], float, float]:
        return ("overall", 0, 0), self.settings.overall_rate, self.settings.overall_burst

    def _take(self, *wanted: tuple[tuple[str, int, int], float, float]) -> None:
        if not self.settings.enabled:
            return
        now = self._clock()
        if len(self._buckets) > MAX_BUCKETS:
            self._forget_full(now)
        buckets = [self._buckets.setdefault(key, Bucket(burst, now)) for key, _, burst in wanted]
        waits = [
            bucket.wait_s(rate, burst, now) for bucket, (_, rate, burst) in zip(buckets, wanted, strict=True)
        ]
        waits.append(self._wait_for_peak_s(now))
        if max(waits) > 0:
            raise too_many_requests(max(1, math.ceil(max(waits))))
        for bucket in buckets:
            bucket.tokens -= 1
        self._passed.append(now)

    def _wait_for_peak_s(self, now: float) -> float:
        """Return how long until one more call would make no second fuller than it may be."""
        while self._passed and now - self._passed[0] >= PEAK_WINDOW_S:
            self._passed.popleft()
        is_full = len(self._passed) + 1 > self.settings.overall_peak
        return self._passed[0] + PEAK_WINDOW_S - now if is_full and self._passed else 0.0

    def _forget_full(self, now: float) -> None:
        slowest = min(self.settings.chat_rate, self.settings.edit_rate)
        idle_s = max(self.settings.chat_burst, self.settings.edit_burst) / slowest
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket.at < idle_s}
