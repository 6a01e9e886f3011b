"""Rich Text Format, as WordPad and old word processors write it."""

from __future__ import annotations

import codecs
from contextlib import suppress
from typing import BinaryIO

from striprtf.striprtf import charset_map, rtf_to_text

from botgateway.extraction.charset import load_codecs
from botgateway.extraction.document import Document
from botgateway.extraction.kinds import Kind

# The code pages that a font or a document may name, beyond those of plain texts.
_CODE_PAGES = (
    "cp855",
    "cp857",
    "cp860",
    "cp861",
    "cp862",
    "cp863",
    "cp864",
    "cp865",
    "cp869",
    "cp720",
    "cp737",
)

load_codecs()
for encoding in (*_CODE_PAGES, *charset_map.values()):
    with suppress(LookupError):
        codecs.lookup(encoding)


def read(file: BinaryIO, kind: Kind) -> Document:
    """Take the text out; where the file names no code page it is Russian rather than Western."""
    source = file.read().decode("latin_1")
    text: str = rtf_to_text(source, encoding="cp1251", errors="replace")  # type: ignore[no-untyped-call]
    return Document(kind, [text])
