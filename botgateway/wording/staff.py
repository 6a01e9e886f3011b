from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class StaffPhrase(Phrase):
    """What is said to somebody because of what staff did for them or about them."""

    MEMORY_RESET = auto()
