"""Small files for the tests, written byte by byte where their faults are the point."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

from botgateway.extraction.document import Extraction
from botgateway.extraction.kinds import HEAD_BYTES, detect_kind
from botgateway.extraction.reading import load_parser, read_text

SAMPLES = Path(__file__).parent / "samples"
WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
WORD_TYPES = f'<Types><Override PartName="/word/document.xml" ContentType="{WORD_TYPE}"/></Types>'


def read_here(content: bytes, *, name: str = "", max_chars: int = 10_000) -> Extraction:
    """Read in this process what cannot hurt it."""
    kind = detect_kind(content[:HEAD_BYTES], name)
    return read_text(BytesIO(content), load_parser(kind), kind, max_chars)


def build_zip(members: dict[str, str | bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            # Packed formats that have a member of this name want it bare, for programs that look at the first bytes.
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return buffer.getvalue()


def build_docx(body: str, *, prologue: str = "", **parts: str) -> bytes:
    document = f"{prologue}<w:document xmlns:w='w' xmlns:mc='mc'><w:body>{body}</w:body></w:document>"
    others = {f"word/{name}.xml": part for name, part in parts.items()}
    return build_zip({"[Content_Types].xml": WORD_TYPES, "word/document.xml": document, **others})


def build_epub(chapters: dict[str, str], **members: str) -> bytes:
    items = "".join(f'<item id="{index}" href="{href}"/>' for index, href in enumerate(chapters))
    spine = "".join(f'<itemref idref="{index}"/>' for index in range(len(chapters)))
    package = f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>"
    container = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    pages = {f"OEBPS/{href}": page for href, page in chapters.items() if page}
    named = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OEBPS/book.opf": package,
    }
    return build_zip({**named, **pages, **members})


def build_pdf(*pages: str) -> bytes:
    """Write a PDF in Helvetica, which it does not carry with it; the lines of a page end with a line feed."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, page in enumerate(pages):
        lines = " ".join(f"({line}) Tj T*" for line in page.split("\n"))
        content = f"BT /F 12 Tf 10 200 Td 14 TL {lines} ET"
        resources = "/MediaBox [0 0 300 300] /Resources << /Font << /F 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {5 + 2 * index} 0 R {resources} >>")
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return _number_objects(objects)


def _number_objects(objects: list[str]) -> bytes:
    text, offsets = "%PDF-1.4\n", list[int]()
    for number, content in enumerate(objects, start=1):
        offsets.append(len(text))
        text += f"{number} 0 obj\n{content}\nendobj\n"
    rows = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{rows}"
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF\n"
    return (text + table + trailer).encode()
