"""Spreadsheets of any age: the values that their formulas had when they were saved, sheet by sheet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import BinaryIO

from python_calamine import CalamineWorkbook, PasswordError

from botgateway.extraction.document import Document, join_cells
from botgateway.extraction.errors import Encrypted, UnsupportedKind
from botgateway.extraction.kinds import Kind

Cell = int | float | str | bool | time | date | datetime | timedelta

# Names in the folder of the compound file that Office wrote up to 2003.
_ENCRYPTED_ENVELOPE = "EncryptedPackage".encode("utf_16_le")
_WORKBOOK_STREAMS = ("Workbook".encode("utf_16_le"), "Book".encode("utf_16_le"))


def read(file: BinaryIO, kind: Kind) -> Document:
    """Read a compound file: an Excel workbook, the envelope of an encrypted document, or something unreadable."""
    content = file.read()
    if _ENCRYPTED_ENVELOPE in content:
        raise Encrypted(kind)
    if not any(stream in content for stream in _WORKBOOK_STREAMS):
        raise UnsupportedKind(kind)
    return Document(Kind.XLS, read_sheets(BytesIO(content), Kind.XLS))


def read_sheets(file: BinaryIO, kind: Kind) -> Iterator[str]:
    """Yield a heading for each sheet that is not empty, and its rows; raise Encrypted or CalamineError."""
    file.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(file)
    except PasswordError as error:
        raise Encrypted(kind) from error
    for name in workbook.sheet_names:
        rows = workbook.get_sheet_by_name(name).iter_rows()
        lines = (line for row in rows if (line := join_cells(map(_write_cell, row))))
        first = next(lines, None)
        if first is None:
            continue
        yield f"## {name}\n{first}\n"
        yield from (f"{line}\n" for line in lines)
        yield "\n"


def _write_cell(value: Cell) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"  # the precision that Excel shows: 0.1 + 0.2 is 0.3
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    return str(value)
