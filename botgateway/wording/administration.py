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
    REFRESHED = auto()
    PROVIDER = auto()
    PROVIDER_FAILED = auto()
    MODEL = auto()
    MORE_MODELS = auto()
