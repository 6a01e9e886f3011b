from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class MemoryPhrase(Phrase):
    """What is remembered of a person: /memory, /export, /forget_me."""

    TITLE = auto()
    TITLE_OF_PAGE = auto()
    EMPTY = auto()
    TURN = auto()
    QUESTION_ALONE = auto()
    ANSWER_ALONE = auto()
    FILE = auto()
    SUMMARY = auto()
    TOPIC = auto()
    BLANK = auto()
    BY_VOICE = auto()
    WITH_FILE = auto()
    TERM = auto()
    TERM_OF_SUMMARY = auto()
    NO_TERM = auto()
    DELETE_BUTTON = auto()
    NEWER_BUTTON = auto()
    OLDER_BUTTON = auto()
    DELETED = auto()
    GONE = auto()
    SUMMARISED = auto()
    RESET_BUTTON = auto()
    RESET_QUESTION = auto()
    RESET_YES = auto()
    RESET_NO = auto()
    RESET_DONE = auto()
    EXPORT = auto()
    EXPORT_SHORTENED = auto()
    EXPORT_TOO_BIG = auto()
    FORGET_QUESTION = auto()
    FORGET_YES = auto()
    FORGET_NO = auto()
    FORGET_DONE = auto()
    FORGET_NOT = auto()
