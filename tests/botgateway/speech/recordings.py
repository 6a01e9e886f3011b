"""Recordings of every kind, written by the same FFmpeg libraries that read them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from botgateway.speech.audio import SAMPLE_RATE_HZ

BLOCK = 4_096


def make_silence(duration_s: float) -> npt.NDArray[np.float32]:
    return np.zeros(round(duration_s * SAMPLE_RATE_HZ), np.float32)


def make_noise(duration_s: float) -> npt.NDArray[np.float32]:
    """Return white noise as loud as speech."""
    random = np.random.default_rng(seed=4)
    return random.normal(scale=0.1, size=round(duration_s * SAMPLE_RATE_HZ)).astype(np.float32)


def write_recording(
    path: Path,
    samples: npt.NDArray[np.float32],
    *,
    codec: str,
    rate: int = SAMPLE_RATE_HZ,
    with_picture: bool = False,
) -> Path:
    """Write samples (of `SAMPLE_RATE_HZ`) into the container that the path's ending names."""
    with av.open(path, mode="w") as container:
        picture = container.add_stream("mpeg4", rate=10) if with_picture else None
        sound = container.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(format=sound.format, layout="mono", rate=rate)
        if picture is not None:
            picture.width = picture.height = 64
            for _ in range(10):
                container.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(picture.encode(None))
        for start in range(0, len(samples), BLOCK):
            frame = av.AudioFrame.from_ndarray(
                samples[None, start : start + BLOCK], format="flt", layout="mono"
            )
            frame.sample_rate = SAMPLE_RATE_HZ
            frame.pts = start
            for resampled in resampler.resample(frame):
                container.mux(sound.encode(resampled))
        container.mux(sound.encode(None))
    return path


def write_film(path: Path) -> Path:
    """Write a second of pictures without a sound track."""
    with av.open(path, mode="w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    return path
