from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class GeneralPhrase(Phrase):
    """Greetings, help, and what Butler says when something comes to nothing."""

    WELCOME = auto()
    HELP = auto()
    HELP_IN_GROUP = auto()
    PONG = auto()
    CLEARED = auto()
    UNKNOWN_COMMAND = auto()
    PRIVATE_ONLY = auto()
    MEMORY_OFF = auto()
    CANNOT_READ_THIS = auto()
    MESSAGE_TOO_LONG = auto()
    REPLY_FAILED = auto()
    REPLY_REFUSED = auto()
    ANSWERED_BY_ANOTHER = auto()
    ANSWER_CUT = auto()
    ANSWER_CUT_GO_ON = auto()
    PARKED = auto()
    BLANK = auto()
    BUTTON_OUTDATED = auto()
