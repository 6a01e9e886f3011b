"""A transcriber that a test scripts by what it sends: the recording holds the words themselves.

`SPEECH_TRANSCRIBER=tests.harness.transcriber.build_transcriber` puts it in the place of Whisper.
"""

from __future__ import annotations

from pathlib import Path

from botgateway.speech.errors import Silent, SpeechUnavailable, Unreadable
from botgateway.speech.transcriber import Transcript

SILENCE = b"silence"
NOISE = b"\x00 no recording"
DEAF = b"deaf"  # a model that cannot be loaded


class ScriptedTranscriber:
    def transcribe(self, path: Path, *, language: str | None) -> Transcript:
        content = path.read_bytes()
        if content.removeprefix(b"OggS ") == SILENCE:
            raise Silent
        if content == NOISE:
            raise Unreadable
        if content == DEAF:
            raise SpeechUnavailable
        return Transcript(text=content.decode(), language=language or "ru", duration_s=1.0)


def build_transcriber() -> ScriptedTranscriber:
    return ScriptedTranscriber()
