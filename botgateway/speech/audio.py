"""From a file to what Whisper listens to: speech, at 16,000 samples a second, one channel, float32 in -1…1."""

from __future__ import annotations

from collections.abc import Iterator
from os import SEEK_CUR, SEEK_END
from pathlib import Path
from typing import BinaryIO, Literal

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.container import InputContainer

from botgateway.speech.errors import Silent, TooLong, Unreadable

Samples = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
# What recorders use lies well between. The resampler's tables grow with the distance to the wanted rate: a header of a
# few bytes with a rate in the millions was seen to take gigabytes.
SAMPLE_RATES_HZ = range(4_000, 192_001)
# Telegram tells people whole seconds: what it calls 300 s may be nearly 301.
GRACE_S = 1.0

# FFmpeg reads playlists and scripts too, which name other files and addresses to open. Only what holds the sound itself
# is let in, and of that only what people send: every reader is a way in.
CONTAINERS = "aac,amr,flac,matroska,webm,mov,mp4,m4a,3gp,3g2,mp3,ogg,wav"
RIFF_BYTE_ORDERS: dict[bytes, Literal["little", "big"]] = {
    b"RIFF": "little",
    b"RF64": "little",
    b"RIFX": "big",
}
RIFF_HEADER_BYTES = 12
CHUNK_HEADER_BYTES = 8


def decode_audio(path: Path, *, max_duration_s: float) -> Samples:
    """Return the samples of a file's first sound track.

    Decoding ends as soon as `max_duration_s` is passed by a second, so memory is bounded by it, whatever the file says
    of itself or unpacks to. A file cut in the middle gives what is left of it. Raises `Unreadable`, `TooLong`, and
    `OSError` for a path that cannot be opened.
    """
    with path.open("rb") as file:
        _check_chunks(file)
        try:
            # A file object, not a name: FFmpeg takes some names for protocols.
            with av.open(
                file, mode="r", options={"format_whitelist": CONTAINERS}, metadata_errors="ignore"
            ) as container:
                blocks = list(_resample(_limit(container, max_duration_s)))
        # PyAV's own errors derive from the first; what it finds wrong before FFmpeg does is a plain ValueError.
        except (av.FFmpegError, ValueError) as error:
            raise Unreadable(f"not decoded: {type(error).__name__}") from error
    if not blocks:
        raise Unreadable("a sound track without sound")
    return np.concatenate(blocks)


def find_speech(samples: Samples) -> Samples:
    """Return the stretches in which somebody speaks, joined. Raises `Silent` if there is none.

    faster-whisper would do the same as `vad_filter`, but hands silence to the model all the same, which then invents.
    Done before, it also spares silence the loading of the model.
    """
    from faster_whisper.vad import get_speech_timestamps  # type: ignore[import-untyped]  # noqa: PLC0415  # heavy

    spans = get_speech_timestamps(samples)
    if not spans:
        raise Silent("nobody speaks")
    return np.concatenate([samples[span["start"] : span["end"]] for span in spans])


def measure_duration(samples: Samples) -> float:
    """Return the seconds that samples last."""
    return len(samples) / SAMPLE_RATE_HZ


def _check_chunks(file: BinaryIO) -> None:
    """Refuse a WAV of which a part claims to be longer than the file: FFmpeg reserves the memory before it reads.

    The samples themselves are excepted, as a recorder that cannot go back leaves their length open.
    """
    size = file.seek(0, SEEK_END)
    file.seek(0)
    byte_order = RIFF_BYTE_ORDERS.get(file.read(RIFF_HEADER_BYTES)[:4])
    if byte_order is not None:
        while len(header := file.read(CHUNK_HEADER_BYTES)) == CHUNK_HEADER_BYTES and header[:4] != b"data":
            length = int.from_bytes(header[4:], byte_order)
            if file.tell() + length > size:
                raise Unreadable("a part longer than the whole")
            file.seek(length + length % 2, SEEK_CUR)
    file.seek(0)


def _limit(container: InputContainer, max_duration_s: float) -> Iterator[AudioFrame]:
    """Yield frames until they last longer than allowed."""
    duration_s = 0.0
    for frame in _decode_frames(container):
        duration_s += frame.samples / frame.sample_rate
        if duration_s > max_duration_s + GRACE_S:
            stated_s = (container.duration or 0) / av.time_base
            raise TooLong(duration_s=max(duration_s, stated_s), limit_s=max_duration_s)
        yield frame


def _decode_frames(container: InputContainer) -> Iterator[AudioFrame]:
    if not container.streams.audio:
        raise Unreadable("no sound track")
    for packet in container.demux(container.streams.audio[0]):
        try:
            frames = packet.decode()
        except av.InvalidDataError:  # a damaged packet: the next may be sound
            continue
        for frame in frames:
            if isinstance(frame, AudioFrame):
                if frame.sample_rate not in SAMPLE_RATES_HZ:
                    raise Unreadable(f"{frame.sample_rate} samples a second")
                yield frame


def _resample(frames: Iterator[AudioFrame]) -> Iterator[Samples]:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    for frame in frames:
        frame.pts = None  # the samples follow each other, whatever the clock of the file says
        for block in resampler.resample(frame):
            yield block.to_ndarray()[0]
    for block in resampler.resample(None):
        yield block.to_ndarray()[0]
