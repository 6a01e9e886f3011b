from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class ConversationPhrase(Phrase):
    """Edited messages, /retry and /stop."""

    EDIT_NOTICED = auto()
    EDIT_TOO_OLD = auto()
    RETRY_BUTTON = auto()
    NOTHING_TO_RETRY = auto()
    STOPPED_MARK = auto()
    STOPPED_BEFORE_BEGINNING = auto()
    STOPPED = auto()
    NOTHING_TO_STOP = auto()
