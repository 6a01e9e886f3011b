"""PDF, page by page, by the engine of Chrome."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from pypdfium2 import PdfDocument, PdfiumError  # type: ignore[import-untyped]
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY  # type: ignore[import-untyped]

from botgateway.extraction.document import Document
from botgateway.extraction.errors import Broken, Encrypted
from botgateway.extraction.kinds import Kind

# PDFium's sign for a hyphen that only the end of a line has called for.
_LINE_END_HYPHEN = re.compile("[\x02\ufffe]\r?\n?")

codecs.lookup("utf_16_le")  # PDFium speaks it, and the child may not load it later


def read(file: BinaryIO, kind: Kind) -> Document:
    """Open a PDF; raise Encrypted if it wants a password, Broken if it is none."""
    try:
        pdf = PdfDocument(file.read())
    except PdfiumError as error:
        is_locked = error.err_code in {FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY}
        raise (Encrypted if is_locked else Broken)(kind) from error
    return Document(kind, _read_pages(pdf), pages=len(pdf))


def _read_pages(pdf: PdfDocument) -> Iterator[str]:
    for index in range(len(pdf)):
        text = _read_page(pdf, index).strip()
        mark = f"[page {index + 1}]\n" if len(pdf) > 1 else ""
        yield f"{mark}{text}\n\n" if text else ""


def _read_page(pdf: PdfDocument, index: int) -> str:
    """Return the text of a page; "" if the page is damaged, as its neighbours may not be."""
    try:
        page = pdf[index]
        text_page = page.get_textpage()
    except PdfiumError:
        return ""
    text: str = text_page.get_text_bounded()
    text_page.close()
    page.close()
    return _LINE_END_HYPHEN.sub("", text)
