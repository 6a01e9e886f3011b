"""From a recording to its words: what the rest of the gateway sees of speech recognition.

Nothing here imports the engine; the process that hears no voice note never pays for it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Transcript:
    """What was said. `language` is a code as `ru`; `duration_s` is the whole recording, silence included."""

    text: str
    language: str
    duration_s: float


class Transcriber(Protocol):
    def transcribe(self, path: Path, *, language: str | None) -> Transcript:
        """Return what is said in the recording, in its own language. Blocks for as long as it takes.

        `language` is the code of the language spoken, `None` if it is to be found out. Any container and codec
        of the usual ones will do, a video's sound track too. Raises `SpeechError`; a path that does not exist
        is an `OSError`.
        """
        ...


_building = threading.Lock()


def get_transcriber() -> Transcriber:
    """Return the process's transcriber, made by the function that `SPEECH_TRANSCRIBER` names."""
    # `cache` alone would let two threads build one each, and load two models.
    with _building:
        return _build(settings.SPEECH_TRANSCRIBER)


def forget_transcriber() -> None:
    """Let the next `get_transcriber` build anew, from the settings as they are then."""
    _build.cache_clear()


@cache
def _build(dotted_path: str) -> Transcriber:
    return cast("Transcriber", import_string(dotted_path)())
