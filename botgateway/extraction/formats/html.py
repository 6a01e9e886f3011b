"""Web pages: what a reader sees of them, without scripts, styles and markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import BinaryIO

from botgateway.extraction.charset import ENCODINGS
from botgateway.extraction.document import Document, join_cells
from botgateway.extraction.formats.plain import decode, read_sample
from botgateway.extraction.kinds import Kind

_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg", "object", "iframe"})
_CELLS = frozenset({"td", "th"})
_SECTIONS = {"article", "aside", "body", "div", "footer", "form", "header", "html", "main", "nav", "section"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "title"}
_LISTS = {"dl", "ol", "ul"}
_PARAGRAPHS = {"address", "blockquote", "center", "details", "figure", "p", "pre"}
_LINES = {"caption", "dd", "dt", "fieldset", "figcaption", "hr", "li", "summary", "table"}
_APART = _HEADINGS | _LISTS | _PARAGRAPHS
_BLOCKS = _SECTIONS | _LINES | _APART
_BLANKS = re.compile(r"\s+")
_DECLARED_CHARSET = re.compile(rb"""<(?:meta[^>]*charset|\?xml[^>]*encoding)\s*=\s*["']?\s*([\w-]+)""", re.I)
_DECLARATION_BYTES = 2048


def read(file: BinaryIO, kind: Kind) -> Document:  # every reader is called alike
    """Parse a page as it is read, so that its beginning costs its beginning."""
    return Document(kind, read_page(file))


def read_page(file: BinaryIO) -> Iterator[str]:
    """Yield the visible text of one page; broken markup is forgiven, as browsers do."""
    page = _Page()
    for chunk in decode(file, _find_declared_encoding(file)):
        page.feed(chunk)
        yield page.take()
    page.close()
    yield page.take()


def _find_declared_encoding(file: BinaryIO) -> str | None:
    """Return the encoding that the page declares, unless its bytes tell better: a mark, or valid UTF-8."""
    declared = _DECLARED_CHARSET.search(file.read(_DECLARATION_BYTES))
    file.seek(0)
    if declared is None:
        return None
    name = declared[1].decode().lower().replace("-", "_").replace("windows_", "cp").replace("iso_", "iso")
    if name not in ENCODINGS or name.startswith("utf"):
        return None
    try:
        read_sample(file).decode("utf_8")
    except UnicodeDecodeError:
        return name
    return None


class _Page(HTMLParser):
    """Turns a stream of tags into lines. A row is one line, unless it only frames a column of text, as in letters."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._ready: list[str] = []
        self._line: list[str] = []
        self._cells: list[str] = []
        self._is_in_cell = False
        self._unseen: str | None = None
        self._unseen_depth = 0
        self._pre_depth = 0

    def take(self) -> str:
        """Return the lines that have been completed since the last call."""
        text = "".join(self._ready)
        self._ready.clear()
        return text

    def close(self) -> None:
        super().close()
        self._end_row()

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Pass over `<![anything]>` of word processors, which older releases of the library give up at."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.parse_bogus_comment(i)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._unseen:
            self._unseen_depth += tag == self._unseen
        elif tag in _UNSEEN:
            self._unseen, self._unseen_depth = tag, 1
        elif tag == "tr":
            self._end_row()
        elif tag in _CELLS:
            self._end_cell()
            self._is_in_cell = True
        elif tag == "br":
            self._end_line()
        elif tag in _BLOCKS:
            self._end_line()
            self._pre_depth += tag == "pre"
            self._line.append("- " if tag == "li" else "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN:  # `<script/>` would otherwise hide the rest of an XHTML page
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._unseen:
            self._unseen_depth -= tag == self._unseen
            self._unseen = self._unseen if self._unseen_depth else None
        elif tag in _CELLS:
            self._end_cell()
        elif tag in {"tr", "table"}:
            self._end_row()
            self._ready.append("\n" if tag == "table" else "")
        elif tag in _BLOCKS:
            self._end_line(is_apart=tag in _APART)
            self._pre_depth -= tag == "pre" and self._pre_depth > 0

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._line.append(data if self._pre_depth else _BLANKS.sub(" ", data))

    def _end_line(self, *, is_apart: bool = False) -> None:
        if self._is_in_cell:
            self._line.append("\n")
        else:
            self._write("".join(self._line), is_apart=is_apart)
            self._line.clear()

    def _end_cell(self) -> None:
        if self._is_in_cell:
            self._cells.append("".join(self._line))
            self._line.clear()
        self._is_in_cell = False

    def _end_row(self) -> None:
        self._end_cell()
        self._end_line()
        filled = [cell for cell in self._cells if cell.strip()]
        if len(filled) == 1:
            for line in filled[0].split("\n"):
                self._write(line)
        else:
            self._write(join_cells(self._cells))
        self._cells.clear()

    def _write(self, text: str, *, is_apart: bool = False) -> None:
        line = text.rstrip() if self._pre_depth else _BLANKS.sub(" ", text).strip()
        if line.strip(" -"):
            self._ready.append(line + "\n")
        if is_apart:
            self._ready.append("\n")
