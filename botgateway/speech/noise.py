"""Telling what the model heard from what it made up."""

from __future__ import annotations

import re

# Section 4.5 of the Whisper paper (arXiv 2212.04356): below this average log-probability, and above this gzip
# compression ratio, a decoding has failed and is tried at higher temperatures. What still fails after all of them is
# a guess, or a loop of one phrase; a request to repeat serves a person better than words never said.
MIN_AVERAGE_LOGPROB = -1.0
MAX_COMPRESSION_RATIO = 2.4
# The same section's mark of a window without speech, asked together with the log-probability.
MAX_NO_SPEECH_PROBABILITY = 0.6

# On a breath or a cough that passed for speech the model falls back, with full confidence, on what stood under its
# training films in such places. Only a segment that is nothing else is dropped.
_CREDITS = re.compile(
    r"""
    субтитры\ (?:сделал|сделала|создавал|создала|подогнал|добавил)\ \S+(?:\ \S+)?
    | редактор\ субтитров\ .{3,40}\ корректор\ .{3,40}
    | продолжение\ следует
    | спасибо\ за\ просмотр
    | (?:subtitles|captions)\ by\ .{3,60}
    | thanks?(?:\ you)?\ for\ watching
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"\w")
_EDGES = " \t\n.,!?…—-–\"'«»"


def is_noise(text: str, *, average_logprob: float, compression_ratio: float) -> bool:
    """Return whether a segment of the model's output is none of the speaker's words.

    `average_logprob` is per token and natural; `compression_ratio` is the window's text by gzip.
    """
    if average_logprob < MIN_AVERAGE_LOGPROB or compression_ratio > MAX_COMPRESSION_RATIO:
        return True
    return not _WORD.search(text) or _CREDITS.fullmatch(text.strip(_EDGES)) is not None
