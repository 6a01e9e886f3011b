"""A poll as the text of a post: its question, and a line for each answer that was offered."""

from __future__ import annotations

from collections.abc import Iterable

OPTION_MARK = "— "


def write_poll(question: str, options: Iterable[str]) -> str:
    """Return a poll in words; votes are left out, since they change without the post being edited."""
    lines = [question, *(OPTION_MARK + option for option in options if option.strip())]
    return "\n".join(line for line in lines if line.strip())


def join_texts(*texts: str) -> str:
    """Return what a post says in several places, those that say nothing left out."""
    return "\n\n".join(text for text in texts if text.strip())
