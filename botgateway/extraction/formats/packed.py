"""Documents in ZIP archives: Office Open XML, OpenDocument, EPUB. Which of them, the archive itself tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO
from zipfile import ZipFile

from botgateway.extraction.document import Document
from botgateway.extraction.errors import Encrypted, UnsupportedKind
from botgateway.extraction.formats import epub, sheets
from botgateway.extraction.formats.archive import check_real_sizes, open_archive, open_member
from botgateway.extraction.formats.flow import OOXML, OPEN_DOCUMENT, read_flow
from botgateway.extraction.formats.xml_events import EventKind, read_events
from botgateway.extraction.kinds import ZIP_MIME_TYPES, Kind

_CONTENT_TYPES = "[Content_Types].xml"
# "…wordprocessingml.document.main+xml", "…ms-excel.sheet.macroEnabled.main+xml", "…sheet.binary.macroEnabled.main"
_MAIN_PART = re.compile(r"word|sheet|presentation", re.I)
_MAIN_KINDS = {"word": Kind.DOCX, "sheet": Kind.XLSX, "presentation": Kind.PPTX}
_SLIDE = re.compile(r"ppt/slides/slide(\d+)\.xml")
_NOTES = ("footnotes.xml", "endnotes.xml")
_MIME_TYPE_BYTES = 100


def read(file: BinaryIO, kind: Kind) -> Document:
    """Find out what is packed and open it; raise UnsupportedKind for an archive of anything else."""
    archive = open_archive(file, kind)
    kind, main_part = _identify(archive)
    _check_locks(archive, kind)
    if kind is Kind.DOCX:
        return Document(kind, _read_word(archive, main_part))
    if kind is Kind.PPTX:
        return _read_slides(archive)
    if kind in {Kind.XLSX, Kind.ODS}:
        check_real_sizes(archive)
        return Document(kind, sheets.read_sheets(file, kind))
    if kind is Kind.EPUB:
        return Document(kind, epub.read_chapters(archive))
    return Document(kind, read_flow(open_member(archive, "content.xml"), OPEN_DOCUMENT))


def _identify(archive: ZipFile) -> tuple[Kind, str]:
    names = set(archive.namelist())
    if "mimetype" in names:
        return _identify_by_mime_type(open_member(archive, "mimetype").read(_MIME_TYPE_BYTES)), ""
    if _CONTENT_TYPES in names:
        return _identify_office(archive)
    raise UnsupportedKind(Kind.ARCHIVE)


def _identify_by_mime_type(mime_type: bytes) -> Kind:
    for known, kind in ZIP_MIME_TYPES:
        if mime_type.startswith(known):
            return kind
    raise UnsupportedKind(Kind.ARCHIVE)


def _identify_office(archive: ZipFile) -> tuple[Kind, str]:
    for kind, _, attributes in read_events(open_member(archive, _CONTENT_TYPES)):
        content_type = attributes.get("ContentType", "") if kind is EventKind.START else ""
        if content_type.endswith((".main+xml", ".main")) and (found := _MAIN_PART.search(content_type)):
            return _MAIN_KINDS[found[0].lower()], attributes.get("PartName", "").lstrip("/")
    raise UnsupportedKind(Kind.ARCHIVE)


def _check_locks(archive: ZipFile, kind: Kind) -> None:
    names = set(archive.namelist())
    if "META-INF/rights.xml" in names or "META-INF/sinf.xml" in names:  # copy protection of bookshops
        raise Encrypted(kind)
    manifest = "META-INF/manifest.xml"
    if manifest in names and any(
        event.value == "encryption-data" for event in read_events(open_member(archive, manifest))
    ):
        raise Encrypted(kind)


def _read_word(archive: ZipFile, main_part: str) -> Iterator[str]:
    yield from read_flow(open_member(archive, main_part), OOXML)
    folder = main_part.rpartition("/")[0]
    for name in (f"{folder}/{notes}" for notes in _NOTES):
        if name in archive.namelist():
            yield "\n"
            yield from read_flow(open_member(archive, name), OOXML)


def _read_slides(archive: ZipFile) -> Document:
    found = [match for match in map(_SLIDE.fullmatch, archive.namelist()) if match]
    slides = [match[0] for match in sorted(found, key=lambda match: int(match[1]))]

    def read_all() -> Iterator[str]:
        for number, name in enumerate(slides, start=1):
            text = "".join(read_flow(open_member(archive, name), OOXML)).strip()
            yield f"[slide {number}]\n{text}\n\n" if text else ""

    return Document(Kind.PPTX, read_all(), pages=len(slides))
