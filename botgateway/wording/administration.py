from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class AdministrationPhrase(Phrase):
    """/admin. Members that end in `_BUTTON` and `_TOAST` are said without markup."""

    HELP = auto()
    USAGE = auto()
    NO_PASSWORD_SET = auto()
    LOGIN_USAGE = auto()
    LOGGED_IN = auto()
    WRONG_PASSWORD = auto()
    LOCKED = auto()
    DELETE_IT_YOURSELF = auto()
    LOGGED_OUT = auto()
    NOT_LOGGED_IN = auto()
    NOT_LOGGED_IN_TOAST = auto()

    STATS = auto()
    STATS_WITHOUT_MEMORY = auto()

    EVERYBODY = auto()
    PENDING = auto()
    NOBODY = auto()
    PERSON = auto()
    APPROVE_BUTTON = auto()
    REFUSE_BUTTON = auto()

    DECIDE_USAGE = auto()
    NO_SUCH_PERSON = auto()
    IMPOSSIBLE = auto()
    ADMINS_STAY = auto()
    DECIDED = auto()
    DECIDED_ALREADY = auto()

    MODELS = auto()
    MODEL = auto()
    MORE_MODELS = auto()
    PROVIDER_LISTED = auto()
    PROVIDER_STALE = auto()
    PROVIDER_UNASKED = auto()

    REFRESHED = auto()
    REFRESHED_LATELY = auto()
    NOTHING_CHANGED = auto()

    MODELS_CHANGED = auto()
    PROVIDER = auto()
    PROVIDER_FIRST = auto()
    PROVIDER_BACK = auto()
    PROVIDER_FAILS = auto()
    PROVIDER_NEVER_ANSWERED = auto()
    APPEARED = auto()
    VANISHED = auto()
    AND_MORE = auto()

    MODELS_MISSING = auto()
    MODEL_MISSING = auto()
