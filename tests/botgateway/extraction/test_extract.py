"""The door of the package, with its child process: every kind passes through the confinement once."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botgateway.extraction.child import ask_child
from botgateway.extraction.document import Extraction
from botgateway.extraction.errors import (
    Broken,
    EmptyFile,
    Encrypted,
    ExtractionError,
    ExtractorFailed,
    NoText,
    TooHeavy,
    UnsupportedKind,
)
from botgateway.extraction.extract import extract_text
from botgateway.extraction.kinds import Kind
from botgateway.extraction.metrics import EXTRACTIONS
from tests.botgateway.extraction.building import SAMPLES, build_epub, build_pdf, build_zip, read_here

LETTER = "Уважаемая Анна Сергеевна!"
BODY = "Ёлку привезут в четверг, в половине шестого: №5 по описи."
OLD = (SAMPLES / "old.xls").read_bytes()
GOODS = "Товар | Цена\nЧай | 120\nЩётка | 75,50"


def read_file(path: Path, *, name: str = "file.txt", max_chars: int = 10_000) -> Extraction:
    return extract_text(path, name=name, mime_type="application/octet-stream", max_chars=max_chars)


@pytest.mark.parametrize(
    ("sample", "kind", "pages", "text"),
    [
        ("letter.pdf", "pdf", 2, f"[page 1]\n{LETTER}\n\n[page 2]\n{BODY}"),
        ("letter.docx", "docx", None, f"{LETTER}\n{BODY}\n{GOODS}\nПосле таблицы"),
        ("letter.odt", "odt", None, f"{LETTER}\n{BODY}\n{GOODS}"),
        ("slides.pptx", "pptx", 2, f"[slide 1]\n{LETTER}\n\n[slide 2]\n{BODY}"),
        ("old.xls", "xls", None, f"## Старый\n{GOODS}"),
        (
            "expenses.xlsx",
            "xlsx",
            None,
            "## Расходы\nДата | Сумма\n2026-03-01 | 12.5\n2026-03-02 09:30 | 7\n | есть перенос | TRUE",
        ),
    ],
)
def test_a_document_is_read_under_any_name(sample: str, kind: str, pages: int | None, text: str) -> None:
    assert read_file(SAMPLES / sample) == Extraction(text=text, kind=kind, is_truncated=False, pages=pages)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Żółw gęś jaźń pięć".encode("cp1250"), "Żółw gęś jaźń pięć"),
        ("<html><meta charset=windows-1251><p>Щётка &mdash; 5".encode("cp1251"), "Щётка — 5"),
        (b"{\\rtf1\\ansi{\\fonttbl{\\f0\\fcharset128 Mincho;}}\\f0 \\'93\\'fa}", "日"),
        (build_epub({"a.xhtml": "<p>Глава"}), "Глава"),
        ("<FictionBook><p>Сказка</p></FictionBook>".encode(), "Сказка"),
        (build_pdf("Good day"), "Good day"),
    ],
)
def test_nothing_is_left_to_load_once_the_doors_are_shut(content: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    assert read_file(path).text == text


@pytest.mark.parametrize(
    ("sample", "error", "kind"),
    [
        ("locked.pdf", Encrypted, Kind.PDF),
        ("locked.docx", Encrypted, Kind.OLE),
        ("scan.pdf", NoText, Kind.PDF),
    ],
)
def test_the_reason_for_no_text_is_told(sample: str, error: type[ExtractionError], kind: Kind) -> None:
    with pytest.raises(error) as caught:
        read_file(SAMPLES / sample)

    assert caught.value.kind is kind


@pytest.mark.parametrize(
    ("content", "error", "kind"),
    [
        (b"", EmptyFile, Kind.TEXT),
        (Path(sys.executable).read_bytes()[:100_000], UnsupportedKind, Kind.PROGRAM),
        (b"OggS\0\2" + bytes(50), UnsupportedKind, Kind.AUDIO),
        (build_zip({"a.txt": "a"}), UnsupportedKind, Kind.ARCHIVE),
        ((SAMPLES / "letter.pdf").read_bytes()[:3000], Broken, Kind.PDF),
        ((SAMPLES / "expenses.xlsx").read_bytes()[:3000], Broken, Kind.XLSX),
        (OLD[:512] + b"\xff" * 2000 + OLD[2512:], Broken, Kind.XLS),
    ],
)
def test_what_is_no_document_is_refused(
    content: bytes, error: type[ExtractionError], kind: Kind, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    before = EXTRACTIONS.labels(kind.value, error.outcome)._value.get()

    with pytest.raises(error) as caught:
        read_file(path, name="report.pdf")

    assert caught.value.kind is kind
    assert EXTRACTIONS.labels(kind.value, error.outcome)._value.get() == before + 1


def test_twenty_megabytes_of_text_cost_their_beginning(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes("Слово за словом. ".encode("cp1251") * (20 * 1024 * 1024 // 17))

    extraction = read_file(path, max_chars=1000)

    assert (len(extraction.text), extraction.is_truncated, extraction.kind) == (1000, True, "text")


def test_a_table_as_wide_as_the_program_allows_ends_the_child_alone(tmp_path: Path) -> None:
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
        "</sheetData></worksheet>"
    )
    path = tmp_path / "file"
    path.write_bytes(_put_sheet(sheet))

    with pytest.raises(TooHeavy):
        read_file(path)
    assert read_file(SAMPLES / "old.xls").kind == "xls"


def _put_sheet(sheet: str) -> bytes:
    import zipfile

    with zipfile.ZipFile(SAMPLES / "expenses.xlsx") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return build_zip({**members, "xl/worksheets/sheet1.xml": sheet})


def test_who_takes_too_long_is_stopped() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as endless, open(writing, "wb"), pytest.raises(TooHeavy):  # noqa: PTH123  # no path
        ask_child(endless, Kind.TEXT, 1000, time_s=0.1)


def test_our_own_failure_is_not_the_files(tmp_path: Path) -> None:
    with (SAMPLES / "letter.pdf").open("rb") as file, pytest.raises(ExtractorFailed):
        ask_child(file, Kind.PNG, 1000)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "gone")


CONFINED = """
import os, resource, socket, subprocess
from botgateway.extraction.confinement import MEMORY_BYTES, limit_resources, shut_doors
limit_resources(); shut_doors()
def attempt(action):
    try:
        action()
    except (OSError, MemoryError) as error:
        return type(error).__name__
