"""Recordings through the whole engine: decoder, voice detection, and a model in the real format."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from botgateway.speech.audio import SAMPLE_RATE_HZ, decode_audio, find_speech
from botgateway.speech.errors import Silent, SpeechUnavailable, TooLong, Unreadable
from botgateway.speech.transcriber import Transcript
from botgateway.speech.whisper import WhisperTranscriber
from tests.botgateway.speech.conftest import SAMPLES, SENTENCE
from tests.botgateway.speech.recordings import make_noise, make_silence, write_recording
from tests.harness.whisper_model import DOUBTFUL, make_whisper_model

MakeTranscriber = Callable[..., WhisperTranscriber]
RUSSIAN = SAMPLES / "russian.ogg"
ENGLISH = SAMPLES / "english.ogg"


def count(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


@pytest.mark.parametrize("name", ["russian.ogg", "english.ogg", "one_word.ogg"])
def test_speech_is_told_from_the_silence_around_it(name: str) -> None:
    speech = decode_audio(SAMPLES / name, max_duration_s=10)
    silence = make_silence(5.0)

    found = find_speech(np.concatenate([silence, speech, silence]))

    assert len(speech) * 0.7 < len(found) < len(speech) + 2 * SAMPLE_RATE_HZ


@pytest.mark.parametrize("sound", [make_silence(4.0), make_noise(4.0)], ids=["silence", "noise"])
def test_a_recording_in_which_nobody_speaks_needs_no_model(sound: np.ndarray, tmp_path: Path) -> None:
    path = write_recording(tmp_path / "note.ogg", sound, codec="libopus", rate=48_000)
    transcriber = WhisperTranscriber(str(tmp_path / "no model"))
    before = count("speech_transcriptions_total", outcome="silent")

    with pytest.raises(Silent):
        transcriber.transcribe(path, language="ru")

    assert count("speech_transcriptions_total", outcome="silent") == before + 1


def test_a_voice_note_is_transcribed(transcriber: WhisperTranscriber) -> None:
    heard_before = count("speech_audio_seconds_total")
    done_before = count("speech_transcriptions_total", outcome="ok")

    transcript = transcriber.transcribe(RUSSIAN, language="ru")

    assert transcript == Transcript(SENTENCE, "ru", duration_s=pytest.approx(3.13, abs=0.02))
    assert count("speech_transcriptions_total", outcome="ok") == done_before + 1
    assert count("speech_audio_seconds_total") - heard_before == pytest.approx(3.13, abs=0.5)
    assert count("speech_seconds_count") > 0


def test_the_language_is_found_out_if_it_is_not_given(make_transcriber: MakeTranscriber) -> None:
    transcriber = make_transcriber(says="Please water the plants.", language="en")

    assert transcriber.transcribe(ENGLISH, language=None).language == "en"
    assert transcriber.transcribe(ENGLISH, language="tlh").language == "en"  # none of Whisper's
    assert transcriber.transcribe(ENGLISH, language="ru").language == "ru"


def test_a_recording_of_several_windows_is_transcribed_to_its_end(
    transcriber: WhisperTranscriber, tmp_path: Path
) -> None:
    speech = decode_audio(RUSSIAN, max_duration_s=10)
    path = write_recording(tmp_path / "note.ogg", np.tile(speech, 14), codec="libopus", rate=48_000)

    transcript = transcriber.transcribe(path, language="ru")

    assert transcript.text == f"{SENTENCE} {SENTENCE}"  # the model says it once in a window of 30 s
    assert transcript.duration_s == pytest.approx(43.8, abs=0.2)


@pytest.mark.parametrize(
    "model",
    [{"certainty": DOUBTFUL}, {"says": "Субтитры сделал DimaTorzok"}],
    ids=["a guess", "credits of a film"],
)
def test_a_transcript_of_nothing_but_noise_is_silence(
    make_transcriber: MakeTranscriber, model: dict[str, object]
) -> None:
    with pytest.raises(Silent, match="made out"):
        make_transcriber(**model).transcribe(RUSSIAN, language="ru")


@pytest.mark.parametrize(("error", "outcome"), [(Unreadable, "unreadable"), (TooLong, "too_long")])
def test_a_recording_that_cannot_be_heard_is_counted_as_such(
    model_folder: Path, tmp_path: Path, error: type[Exception], outcome: str
) -> None:
    path = tmp_path / "note.ogg"
    path.write_bytes(RUSSIAN.read_bytes() if error is TooLong else b"no recording")
    before = count("speech_transcriptions_total", outcome=outcome)

    with pytest.raises(error):
        WhisperTranscriber(str(model_folder), max_duration_s=1).transcribe(path, language="ru")

    assert count("speech_transcriptions_total", outcome=outcome) == before + 1


def test_recordings_at_the_same_time_load_one_model(model_folder: Path) -> None:
    transcriber = WhisperTranscriber(str(model_folder))

    with capture_logs() as logs, ThreadPoolExecutor(4) as threads:
        heard = list(
            threads.map(lambda path: transcriber.transcribe(path, language="ru"), [RUSSIAN, ENGLISH] * 2)
        )

    assert [transcript.text for transcript in heard] == [SENTENCE] * 4
    assert [entry["event"] for entry in logs].count("speech model loaded") == 1


def test_the_log_says_nothing_of_what_was_said(transcriber: WhisperTranscriber) -> None:
    with capture_logs() as logs:
        transcriber.transcribe(RUSSIAN, language="ru")

    assert [entry["event"] for entry in logs][-1] == "speech recognised"
    assert "молоко" not in str(logs)
    assert "russian" not in str(logs)


def test_a_missing_model_is_looked_for_again_only_after_a_while(model_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    patient = WhisperTranscriber(str(folder))
    eager = WhisperTranscriber(str(folder), retry_after_failure_s=0)
    for transcriber in (patient, eager):
        with pytest.raises(SpeechUnavailable, match="does not exist"):
            transcriber.transcribe(RUSSIAN, language="ru")
    shutil.copytree(model_folder, folder)

    with pytest.raises(SpeechUnavailable, match="does not exist"):
        patient.transcribe(RUSSIAN, language="ru")
    assert eager.transcribe(RUSSIAN, language="ru").text == SENTENCE


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.bin", b"no model"),
        ("tokenizer.json", b"{}"),
        ("config.json", b"{"),
        ("vocabulary.json", b"["),
    ],
)
def test_a_damaged_model_is_no_model(model_folder: Path, tmp_path: Path, name: str, content: bytes) -> None:
    folder = shutil.copytree(model_folder, tmp_path / "model")
    (folder / name).write_bytes(content)

    with pytest.raises(SpeechUnavailable, match="cannot be loaded"):
        WhisperTranscriber(str(folder)).load()


def test_a_model_cut_short_is_no_model(tmp_path: Path) -> None:
    folder = make_whisper_model(tmp_path, says="да")
    weights = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(weights[: len(weights) // 2])

    with pytest.raises(SpeechUnavailable, match="cannot be loaded"):
        WhisperTranscriber(str(folder)).load()


@pytest.mark.parametrize("compute_type", ["float32", "int8_float32"])
def test_the_type_of_computation_can_be_chosen(model_folder: Path, compute_type: str) -> None:
    transcriber = WhisperTranscriber(str(model_folder), compute_type=compute_type)

    assert transcriber.transcribe(RUSSIAN, language="ru").text == SENTENCE


def test_an_unknown_type_of_computation_is_named(model_folder: Path) -> None:
    with pytest.raises(SpeechUnavailable, match="int9"):
        WhisperTranscriber(str(model_folder), compute_type="int9").load()
