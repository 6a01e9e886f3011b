from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class FilesPhrase(Phrase):
    """Documents and pictures. The values of the failures are the `outcome` of `botgateway.extraction.errors`."""

    ENCRYPTED = auto()
    BROKEN = auto()
    EMPTY = auto()
    NO_TEXT = auto()
    TOO_HEAVY = auto()
    UNSUPPORTED = auto()
    SOUND_OR_VIDEO = auto()
    ARCHIVE = auto()
    PICTURE_KIND = auto()
    PICTURE_TOO_BIG = auto()
    TOO_BIG = auto()
    GONE = auto()
    FAILED = auto()

    FORGOTTEN = auto()
    PHOTO_UNSEEN = auto()
    PICTURE_UNSEEN = auto()
    LEFT_UNSEEN = auto()
    READ_PAGES = auto()
    READ_BEGINNING = auto()
    READ_PLACES = auto()
    KEPT_BEGINNING = auto()
    ASK_FURTHER = auto()
