"""Documents of paragraphs, tables and pages, read without the child process."""

from __future__ import annotations

import pytest

from botgateway.extraction.errors import Broken, Encrypted, NoText, TooHeavy, UnsupportedKind
from botgateway.extraction.formats.archive import MAX_MEMBERS, MAX_UNPACKED_BYTES
from tests.botgateway.extraction.building import (
    WORD_TYPES,
    build_docx,
    build_epub,
    build_pdf,
    build_zip,
    read_here,
)

BODY = """
<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>Счёт</w:t><w:tab/><w:t>№5</w:t><w:br/></w:r>
<w:hyperlink><w:r><w:t xml:space="preserve">по ссылке </w:t></w:r></w:hyperlink>
<w:del><w:r><w:delText>нет</w:delText></w:r></w:del><w:moveFrom><w:r><w:t>нет</w:t></w:r></w:moveFrom>
<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Чай</w:t></w:r></w:p><w:p><w:r><w:t>чёрный</w:t></w:r></w:p></w:tc>
<w:tc><w:tbl><w:tr><w:tc><w:p><w:r><w:t>120</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>
<w:sdt><w:sdtContent><w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>в поле формы</w:t></w:r></w:p></w:sdtContent></w:sdt>
<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>надпись</w:t></w:r></w:p></mc:Choice>
<mc:Fallback><w:p><w:r><w:t>надпись</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>
"""
FOOTNOTES = "<w:footnotes xmlns:w='w'><w:p><w:r><w:t>сноска</w:t></w:r></w:p></w:footnotes>"


def test_word_is_read_in_order_with_tables_fields_and_notes() -> None:
    extraction = read_here(build_docx(BODY, footnotes=FOOTNOTES))

    assert extraction.text == "Счёт\t№5\nпо ссылке\nЧай чёрный | 120\n- в поле формы\nнадпись\n\nсноска"


def test_a_long_document_is_cut_and_says_so() -> None:
    extraction = read_here(build_docx("<w:p><w:r><w:t>слово</w:t></w:r></w:p>" * 50_000), max_chars=11)

    assert (extraction.text, extraction.is_truncated) == ("слово\nслово", True)


def test_a_paragraph_of_a_whole_book_is_read() -> None:
    body = "<w:p>" + "<w:r><w:t>слово </w:t></w:r>" * 50_000 + "</w:p>"

    assert len(read_here(build_docx(body), max_chars=1_000_000).text) == 50_000 * 6 - 1


def test_a_book_is_read_in_the_order_of_its_spine() -> None:
    chapters = {"two%20.xhtml": "", "b.xhtml": "<html><p>Первая</p></html>", "a.xhtml": "<p>Вторая</p>"}

    assert read_here(build_epub(chapters)).text == "Первая\n\nВторая"


def test_links_of_a_book_lead_nowhere_outside() -> None:
    chapters = {"../../../../etc/passwd": "", "/etc/passwd": "", "one.xhtml": "<p>Только это</p>"}

    assert read_here(build_epub(chapters)).text == "Только это"


def test_fiction_book() -> None:
    book = """<?xml version="1.0" encoding="windows-1251"?><FictionBook><description><title-info>
    <book-title>Сказка</book-title></title-info></description><body><section><title><p>Глава</p></title>
    <p>Жил-<emphasis>был</emphasis></p></section></body><binary>QUJD</binary></FictionBook>"""

    assert read_here(book.encode("cp1251")).text == "Сказка\nГлава\nЖил-был"


def test_open_document_blanks_lists_and_comments() -> None:
    content = """<o:d><text:list-item><text:p>a<text:s text:c="3"/>b<text:line-break/>c</text:p></text:list-item>
    <office:annotation><text:p>нет</text:p></office:annotation><text:h>Глава</text:h></o:d>"""
    document = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content}

    with pytest.raises(Broken):  # prefixes without meaning are forgiven; a document cut off is not
        read_here(build_zip({**document, "content.xml": content[:-3]}))
    assert read_here(build_zip(document)).text == "- a   b\nc\nГлава"


def test_pages_are_marked_where_there_are_several() -> None:
    several = read_here(build_pdf("Good day, a hy-\nphen", " ", "third"))

    assert (several.text, several.pages) == ("[page 1]\nGood day, a hyphen\n\n[page 3]\nthird", 3)
    assert read_here(build_pdf("Good day")).text == "Good day"


@pytest.mark.parametrize("content", [build_pdf(""), build_docx("<w:p/>"), build_epub({})])
def test_a_document_of_nothing_is_no_text(content: bytes) -> None:
    with pytest.raises(NoText):
        read_here(content)


BOMB = "<!DOCTYPE b [<!ENTITY a 'ха'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
SPY = "<!DOCTYPE b [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"


@pytest.mark.parametrize("prologue", [BOMB, SPY])
def test_entities_of_a_document_are_refused(prologue: str) -> None:
    with pytest.raises(Broken):
        read_here(build_docx("<w:p><w:r><w:t>&b;</w:t></w:r></w:p>", prologue=prologue))


@pytest.mark.parametrize(
    "content",
    [
        build_docx(BODY)[:-40],
        build_docx("<w:p>"),
        build_docx("<w:p>" * 1_000_000),
        build_zip({"[Content_Types].xml": WORD_TYPES}),
        build_zip({"mimetype": "application/epub+zip"}),
        build_pdf("cut off")[:200],
        build_pdf(),
        b"PK\x03\x04word/",
    ],
)
def test_a_damaged_document_is_broken(content: bytes) -> None:
    with pytest.raises(Broken):
        read_here(content)


@pytest.mark.parametrize(
    "members",
    [
        {"a.txt": "a"},
        {"../../etc/cron.d/x": "a"},
        {"mimetype": "image/x-krita"},
        {"[Content_Types].xml": "<Types/>"},
    ],
)
def test_an_archive_of_anything_else_is_not_unpacked(members: dict[str, str]) -> None:
    with pytest.raises(UnsupportedKind):
        read_here(build_zip(members))


def test_a_document_under_copy_protection_or_a_password_is_encrypted() -> None:
    locked = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "\x01\x02"}
    manifest = "<m:manifest><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>"

    with pytest.raises(Encrypted):
        read_here(build_zip({**locked, "META-INF/manifest.xml": manifest}))
    with pytest.raises(Encrypted):
        read_here(build_epub({"a.xhtml": "<p>a"}, **{"META-INF/rights.xml": "<rights/>"}))


def test_a_member_with_a_password_is_encrypted() -> None:
    content = bytearray(build_docx(BODY))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(Encrypted):
        read_here(bytes(content))


def test_a_bomb_is_known_by_what_it_declares() -> None:
    zeros = bytes(MAX_UNPACKED_BYTES // 4)
    bomb = build_zip(
        {"[Content_Types].xml": WORD_TYPES, **{f"word/{index}.xml": zeros for index in range(4)}}
    )

    assert len(bomb) < 2_000_000
    with pytest.raises(TooHeavy):
        read_here(bomb)


def test_a_crowd_of_members_is_too_heavy() -> None:
    with pytest.raises(TooHeavy):
        read_here(build_zip({f"word/{index}": b"" for index in range(MAX_MEMBERS + 1)}))


def test_a_bomb_that_lies_about_its_size_is_broken() -> None:
    content = build_docx("<w:p><w:r><w:t>" + "a" * 1_000_000 + "</w:t></w:r></w:p>")
    position = content.rindex(b"PK\x01\x02") + 24
    lying = content[:position] + (100).to_bytes(4, "little") + content[position + 4 :]

    with pytest.raises(Broken):
        read_here(lying)
