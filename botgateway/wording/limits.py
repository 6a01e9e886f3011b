from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class LimitsPhrase(Phrase):
    """Who has asked enough for now. The first two are toasts as well: at most 200 characters."""

    TOO_FAST = auto()
    DAY_SPENT = auto()
    MOSCOW_TIME = auto()
    OTHER_TIME = auto()
