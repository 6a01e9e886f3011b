"""Make extracted text fit to be stored, shown and put into a prompt, and keep no more of it than asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import normalize

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_DROPPED = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x9f"  # controls
    "\xad\u200b\u2060\ufeff"  # seen by nobody: soft hyphens, widthless spaces
    "\u202a-\u202e\u2066-\u2069"  # reorder what is shown
    "\ud800-\udfff\ufffe\uffff"  # no letters at all: MongoDB refuses halves of them
    "\U000e0000-\U000e007f]"  # invisible letters, good for hiding orders to a model
)
_ODD_BLANK = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# Deeper than the indentation of any code; what is longer only fills the prompt.
_MAX_BLANKS = 32
_LONG_BLANK = re.compile(rf"([ \t]{{{_MAX_BLANKS}}})[ \t]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
# How much is gathered before it is cleaned: cleaning what is kept once more costs no more than a quarter of this.
_MIN_GATHERED_CHARS = 64 * 1024


def clean_text(text: str) -> str:
    """Return `text` in composed letters, with plain line ends and blanks; cleaning twice changes nothing."""
    text = _DROPPED.sub("", _LINE_ENDS.sub("\n", text))
    text = _ODD_BLANK.sub(" ", normalize("NFC", text))
    text = _LONG_BLANK.sub(r"\1", _strip_line_ends(text))
    return _EMPTY_LINES.sub("\n\n", text).strip("\n")


def collect_text(pieces: Iterable[str], max_chars: int) -> tuple[str, bool]:
    """Join and clean pieces until `max_chars` are full; tell whether anything was left out."""
    kept, gathered, gathered_chars = "", list[str](), 0
    limit = max(max_chars, _MIN_GATHERED_CHARS)
    for piece in pieces:
        gathered.append(piece)
        gathered_chars += len(piece)
        if gathered_chars <= limit:
            continue
        kept = clean_text(kept + "".join(gathered))
        gathered, gathered_chars = [], 0
        if len(kept) > max_chars:
            break
    kept = clean_text(kept + "".join(gathered))
    return kept[:max_chars].rstrip(), len(kept) > max_chars


def _strip_line_ends(text: str) -> str:
    # A pattern for blanks before a line's end takes quadratic time on a megabyte of blanks.
    return "\n".join(line.rstrip() for line in text.split("\n"))
