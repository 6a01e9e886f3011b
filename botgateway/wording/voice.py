from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class VoicePhrase(Phrase):
    """Voice messages. The values of the failures are the `outcome` of `botgateway.speech.errors`."""

    HEARD = auto()
    UNREADABLE = auto()
    SILENT = auto()
    TOO_LONG = auto()
    TOO_BIG = auto()
    GONE = auto()
    UNAVAILABLE = auto()
    FAILED = auto()
