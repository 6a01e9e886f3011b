from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class AccessPhrase(Phrase):
    """Requests for access: what is said to those who ask, and to those who decide."""

    SEND_START = auto()
    REQUEST_FILED = auto()
    STILL_PENDING = auto()
    STILL_REFUSED = auto()
    STILL_BLOCKED = auto()
    NOT_IN_GROUPS = auto()

    TOLD_APPROVED = auto()
    TOLD_REFUSED = auto()
    TOLD_BLOCKED = auto()

    REQUEST = auto()
    REQUEST_DECIDED = auto()
    PERSON = auto()
    PERSON_WITH_USERNAME = auto()
    NAMELESS = auto()
    APPROVE_BUTTON = auto()
    REFUSE_BUTTON = auto()
    BLOCK_BUTTON = auto()

    STATE_PENDING = auto()
    STATE_APPROVED = auto()
    STATE_REFUSED = auto()
    STATE_BLOCKED = auto()
