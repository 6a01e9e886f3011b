"""Documents that are XML of paragraphs and tables: Word, PowerPoint, OpenDocument, FictionBook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from botgateway.extraction.document import Document, join_cells
from botgateway.extraction.formats.xml_events import Event, EventKind, read_events
from botgateway.extraction.kinds import Kind

# A paragraph of a book's length is handed on in parts.
_MAX_LINE_CHARS = 64 * 1024
_MAX_REPEATED_BLANKS = 32


@dataclass(frozen=True)
class Dialect:
    """Which tags mean what.

    `texts`: text counts only inside these; where empty, anywhere in a paragraph. `marks`: what a tag stands for.
    """

    paragraphs: frozenset[str]
    texts: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    cells: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    marks: Mapping[str, str] = field(default_factory=dict)


OOXML = Dialect(
    paragraphs=frozenset({"p"}),
    texts=frozenset({"t"}),
    rows=frozenset({"tr"}),
    cells=frozenset({"tc"}),
    # `Fallback` repeats a text box for old programs, `moveFrom` a paragraph that has moved; `tabs` only defines.
    unseen=frozenset({"Fallback", "moveFrom", "tabs"}),
    marks={"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "numPr": "- "},
)
OPEN_DOCUMENT = Dialect(
    paragraphs=frozenset({"p", "h"}),
    rows=frozenset({"table-row"}),
    cells=frozenset({"table-cell"}),
    unseen=frozenset({"tracked-changes", "annotation"}),
    marks={"tab": "\t", "line-break": "\n", "s": " ", "list-item": "- "},
)
FICTION_BOOK = Dialect(
    paragraphs=frozenset({"p", "v", "subtitle", "text-author", "book-title"}),
    rows=frozenset({"tr"}),
    cells=frozenset({"td", "th"}),
    unseen=frozenset({"binary", "stylesheet"}),
)


def read(file: BinaryIO, kind: Kind) -> Document:
    """Read a FictionBook, which comes unpacked."""
    return Document(kind, read_flow(file, FICTION_BOOK))


def read_flow(stream: BinaryIO, dialect: Dialect) -> Iterator[str]:
    """Yield the lines of one XML part; raise MalformedXml."""
    return _Flow(dialect).read(read_events(stream))


class _Flow:
    """Where in the document the parser is. Only the outermost row is laid out; tables in its cells are flattened."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._line: list[str] = []
        self._line_chars = 0
        self._cells: list[str] = []
        self._unseen_depth = 0
        self._text_depth = 0
        self._row_depth = 0
        self._texts = dialect.texts or dialect.paragraphs

    def read(self, events: Iterable[Event]) -> Iterator[str]:
        for kind, value, attributes in events:
            if kind is EventKind.TEXT:
                if self._text_depth and not self._unseen_depth:
                    self._append(value)
            elif kind is EventKind.START:
                self._start(value, attributes)
            elif (line := self._end(value)) is not None:
                yield line
            if self._line_chars > _MAX_LINE_CHARS and not self._row_depth:
                yield self._take()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        dialect = self._dialect
        if self._unseen_depth or tag in dialect.unseen:
            self._unseen_depth += 1
            return
        self._text_depth += tag in self._texts
        self._row_depth += tag in dialect.rows
        if mark := dialect.marks.get(tag):
            self._append(mark * min(_count_repeats(attributes), _MAX_REPEATED_BLANKS))

    def _end(self, tag: str) -> str | None:
        """Return the line that ends with this tag, if one does."""
        dialect = self._dialect
        if self._unseen_depth:
            self._unseen_depth -= 1
            return None
        self._text_depth -= tag in self._texts
        if tag in dialect.rows:
            return self._end_row()
        if tag in dialect.cells and self._row_depth == 1:
            self._cells.append(self._take())
        elif tag in dialect.paragraphs and self._row_depth:
            self._append(" ")
        elif tag in dialect.paragraphs:
            return self._take() + "\n"
        return None

    def _end_row(self) -> str | None:
        self._row_depth -= 1
        if self._row_depth:
            return None
        cells, self._cells = self._cells, []
        return join_cells(cells) + "\n"

    def _append(self, text: str) -> None:
        self._line.append(text)
        self._line_chars += len(text)

    def _take(self) -> str:
        text = "".join(self._line)
        self._line.clear()
        self._line_chars = 0
        return text


def _count_repeats(attributes: dict[str, str]) -> int:
    """Return how many blanks OpenDocument's `<text:s text:c="4"/>` stands for."""
    count = attributes.get("text:c", "")
    return int(count) if count.isascii() and count.isdigit() and len(count) <= 3 else 1  # noqa: PLR2004
