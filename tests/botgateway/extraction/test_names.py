from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botgateway.extraction.names import MAX_NAME_CHARS, safe_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Отчёт за март.pdf", "Отчёт за март.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\anna\\счёт.xlsx", "счёт.xlsx"),
        ("a/b/", "b"),
        ("..", "file"),
        ("", "file"),
        (" \t\n", "file"),
        ("///.pdf", "file.pdf"),
        (".env", "file.env"),
        ("...pdf", "file.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("no\0tes\x1b[31m.txt", "notes[31m.txt"),
        ("две\nстроки\r.txt", "две строки.txt"),
        ("zero\u200bwidth\ufeff.md", "zerowidth.md"),
        ("half\ud800.md", "half.md"),
        ('<b>"кто?"</b>.html', "b_.html"),
        ("a|b:c*.txt", "a_b_c_.txt"),
        ("и\u0306.txt", "й.txt"),
        ("a." + "x" * 300, ("a." + "x" * 300)[:MAX_NAME_CHARS]),
        ("я" * 300 + ".docx", "я" * 250 + ".docx"),
    ],
)
def test_a_name_is_made_fit_to_be_shown(name: str, shown: str) -> None:
    assert safe_name(name) == shown


@given(st.text(alphabet=st.characters(), max_size=400))
def test_any_name_ends_short_visible_and_without_a_path(name: str) -> None:
    shown = safe_name(name)

    assert 0 < len(shown) <= MAX_NAME_CHARS
    assert not set(shown) & set('/\\\0\r\n<>:"|?*')
    assert shown not in {".", ".."}
    assert safe_name(shown) == shown
    shown.encode()
