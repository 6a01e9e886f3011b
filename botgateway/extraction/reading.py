"""Read one file with the parser for its kind. Runs in the child process; in tests also without it."""

from __future__ import annotations

from importlib import import_module
from typing import BinaryIO, Protocol, cast

from botgateway.extraction.cleaning import collect_text
from botgateway.extraction.document import Document, Extraction
from botgateway.extraction.errors import Broken, ExtractionError, NoText, UnsupportedKind
from botgateway.extraction.kinds import PACKED_KINDS, Kind

# Modules of `formats`, each with a function `read`. Loaded one at a time: no file pays for the parser of another.
_PARSERS: dict[Kind, str] = {
    **dict.fromkeys(PACKED_KINDS | {Kind.ZIP}, "packed"),
    **dict.fromkeys((Kind.TEXT, Kind.CSV, Kind.MARKDOWN, Kind.JSON), "plain"),
    Kind.PDF: "pdf",
    Kind.OLE: "sheets",
    Kind.RTF: "rtf",
    Kind.HTML: "html",
    Kind.FB2: "flow",
}


class Parser(Protocol):
    def read(self, file: BinaryIO, kind: Kind) -> Document:
        """Open a document whose first bytes look like `kind`."""


def load_parser(kind: Kind) -> Parser:
    """Import what reads files of this kind, with all that it will need; raise UnsupportedKind."""
    if kind not in _PARSERS:
        raise UnsupportedKind(kind)
    return cast("Parser", import_module(f"botgateway.extraction.formats.{_PARSERS[kind]}"))


def read_text(file: BinaryIO, parser: Parser, kind: Kind, max_chars: int) -> Extraction:
    """Parse a file and keep the beginning of its text.

    Raises ExtractionError, whatever the parser stumbles over, but for a MemoryError: there may be no room for more.
    """
    try:
        document = parser.read(file, kind)
        kind = document.kind
        text, is_truncated = collect_text(document.pieces, max_chars)
    except (ExtractionError, MemoryError):
        raise
    except Exception as error:  # a parser fed with hostile bytes may raise anything
        raise Broken(kind) from error
    if not any(char.isalnum() for char in text):
        raise NoText(kind)
    return Extraction(text=text, kind=kind.value, is_truncated=is_truncated, pages=document.pages)
