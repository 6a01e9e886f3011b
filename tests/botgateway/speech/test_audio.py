"""What the decoder makes of recordings, and of files that are none."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from botgateway.speech.audio import SAMPLE_RATE_HZ, decode_audio
from botgateway.speech.errors import TooLong, Unreadable
from tests.botgateway.speech.conftest import SAMPLES
from tests.botgateway.speech.recordings import make_noise, make_silence, write_film, write_recording

VOICE_NOTE = SAMPLES / "russian.ogg"
VOICE_NOTE_S = 3.13


def test_a_voice_note_becomes_samples_for_the_model() -> None:
    samples = decode_audio(VOICE_NOTE, max_duration_s=10)

    assert samples.dtype == np.float32
    assert len(samples) / SAMPLE_RATE_HZ == pytest.approx(VOICE_NOTE_S, abs=0.02)
    assert 0.05 < np.abs(samples).max() <= 1.0


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("song.mp3", "libmp3lame", 44_100),
        ("note.m4a", "aac", 48_000),
        ("note.flac", "flac", 8_000),
        ("note.wav", "pcm_s16le", 16_000),
        ("note.webm", "libopus", 48_000),
    ],
)
def test_other_containers_and_codecs_are_read_too(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    path = write_recording(tmp_path / name, make_noise(2.0), codec=codec, rate=rate)

    # A coder may add a frame of silence at either end.
    assert len(decode_audio(path, max_duration_s=10)) / SAMPLE_RATE_HZ == pytest.approx(2.0, abs=0.15)


def test_the_sound_track_of_a_video_note_is_heard(tmp_path: Path) -> None:
    path = write_recording(
        tmp_path / "note.mp4", make_noise(1.0), codec="aac", rate=48_000, with_picture=True
    )

    assert len(decode_audio(path, max_duration_s=10)) / SAMPLE_RATE_HZ == pytest.approx(1.0, abs=0.15)


def test_a_video_without_sound_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no sound track"):
        decode_audio(write_film(tmp_path / "film.mp4"), max_duration_s=10)


def test_a_recording_of_no_length_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "nothing.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))

    with pytest.raises(Unreadable):
        decode_audio(path, max_duration_s=10)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 4_096,
        "Это вовсе не запись, а письмо. ".encode() * 100,
        b"OggS" + bytes(range(256)) * 16,
        VOICE_NOTE.read_bytes()[:60],
        VOICE_NOTE.read_bytes()[40:],
    ],
    ids=["empty", "zeros", "text", "ogg in name only", "cut in the head", "without its head"],
)
def test_what_is_no_recording_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "note.ogg"
    path.write_bytes(content)

    with pytest.raises(Unreadable):
        decode_audio(path, max_duration_s=10)


def test_a_recording_cut_in_the_middle_gives_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "note.ogg"
    path.write_bytes(VOICE_NOTE.read_bytes()[:4_000])

    assert 0.5 < len(decode_audio(path, max_duration_s=10)) / SAMPLE_RATE_HZ < VOICE_NOTE_S


def test_damage_in_the_middle_costs_no_more_than_what_it_hit(tmp_path: Path) -> None:
    whole = write_recording(tmp_path / "note.mp3", make_noise(4.0), codec="libmp3lame")
    content = bytearray(whole.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = b"\xaa" * 400
    whole.write_bytes(content)

    assert len(decode_audio(whole, max_duration_s=10)) / SAMPLE_RATE_HZ > 3.0


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{target}'\n",
    ],
    ids=["hls", "concat"],
)
def test_a_playlist_opens_no_other_file(tmp_path: Path, playlist: str) -> None:
    path = tmp_path / "note.ogg"
    path.write_text(playlist.format(target=VOICE_NOTE))

    with pytest.raises(Unreadable):
        decode_audio(path, max_duration_s=10)


def test_a_long_recording_is_refused_with_its_length(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "lecture.flac", make_silence(90.0), codec="flac", rate=8_000)
    assert path.stat().st_size < 30_000  # a sixtieth of what it unpacks to

    with pytest.raises(TooLong) as caught:
        decode_audio(path, max_duration_s=5)

    assert caught.value.limit_s == 5
    assert caught.value.duration_s == pytest.approx(90.0, abs=0.1)


def test_a_fraction_of_a_second_makes_no_recording_too_long(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "note.wav", make_silence(5.9), codec="pcm_s16le")

    assert len(decode_audio(path, max_duration_s=5)) == 5.9 * SAMPLE_RATE_HZ


@pytest.mark.parametrize("rate", [1, 1_000_000_007])
def test_a_rate_that_no_recorder_has_costs_nothing(tmp_path: Path, rate: int) -> None:
    path = write_recording(tmp_path / "note.wav", make_silence(1.0), codec="pcm_s16le")
    content = bytearray(path.read_bytes())
    at = content.index(b"fmt ") + 12
    content[at : at + 4] = rate.to_bytes(4, "little")
    path.write_bytes(content)

    with pytest.raises(Unreadable, match="samples a second"):
        decode_audio(path, max_duration_s=60)


def test_a_part_that_claims_gigabytes_gets_none(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "note.wav", make_silence(1.0), codec="pcm_s16le")
    content = bytearray(path.read_bytes())
    at = content.index(b"LIST") + 4
    content[at : at + 4] = (2_000_000_000).to_bytes(4, "little")
    path.write_bytes(content)

    with pytest.raises(Unreadable, match="longer than the whole"):
        decode_audio(path, max_duration_s=60)


def test_samples_of_open_length_are_read(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "note.wav", make_silence(1.0), codec="pcm_s16le")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = b"\xff" * 4
    path.write_bytes(content)

    assert len(decode_audio(path, max_duration_s=60)) == SAMPLE_RATE_HZ


def test_a_missing_file_is_no_matter_of_reading(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        decode_audio(tmp_path / "gone.ogg", max_duration_s=10)
