"""How the gateway gets at its transcriber, and what that costs a process that hears nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from botgateway.speech.transcriber import forget_transcriber, get_transcriber
from butler_project.embedded.discovery import PROJECT_DIR
from tests.botgateway.speech.conftest import SAMPLES, SENTENCE

HEAVY = ("av", "ctranslate2", "faster_whisper", "huggingface_hub", "numpy", "onnxruntime", "tokenizers")
LOAD_WITHOUT_ENGINE = f"""
import sys
import django
django.setup()
import botgateway.speech.errors, botgateway.speech.transcriber, botgateway.speech.whisper
print([name for name in {HEAVY} if name in sys.modules])
"""


@pytest.fixture
def configured(settings: Any, model_folder: Path, tmp_path: Path) -> Iterator[Any]:
    settings.SPEECH_TRANSCRIBER = "botgateway.speech.whisper.build_transcriber"
    settings.WHISPER_MODEL = str(model_folder)
    settings.WHISPER_COMPUTE_TYPE = "int8"
    settings.SPEECH_MAX_DURATION_S = 60
    settings.DATA_DIR = tmp_path
    forget_transcriber()
    yield settings
    forget_transcriber()


def test_a_process_has_one_transcriber(configured: Any) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(lambda _: get_transcriber(), range(8)))

    assert len(found) == 1
    assert found.pop().transcribe(SAMPLES / "russian.ogg", language=None).text == SENTENCE


def test_the_settings_are_read_anew_once_the_transcriber_is_forgotten(configured: Any) -> None:
    first = get_transcriber()

    forget_transcriber()

    assert get_transcriber() is not first


def test_the_engine_is_not_imported_before_it_is_needed(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", LOAD_WITHOUT_ENGINE],
        cwd=PROJECT_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "butler_project.settings",
            "BUTLER_ENV_FILE": "",
            "DATA_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout.strip() == "[]"


def test_the_command_loads_the_model_and_says_what_it_takes(configured: Any, model_folder: Path) -> None:
    output = StringIO()

    call_command("load_speech_model", stdout=output)

    assert f"Speech model {model_folder} is ready" in output.getvalue()
    assert "1 MB on disk, loaded as int8 in " in output.getvalue()


def test_the_command_fails_with_the_reason(configured: Any, tmp_path: Path) -> None:
    configured.WHISPER_MODEL = str(tmp_path / "nowhere")

    with pytest.raises(CommandError, match="nowhere does not exist"):
        call_command("load_speech_model")
