"""The text of a file that somebody has sent: the door of this package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botgateway.extraction.child import ask_child
from botgateway.extraction.document import Extraction
from botgateway.extraction.errors import (
    BY_OUTCOME,
    Broken,
    EmptyFile,
    ExtractionError,
    UnsupportedKind,
)
from botgateway.extraction.kinds import HEAD_BYTES, Kind, detect_kind
from botgateway.extraction.metrics import EXTRACTION_SECONDS, EXTRACTIONS


def extract_text(path: Path, *, name: str, mime_type: str, max_chars: int) -> Extraction:
    """Read the file at `path`, in a child process of its own, and return the beginning of its text.

    `name` and `mime_type` are the sender's; content overrules them. Takes up to `WALL_CLOCK_S`, and as long again for
    each file that waits before it. Raises ExtractionError for what is wrong with the file, ExtractorFailed for what is
    wrong with us, OSError if there is no such file.
    """
    kind, outcome = Kind.UNKNOWN.value, "failed"
    try:
        with EXTRACTION_SECONDS.time():
            extraction = _extract(path, name, mime_type, max_chars)
        kind, outcome = extraction.kind, "ok"
    except ExtractionError as error:
        kind, outcome = error.kind.value, error.outcome
        raise
    finally:
        EXTRACTIONS.labels(kind, outcome).inc()
    return extraction


def _extract(path: Path, name: str, mime_type: str, max_chars: int) -> Extraction:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        kind = detect_kind(head, name, mime_type)
        if not head:
            raise EmptyFile(kind)
        if not kind.is_readable:
            raise UnsupportedKind(kind)
        file.seek(0)
        answer = ask_child(file, kind, max_chars)
    try:
        return _understand(answer)
    except (KeyError, TypeError, ValueError) as error:  # no answer of ours: the parser has been taken over
        raise Broken(kind) from error


def _understand(answer: dict[str, Any]) -> Extraction:
    kind, outcome = Kind(answer["kind"]), answer["outcome"]
    if outcome in BY_OUTCOME:
        raise BY_OUTCOME[outcome](kind)
    pages = answer["pages"]
    return Extraction(
        text=str(answer["text"]),
        kind=kind.value,
        is_truncated=bool(answer["is_truncated"]),
        pages=None if pages is None else int(pages),
    )
