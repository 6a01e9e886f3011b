"""What a model thinks aloud before its answer, taken out of the text.

Open models behind servers that do not separate it (vLLM without a reasoning parser, older Ollama, llama.cpp) write
`<think>…</think>` first. Only a block at the very beginning counts: an answer may speak of the tag.
"""

from __future__ import annotations

from enum import Enum

OPEN, CLOSE = "<think>", "</think>"


class Place(Enum):
    """How far the text has come."""

    BEGINNING = "beginning"
    THOUGHT = "thought"
    GAP = "gap"
    ANSWER = "answer"


class ReasoningFilter:
    """Lets through what belongs to the answer, from pieces split anywhere."""

    def __init__(self) -> None:
        self._place = Place.BEGINNING
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what of the text so far is answer and has not been returned yet."""
        if self._place is Place.ANSWER:
            return piece
        self._held += piece
        if self._place is Place.BEGINNING:
            self._read_beginning()
        if self._place is Place.THOUGHT:
            self._read_thought()
        if self._place is Place.GAP and self._held.strip():
            self._place, self._held = Place.ANSWER, self._held.lstrip()
        return self._release() if self._place is Place.ANSWER else ""

    def flush(self) -> str:
        """Return what was held back for looking like a tag; a thought that never ended is no answer."""
        return self._release() if self._place is Place.BEGINNING else ""

    def _read_beginning(self) -> None:
        text = self._held.lstrip()
        if text.startswith(OPEN):
            self._place, self._held = Place.THOUGHT, text.removeprefix(OPEN)
        elif not OPEN.startswith(text):
            self._place = Place.ANSWER

    def _read_thought(self) -> None:
        _, is_closed, rest = self._held.partition(CLOSE)
        if is_closed:
            self._place, self._held = Place.GAP, rest
        else:
            self._held = self._held[1 - len(CLOSE) :]  # where the tag may have begun

    def _release(self) -> str:
        released, self._held = self._held, ""
        return released


def strip_reasoning(text: str) -> str:
    """Return a whole answer without the thought before it; empty if it is nothing else."""
    found = ReasoningFilter()
    return found.feed(text) + found.flush()
