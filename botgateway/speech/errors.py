"""What can go wrong between a recording and its words.

    SpeechError
    ├── Unreadable          no recording at all, broken, or without a sound track
    ├── TooLong             longer than is listened to; `duration_s`, `limit_s`
    ├── Silent              nobody speaks, or nothing can be made out
    └── SpeechUnavailable   no model: not there, not to be fetched, no memory     transient

A message names the cause; it never carries what was said or the name of a person's file.
"""

from __future__ import annotations

from typing import ClassVar


class SpeechError(Exception):
    """Root of the tree.

    `is_transient` says whether the same recording may succeed later; `outcome` is the value of the metric label.
    """

    is_transient: ClassVar[bool] = False
    outcome: ClassVar[str] = "error"


class Unreadable(SpeechError):
    outcome = "unreadable"


class TooLong(SpeechError):
    """Longer than `limit_s` seconds. `duration_s` is at least what was heard; the file may have claimed more."""

    outcome = "too_long"

    def __init__(self, *, duration_s: float, limit_s: float) -> None:
        super().__init__(f"{duration_s:.0f} s, and {limit_s:.0f} s are listened to")
        self.duration_s = duration_s
        self.limit_s = limit_s


class Silent(SpeechError):
    outcome = "silent"


class SpeechUnavailable(SpeechError):
    """Speech is not recognised for the time being; the message tells an operator why."""

    is_transient = True
    outcome = "unavailable"
