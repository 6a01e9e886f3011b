from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class ChannelsPhrase(Phrase):
    """Channels, for the admins who decide about them. Members in `_BUTTON` and `_TOAST` are said without markup."""

    CHANNEL = auto()
    CHANNEL_WITH_USERNAME = auto()
    UNTITLED = auto()

    REQUEST = auto()
    ADDED_BY = auto()
    READ_BUTTON = auto()
    IGNORE_BUTTON = auto()
    DECIDED = auto()
    GONE = auto()

    DECIDED_TOAST = auto()
    DECIDED_ALREADY_TOAST = auto()
    GONE_TOAST = auto()
    UNKNOWN_TOAST = auto()

    LEFT = auto()
    BACK = auto()

    STATE_FOUND = auto()
    STATE_ON = auto()
    STATE_OFF = auto()
    STATE_LEFT = auto()
