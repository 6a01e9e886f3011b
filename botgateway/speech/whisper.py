"""Speech recognition by faster-whisper: Whisper on CTranslate2, on the processor of this machine.

The engine and the decoder are imported where they are used: the system check of `SPEECH_TRANSCRIBER` imports this
module in every process.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from django.conf import settings

from botgateway.speech.errors import Silent, SpeechError, SpeechUnavailable
from botgateway.speech.metrics import (
    AUDIO_SECONDS,
    OUTCOME_CRASHED,
    OUTCOME_OK,
    RECOGNITION_SECONDS,
    TRANSCRIPTIONS,
)
from botgateway.speech.model_files import find_model
from botgateway.speech.noise import (
    MAX_COMPRESSION_RATIO,
    MAX_NO_SPEECH_PROBABILITY,
    MIN_AVERAGE_LOGPROB,
    is_noise,
)
from botgateway.speech.transcriber import Transcript

if TYPE_CHECKING:
    from faster_whisper import WhisperModel  # type: ignore[import-untyped]

    from botgateway.speech.audio import Samples

log = structlog.get_logger(__name__)

DEFAULT_MAX_DURATION_S = 300.0
# The paper's; also that of the published figures in docs/speech.md.
BEAM_SIZE = 5
# The paper's are 0.0 to 1.0 by 0.2. Each is a decoding of the same window: on a processor half of them must do.
TEMPERATURES = (0.0, 0.4, 0.8)
# CTranslate2's own default. More threads than cores are slower, and the answers of others need cores too.
MAX_CPU_THREADS = 4
# A missing model does not turn up by itself, and looking for it costs seconds of every voice note.
RETRY_AFTER_FAILURE_S = 300.0


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory. `seconds` is what finding and reading it took, fetching included."""

    engine: WhisperModel
    folder: Path
    seconds: float


class WhisperTranscriber:
    """One model, read on first use and kept; one recording at a time.

    `model` is a size, a repository of the Hugging Face Hub or a folder; `compute_type` one of CTranslate2's.
    """

    def __init__(
        self,
        model: str,
        *,
        compute_type: str = "int8",
        max_duration_s: float = DEFAULT_MAX_DURATION_S,
        models_dir: Path | None = None,
        cpu_threads: int | None = None,
        retry_after_failure_s: float = RETRY_AFTER_FAILURE_S,
    ) -> None:
        self.model = model
        self.compute_type = compute_type
        self._max_duration_s = max_duration_s
        self._models_dir = models_dir
        self._cpu_threads = cpu_threads or min(len(os.sched_getaffinity(0)), MAX_CPU_THREADS)
        self._retry_after_failure_s = retry_after_failure_s
        self._lock = threading.Lock()
        self._loaded: LoadedModel | None = None
        self._failure: str | None = None
        self._retry_at = 0.0

    def transcribe(self, path: Path, *, language: str | None) -> Transcript:
        """Return what is said in a recording. A `language` that Whisper does not know is found out instead."""
        from botgateway.speech.audio import decode_audio, find_speech, measure_duration  # noqa: PLC0415  # heavy

        with _counted():
            samples = decode_audio(path, max_duration_s=self._max_duration_s)
            speech = find_speech(samples)
            with self._lock:
                text, spoken = self._recognise(self._load().engine, speech, language)
                AUDIO_SECONDS.inc(measure_duration(speech))
            if not text:
                raise Silent("nothing that can be made out")
            return Transcript(text, spoken, duration_s=measure_duration(samples))

    def load(self) -> LoadedModel:
        """Have the model in memory now. Raises `SpeechUnavailable`, without another try soon after a failed one."""
        with self._lock:
            return self._load()

    def _load(self) -> LoadedModel:
        if self._loaded is not None:
            return self._loaded
        if self._failure is not None and time.monotonic() < self._retry_at:
            raise SpeechUnavailable(self._failure)
        try:
            self._loaded = self._read_model()
        except SpeechUnavailable as error:
            self._failure = str(error)
            self._retry_at = time.monotonic() + self._retry_after_failure_s
            log.warning("speech model unavailable", model=self.model, reason=self._failure)
            raise
        return self._loaded

    def _read_model(self) -> LoadedModel:
        from faster_whisper import WhisperModel  # noqa: PLC0415  # heavy

        started_at = time.monotonic()
        folder = find_model(self.model, models_dir=self._models_dir)
        try:
            engine = WhisperModel(
                str(folder), device="cpu", compute_type=self.compute_type, cpu_threads=self._cpu_threads
            )
        # CTranslate2 raises RuntimeError, ValueError and MemoryError, the tokenizers bare Exception.
        except Exception as error:
            reason = f"the model in {folder} cannot be loaded: {type(error).__name__}: {error}"
            raise SpeechUnavailable(reason) from error
        seconds = time.monotonic() - started_at
        log.info(
            "speech model loaded",
            model=self.model,
            compute_type=self.compute_type,
            cpu_threads=self._cpu_threads,
            seconds=round(seconds, 1),
        )
        return LoadedModel(engine, folder, seconds)

    def _recognise(self, engine: WhisperModel, speech: Samples, language: str | None) -> tuple[str, str]:
        """Return the words and the code of their language."""
        started_at = time.monotonic()
        try:
            segments, info = engine.transcribe(
                speech,
                language=language if language in engine.supported_languages else None,
                beam_size=BEAM_SIZE,
                temperature=TEMPERATURES,
                log_prob_threshold=MIN_AVERAGE_LOGPROB,
                compression_ratio_threshold=MAX_COMPRESSION_RATIO,
                no_speech_threshold=MAX_NO_SPEECH_PROBABILITY,
                # A phrase that got into a loop would be handed on from window to window.
                condition_on_previous_text=False,
            )
            words = [
                segment.text.strip()
                for segment in segments
                if not is_noise(
                    segment.text,
                    average_logprob=segment.avg_logprob,
                    compression_ratio=segment.compression_ratio,
                )
            ]
        except (RuntimeError, MemoryError) as error:
            raise SpeechUnavailable(f"recognition failed: {type(error).__name__}") from error
        seconds = time.monotonic() - started_at
        RECOGNITION_SECONDS.observe(seconds)
        log.info(
            "speech recognised",
            language=info.language,
            audio_s=round(info.duration, 1),
            seconds=round(seconds, 1),
            segments=len(words),
        )
        return " ".join(words), info.language


def build_transcriber() -> WhisperTranscriber:
    """Return a transcriber as the settings describe it. Models fetched by name are kept in `DATA_DIR`."""
    return WhisperTranscriber(
        settings.WHISPER_MODEL,
        compute_type=settings.WHISPER_COMPUTE_TYPE,
        max_duration_s=settings.SPEECH_MAX_DURATION_S,
        models_dir=Path(settings.DATA_DIR) / "models",
    )


@contextmanager
def _counted() -> Iterator[None]:
    outcome = OUTCOME_CRASHED
    try:
        yield
        outcome = OUTCOME_OK
    except SpeechError as error:
        outcome = error.outcome
        raise
    finally:
        TRANSCRIPTIONS.labels(outcome).inc()
