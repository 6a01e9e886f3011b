from __future__ import annotations

import pytest

from botgateway.extraction.kinds import HEAD_BYTES, Kind, detect_kind
from tests.botgateway.extraction.building import SAMPLES, build_docx, build_epub, build_pdf, build_zip

BINARY = bytes(range(256))


@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        ("letter.pdf", Kind.PDF),
        ("letter.docx", Kind.DOCX),
        ("letter.odt", Kind.ODT),
        ("slides.pptx", Kind.PPTX),
        ("expenses.xlsx", Kind.XLSX),
        ("old.xls", Kind.OLE),
        ("locked.docx", Kind.OLE),
    ],
)
def test_real_documents_are_known_whatever_their_name(sample: str, kind: Kind) -> None:
    head = (SAMPLES / sample).read_bytes()[:HEAD_BYTES]

    assert {detect_kind(head, name) for name in (sample, "notes.txt", "photo.jpg", "")} == {kind}


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF" + BINARY, Kind.JPEG),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Kind.PNG),
        (b"RIFF\x24\0\0\0WEBPVP8 ", Kind.WEBP),
        (b"GIF89a\x01\0\x01\0" + BINARY, Kind.GIF),
        (b"BM\x36\0\0\0\0\0\0\0" + BINARY, Kind.BMP),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Kind.HEIC),
        (b"OggS\0\x02" + BINARY, Kind.AUDIO),
        (b"ID3\x04\0\0\0" + BINARY, Kind.AUDIO),
        (b"\xff\xfb\x90\x64\0" + BINARY, Kind.AUDIO),
        (b"RIFF\x24\0\0\0WAVEfmt ", Kind.AUDIO),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", Kind.AUDIO),
        (b"\0\0\0\x20ftypisom\0\0\2\0", Kind.VIDEO),
        (b"\x1aE\xdf\xa3\x01\0\0\0" + BINARY, Kind.VIDEO),
        (b"7z\xbc\xaf\x27\x1c\0\4" + BINARY, Kind.ARCHIVE),
        (b"MZ\x90\0\3\0\0\0" + BINARY, Kind.PROGRAM),
        (b"\x7fELF\2\1\1\0" + BINARY, Kind.PROGRAM),
        (BINARY * 4, Kind.UNKNOWN),
        (build_zip({"a.txt": "a"}), Kind.ZIP),
        (build_epub({"one.xhtml": "a"}), Kind.EPUB),
        (build_docx(""), Kind.DOCX),
    ],
)
def test_an_extension_deceives_nobody(head: bytes, kind: Kind) -> None:
    assert {detect_kind(head, name, "text/plain") for name in ("a.pdf", "a.txt", "a")} == {kind}


@pytest.mark.parametrize(
    ("head", "name", "mime_type", "kind"),
    [
        (b"text", "a.txt", "", Kind.TEXT),
        (b"text", "a", "", Kind.TEXT),
        (b"text", "a.pdf", "application/pdf", Kind.TEXT),
        (b"a;b", "A.CSV", "", Kind.CSV),
        (b"a;b", "", "text/csv", Kind.CSV),
        (b"# a", "a.md", "text/plain", Kind.MARKDOWN),
        (b"{}", "a.json", "", Kind.JSON),
        (b"{\\rtf1 a}", "a.doc", "application/msword", Kind.RTF),
        (b"\xef\xbb\xbf<!-- x --><!-- --> <!DOCTYPE html><p>", "a.txt", "", Kind.HTML),
        (b"<?xml version='1.0'?>\n<html>", "a.xml", "", Kind.HTML),
        (b"<p>part of a page", "a.html", "", Kind.HTML),
        (b"<?xml version='1.0'?><FictionBook>", "a.xml", "", Kind.FB2),
        ("записка\n".encode("utf_16"), "a.txt", "", Kind.TEXT),
        ("записка, и не одна\n".encode("utf_16_le"), "a.txt", "", Kind.TEXT),
        ("<html><p>текст".encode("utf_16"), "a.txt", "", Kind.HTML),
        (b"how to recognise %PDF-1.7", "a.txt", "", Kind.TEXT),
        (b"\x00\x01junk of a mail program\n" + build_pdf("x"), "a", "", Kind.PDF),
    ],
)
def test_kinds_of_text_are_told_by_content_then_name_then_type(
    head: bytes, name: str, mime_type: str, kind: Kind
) -> None:
    assert detect_kind(head, name, mime_type) is kind


def test_comments_without_end_take_no_time() -> None:
    assert detect_kind(b"<!-- -->" * (HEAD_BYTES // 8)) is Kind.TEXT
    assert detect_kind(b"<!--" * (HEAD_BYTES // 4)) is Kind.TEXT


def test_the_caller_learns_what_to_do_with_a_file() -> None:
    assert [Kind.HEIC.is_image, Kind.HEIC.is_readable, Kind.HEIC.image_mime_type] == [
        True,
        False,
        "image/heic",
    ]
    assert [Kind.AUDIO.is_sound, Kind.VIDEO.is_video, Kind.AUDIO.is_readable] == [True, True, False]
    assert [kind for kind in Kind if kind.is_readable and kind.is_image] == []