print(
    attempt(lambda: open("/etc/hostname")),
    attempt(socket.socket),
    attempt(lambda: subprocess.run(["true"])),
    attempt(lambda: bytes(MEMORY_BYTES)),
    sorted(os.environ),
    sep=";",
)
"""


def test_the_child_can_open_nothing_and_knows_no_setting(tmp_path: Path) -> None:
    from botgateway.extraction.child import _ENVIRONMENT, _PROJECT_DIR

    result = subprocess.run(
        [sys.executable, "-s", "-c", CONFINED],
        env=_ENVIRONMENT,
        cwd=_PROJECT_DIR,
        capture_output=True,
        check=True,
    )

    assert result.stdout.decode() == "OSError;OSError;OSError;MemoryError;['LC_ALL', 'PYTHONUTF8']\n"


def test_the_child_starts_without_the_rest_of_the_house() -> None:
    listing = (
        "import sys, botgateway.extraction.__main__; print({name.partition('.')[0] for name in sys.modules})"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, check=True, text=True
    ).stdout

    assert not {"django", "celery", "prometheus_client", "telebot", "pypdfium2"} & set(eval(loaded))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(["a.pdf", "a.docx", "a.html", "a.csv", ""]))
def test_random_bytes_raise_nothing_else(content: bytes, name: str) -> None:
    with suppress(ExtractionError):
        read_here(content, name=name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["letter.docx", "letter.odt", "slides.pptx"]), st.data())
def test_a_damaged_document_raises_nothing_else(sample: str, data: st.DataObject) -> None:
    content = bytearray((SAMPLES / sample).read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=20))
    content[position : position + len(patch)] = patch

    with suppress(ExtractionError):
        read_here(bytes(content))
