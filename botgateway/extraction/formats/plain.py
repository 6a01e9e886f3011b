"""Texts as they are: notes, Markdown, CSV with its own delimiters, JSON, source code."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from botgateway.extraction.charset import detect_encoding, load_codecs
from botgateway.extraction.document import Document
from botgateway.extraction.kinds import Kind

_CHUNK_BYTES = 64 * 1024

load_codecs()


def read(file: BinaryIO, kind: Kind) -> Document:  # every reader is called alike
    """Decode a text of any length, piece by piece."""
    return Document(kind, decode(file))


def decode(file: BinaryIO, encoding: str | None = None) -> Iterator[str]:
    """Yield the text of `file`; a byte that its encoding does not know becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding or detect_encoding(read_sample(file)))(errors="replace")
    while chunk := file.read(_CHUNK_BYTES):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def read_sample(file: BinaryIO) -> bytes:
    """Return the first bytes that tell an encoding: a long file may be plain ASCII up to its first foreign name."""
    start = sample = file.read(_CHUNK_BYTES)
    while sample and sample.isascii():
        sample = file.read(_CHUNK_BYTES)
    file.seek(0)
    return sample or start
