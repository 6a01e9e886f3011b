"""What the Telegram stand-in received, by its own clock: how much within any second, and what became of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

SECOND_S = 1.0
ACCEPTED, REFUSED = 200, 429


@dataclass(frozen=True, slots=True)
class Received:
    """Calls for people's chats, those refused included. Peaks are of any second, wherever it begins.

    `seconds` passed from the first call to the last; `doubled` are the messages beyond a person's first, `lost` the
    people without one.
    """

    calls: int
    seconds: float
    peak: int
    chat_peak: int
    refused: int
    delivered: int
    doubled: int
    lost: int

    @property
    def per_second(self) -> float:
        return (self.delivered - 1) / self.seconds if self.seconds else 0.0


def take_account(calls: Sequence[dict[str, Any]], people: Collection[int]) -> Received:
    """Account for the stand-in's log of calls; each of these people is to have one message."""
    moments: dict[int, list[float]] = defaultdict(list)
    for call in calls:
        if call["chat_id"] in people:
            moments[call["chat_id"]].append(call["received_at"])
    every = sorted(moment for of_chat in moments.values() for moment in of_chat)
    sent = Counter(
        call["chat_id"]
        for call in calls
        if call["method"] == "sendMessage" and call["status"] == ACCEPTED and call["chat_id"] in people
    )
    return Received(
        calls=len(every),
        seconds=every[-1] - every[0] if every else 0.0,
        peak=find_peak(every),
        chat_peak=max(map(find_peak, moments.values()), default=0),
        refused=sum(call["status"] == REFUSED for call in calls),
        delivered=len(sent),
        doubled=sent.total() - len(sent),
        lost=len(people) - len(sent),
    )


def find_peak(moments: Iterable[float], *, window_s: float = SECOND_S) -> int:
    """Return the most moments (in seconds) that lie less than a window apart."""
    ordered = sorted(moments)
    peak = first = 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= window_s:
            first += 1
        peak = max(peak, last - first + 1)
    return peak
