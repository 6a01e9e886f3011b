"""What a file is, told from its first bytes. Its name and its sender's word decide only between kinds of text."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePosixPath

from botgateway.extraction.charset import detect_utf16

# Enough for the first names in an archive.
HEAD_BYTES = 8192
_PDF_HEADER_WITHIN = 1024  # says its specification; mail programs put lines of their own before it


class Kind(StrEnum):
    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    XLS = "xls"
    ODT = "odt"
    ODP = "odp"
    ODS = "ods"
    EPUB = "epub"
    FB2 = "fb2"
    RTF = "rtf"
    HTML = "html"
    CSV = "csv"
    MARKDOWN = "markdown"
    JSON = "json"
    TEXT = "text"
    ZIP = "zip"  # a document in it is known by its table of contents, which the first bytes do not hold
    OLE = "ole"  # Word, Excel and PowerPoint up to 2003, and the envelope of encrypted newer files
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    BMP = "bmp"
    HEIC = "heic"
    AUDIO = "audio"
    VIDEO = "video"
    ARCHIVE = "archive"
    PROGRAM = "program"
    UNKNOWN = "unknown"

    @property
    def is_image(self) -> bool:
        return self in IMAGES

    @property
    def is_sound(self) -> bool:
        return self is Kind.AUDIO

    @property
    def is_video(self) -> bool:
        return self is Kind.VIDEO

    @property
    def is_readable(self) -> bool:
        """Whether it is worth a try; a `ZIP` or `OLE` may still hold no document."""
        return self not in IMAGES and self not in UNREADABLE

    @property
    def image_mime_type(self) -> str:
        """The type by which to hand an image to a model: by content, whatever the sender called it."""
        return f"image/{self}"


IMAGES = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.GIF, Kind.BMP, Kind.HEIC})
UNREADABLE = frozenset({Kind.AUDIO, Kind.VIDEO, Kind.ARCHIVE, Kind.PROGRAM, Kind.UNKNOWN})
PACKED_KINDS = frozenset({Kind.DOCX, Kind.PPTX, Kind.XLSX, Kind.ODT, Kind.ODP, Kind.ODS, Kind.EPUB})

_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OLE),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"OggS", Kind.AUDIO),
    (b"fLaC\0", Kind.AUDIO),
    (b"ID3", Kind.AUDIO),
    (b"#!AMR", Kind.AUDIO),
    (b"\x1aE\xdf\xa3", Kind.VIDEO),  # Matroska, WebM
    (b"FLV\x01", Kind.VIDEO),
    (b"\0\0\x01\xba", Kind.VIDEO),  # MPEG
    (b"Rar!\x1a\x07", Kind.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE),
    (b"\x1f\x8b", Kind.ARCHIVE),  # gzip
    (b"BZh", Kind.ARCHIVE),
    (b"\xfd7zXZ\0", Kind.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Kind.ARCHIVE),  # Zstandard
    (b"\x7fELF", Kind.PROGRAM),
    (b"MZ", Kind.PROGRAM),  # Windows
    (b"\xcf\xfa\xed\xfe", Kind.PROGRAM),  # macOS
    (b"\xca\xfe\xba\xbe", Kind.PROGRAM),  # Java, macOS
    (b"\0asm", Kind.PROGRAM),
    (b"BM", Kind.BMP),
)
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_RIFF = {b"WEBP": Kind.WEBP, b"WAVE": Kind.AUDIO, b"AVI ": Kind.VIDEO}
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})
_SOUND_BRANDS = frozenset({b"M4A ", b"M4B "})
_MPEG_FRAME = re.compile(rb"\xff[\xe2-\xef\xf2-\xff][\x10-\xef]")

ZIP_MIME_TYPES = (
    (b"application/epub+zip", Kind.EPUB),
    (b"application/vnd.oasis.opendocument.text", Kind.ODT),
    (b"application/vnd.oasis.opendocument.spreadsheet", Kind.ODS),
    (b"application/vnd.oasis.opendocument.presentation", Kind.ODP),
)
_ZIP_FOLDERS = ((b"word/", Kind.DOCX), (b"xl/", Kind.XLSX), (b"ppt/", Kind.PPTX))

_HTML_TAG = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.I)
_TEXT_SUFFIXES = {
    ".htm": Kind.HTML,
    ".html": Kind.HTML,
    ".xhtml": Kind.HTML,
    ".csv": Kind.CSV,
    ".tsv": Kind.CSV,
    ".md": Kind.MARKDOWN,
    ".markdown": Kind.MARKDOWN,
    ".json": Kind.JSON,
}
_TEXT_MIME_TYPES = {
    "text/html": Kind.HTML,
    "application/xhtml+xml": Kind.HTML,
    "text/csv": Kind.CSV,
    "text/tab-separated-values": Kind.CSV,
    "text/markdown": Kind.MARKDOWN,
    "application/json": Kind.JSON,
}
# What a text may hold below the space: tab, line feed, vertical tab, form feed, return, escape; 0x1A ends DOS files.
_CONTROLS = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1A, 0x1B})
# Random bytes hold 10 %, a text that went through a faulty program a few.
_CONTROLS_PER_TEXT = 0.01


def detect_kind(head: bytes, name: str = "", mime_type: str = "") -> Kind:
    """Tell what a file is from its first `HEAD_BYTES`.

    `ZIP` and `OLE` are as far as the head of a container may lead; `extract_text` reports what was in it.
    """
    is_text = _looks_like_text(head)
    if head.lstrip().startswith(b"%PDF-") or (not is_text and b"%PDF-" in head[:_PDF_HEADER_WITHIN]):
        return Kind.PDF
    if head.startswith(_ZIP_SIGNATURES):
        return _detect_packed(head)
    if is_text:
        return _detect_text(head, name, mime_type)
    return _detect_binary(head)


def _detect_packed(head: bytes) -> Kind:
    if head[30:38] == b"mimetype":
        return next((kind for mime, kind in ZIP_MIME_TYPES if head.startswith(mime, 38)), Kind.ZIP)
    return next((kind for folder, kind in _ZIP_FOLDERS if folder in head), Kind.ZIP)


def _detect_text(head: bytes, name: str, mime_type: str) -> Kind:
    ascii_part = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe").replace(b"\0", b"")
    if ascii_part.startswith(b"{\\rtf"):
        return Kind.RTF
    if b"<FictionBook" in ascii_part:
        return Kind.FB2
    if _HTML_TAG.match(_skip_prologue(ascii_part)):
        return Kind.HTML
    suffix = PurePosixPath(name.lower()).suffix
    return _TEXT_SUFFIXES.get(suffix) or _TEXT_MIME_TYPES.get(mime_type.lower(), Kind.TEXT)


def _skip_prologue(head: bytes) -> bytes:
    """Drop the comments and the XML declaration that a page may begin with."""
    head = head.lstrip()
    while head.startswith((b"<!--", b"<?")):
        end = b"-->" if head.startswith(b"<!--") else b"?>"
        head = head.partition(end)[2].lstrip()
    return head


def _detect_binary(head: bytes) -> Kind:
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], Kind.UNKNOWN)
    if head[4:8] == b"ftyp":
        return _detect_by_brand(head[8:12])
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    return Kind.AUDIO if _MPEG_FRAME.match(head) else Kind.UNKNOWN


def _detect_by_brand(brand: bytes) -> Kind:
    if brand in _HEIC_BRANDS:
        return Kind.HEIC
    return Kind.AUDIO if brand in _SOUND_BRANDS else Kind.VIDEO


def _looks_like_text(head: bytes) -> bool:
    if b"\0" in head or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return detect_utf16(head) is not None
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls <= len(head) * _CONTROLS_PER_TEXT
