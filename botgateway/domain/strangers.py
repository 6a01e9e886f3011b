"""How often somebody without access is answered: a few times, then not at all for a while."""

from __future__ import annotations

from enum import StrEnum

from botgateway.domain import windows

ANSWERS_PER_HOUR = 3  # to somebody who cannot be told more than that
HOUR_S, DAY_S = 3_600, 86_400


class Utterance(StrEnum):
    """What a stranger says; each kind is counted by itself, so that chatter does not use up the requests."""

    BLOCKED = "blocked"  # whatever it is that somebody says who is blocked
    REQUEST = "request"
    CHATTER = "chatter"


def is_heard(user_id: str, utterance: Utterance, *, key: str) -> bool:
    """Count an answer, once for each `key`; False if there have been enough of them lately."""
    limit, window_s = (1, DAY_S) if utterance is Utterance.BLOCKED else (ANSWERS_PER_HOUR, HOUR_S)
    return not windows.admit(_window(user_id, utterance), key, limit=limit, window_s=window_s)


def forget_stranger(user_id: str) -> None:
    for utterance in Utterance:
        windows.forget(_window(user_id, utterance))


def _window(user_id: str, utterance: Utterance) -> str:
    return f"stranger-{utterance}:{user_id}"
