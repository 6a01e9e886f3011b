"""Metrics of speech recognition. No label carries an id."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

TRANSCRIPTIONS = Counter("speech_transcriptions_total", "Recordings by what became of them", ["outcome"])
# The sum of these over `speech_audio_seconds_total` is the real-time factor of this machine.
RECOGNITION_SECONDS = Histogram(
    "speech_seconds",
    "Seconds the model needed for a recording; waiting and loading the model left out",
    buckets=(0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300),
)
AUDIO_SECONDS = Counter("speech_audio_seconds_total", "Seconds of the recordings given to the model")

OUTCOME_OK = "ok"
OUTCOME_CRASHED = "crashed"
