"""A transcriber that quotes what it has heard when it fails, as libraries do.

`SPEECH_TRANSCRIBER=tests.harness.careless.build_transcriber` puts it in the place of Whisper.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

from botgateway.speech.transcriber import Transcript
from tests.harness.transcriber import ScriptedTranscriber

FATAL = "РОКОВОЕ"


class CarelessTranscriber(ScriptedTranscriber):
    """Raises for words that begin with `FATAL`; logs and warns of every recording, as only a library would."""

    def transcribe(self, path: Path, *, language: str | None) -> Transcript:
        heard = path.read_bytes().decode(errors="replace")
        log = logging.getLogger("careless.library")
        log.debug("heard %s", heard)
        log.info("heard " + heard)  # noqa: G003
        log.warning("heard %s", heard)
        log.warning("heard " + heard)  # noqa: G003
        warnings.warn(f"heard {heard}", stacklevel=1)
        if heard.startswith(FATAL):
            raise ValueError(f"cannot make sense of {heard!r} in {path}")
        return super().transcribe(path, language=language)


def build_transcriber() -> CarelessTranscriber:
    return CarelessTranscriber()
