from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class ReportsPhrase(Phrase):
    """What the admins are told of without having asked."""

    PARKED = auto()
    ERROR = auto()
    TROUBLE = auto()
    TRACE = auto()
