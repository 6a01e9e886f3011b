from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class DigestsPhrase(Phrase):
    """/digest, /subscribe, /unsubscribe and what subscribers are sent. `_BUTTON` and `_TOAST` are without markup."""

    HEADING = auto()
    BY_RULES = auto()
    MADE_UP = auto()
    EDITED_SINCE = auto()
    EMPTY = auto()
    FAILED = auto()
    NOT_TODAY = auto()
    NOT_YET = auto()
    UNKNOWN_DAY = auto()
    BAD_DAY = auto()
    GONE = auto()
    WRITING = auto()
    BEING_WRITTEN = auto()
    TOO_FAST = auto()
    DAY_SPENT = auto()

    CHOOSE = auto()
    SEVERAL = auto()
    SEVERAL_OF_DAY = auto()
    NO_CHANNELS = auto()
    NO_SUCH_CHANNEL = auto()
    UNKNOWN_CHANNEL = auto()
    OF_DAY_BUTTON = auto()
    SUBSCRIBE_BUTTON = auto()
    UNSUBSCRIBE_BUTTON = auto()

    CHOOSE_SUBSCRIPTIONS = auto()
    SUBSCRIBED = auto()
    SUBSCRIBED_TOAST = auto()
    BAD_HOUR = auto()
    ALL_SUBSCRIPTIONS_BUTTON = auto()
    UNSUBSCRIBED = auto()
    UNSUBSCRIBED_TOAST = auto()
    NOT_SUBSCRIBED = auto()
    OWN_SUBSCRIPTIONS = auto()
    OWN_SUBSCRIPTION = auto()
    NO_SUBSCRIPTIONS = auto()

    UNDELIVERED = auto()
    FAREWELL = auto()
