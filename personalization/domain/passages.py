"""A text cut into passages that joined again are the text."""

from __future__ import annotations

from collections.abc import Iterator

PASSAGE_CHARS = 1_000  # about a paragraph of a contract; three or four fit into a quarter of the usual budget
SHORTEST_CHARS = 400  # a boundary before that is passed over for one further on
OVERLAP_CHARS = 120  # a sentence that a cut divides is found by the words before the cut as well
_BOUNDARIES = ("\n\n", "\n", ". ", "! ", "? ", "; ", ", ", " ")  # best first


def split_passages(text: str) -> list[str]:
    """Cut a text at the ends of paragraphs, of sentences where those are longer, of words if need be.

    Nothing is lost or doubled: the passages joined are the text.
    """
    return list(_cut(text))


def overlap_before(previous: str) -> str:
    """Return the end of a passage, from the beginning of a word, that counts for the next passage too."""
    return previous[-OVERLAP_CHARS:].partition(" ")[2] if len(previous) > OVERLAP_CHARS else previous


def _cut(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > PASSAGE_CHARS:
        end = start + _find_cut(text[start : start + PASSAGE_CHARS])
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _find_cut(window: str) -> int:
    for boundary in _BOUNDARIES:
        found = window.rfind(boundary, SHORTEST_CHARS)
        if found >= 0:
            return found + len(boundary)
    return len(window)
