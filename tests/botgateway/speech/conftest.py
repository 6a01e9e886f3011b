"""A model that says one sentence, and the recordings to say it to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from botgateway.speech.whisper import WhisperTranscriber
from tests.harness.whisper_model import make_whisper_model

SAMPLES = Path(__file__).parent / "samples"
SENTENCE = "Напомни мне завтра утром купить молоко и хлеб."


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whisper_model(tmp_path_factory.mktemp("whisper"), says=SENTENCE, language="ru")


@pytest.fixture(scope="session")
def transcriber(model_folder: Path) -> WhisperTranscriber:
    return WhisperTranscriber(str(model_folder), max_duration_s=60)


@pytest.fixture(scope="session")
def make_transcriber(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., WhisperTranscriber]:
    """Return a transcriber with a model made to order, see `make_whisper_model`."""

    def make(*, says: str = SENTENCE, **model: object) -> WhisperTranscriber:
        folder = make_whisper_model(tmp_path_factory.mktemp("whisper"), says=says, **model)
        return WhisperTranscriber(str(folder))

    return make
