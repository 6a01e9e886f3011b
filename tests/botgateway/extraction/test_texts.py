"""Plain texts and their encodings, web pages, Rich Text."""

from __future__ import annotations

import pytest

from botgateway.extraction.charset import detect_encoding
from botgateway.extraction.errors import NoText
from tests.botgateway.extraction.building import read_here

NOTE = "Добрый день! Ёлку привезут в четверг, 31-го; счёт — за Анной."
SHORT = "Молоко, хлеб"


@pytest.mark.parametrize("encoding", ["utf_8", "utf_8_sig", "utf_16", "utf_16_le", "utf_16_be", "cp1251"])
def test_russian_is_read_in_any_encoding(encoding: str) -> None:
    assert read_here(NOTE.encode(encoding), name="a.txt").text == NOTE


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_r", "cp866"])
@pytest.mark.parametrize("text", [SHORT, "ДОГОВОР", "Rating 5: ну, ладно", "1;Чай\n2;Кофе\n"])
def test_short_russian_is_read_in_old_encodings(encoding: str, text: str) -> None:
    assert read_here(text.encode(encoding)).text == text.strip()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Schöne Grüße aus München, fünf Äpfel", "cp1252"),
        ("Żółw gęś jaźń pięć", "cp1250"),
        ("これはテストです。日本語", "shift_jis"),
    ],
)
def test_other_languages_are_not_taken_for_russian(text: str, encoding: str) -> None:
    assert text.encode(encoding).decode(detect_encoding(text.encode(encoding))) == text


def test_a_foreign_name_late_in_a_file_tells_its_encoding() -> None:
    text = "plain line\n" * 20_000 + NOTE

    assert read_here(text.encode("cp1251"), max_chars=len(text)).text == text


def test_a_letter_cut_by_a_chunk_stays_whole() -> None:
    text = "x" + "я" * 100_000

    assert read_here(text.encode(), max_chars=200_000).text == text


def test_a_damaged_byte_costs_one_letter() -> None:
    assert read_here("день ".encode() * 20_000 + b"\xff end", max_chars=200_000).text.endswith(
        "день \ufffd end"
    )


def test_a_table_of_text_keeps_its_delimiters() -> None:
    extraction = read_here("имя;сумма\r\nЧай;120,50\r\n".encode("cp1251"), name="a.csv")

    assert (extraction.text, extraction.kind) == ("имя;сумма\nЧай;120,50", "csv")


@pytest.mark.parametrize(
    "content", [b" \n\t\n", b"\xef\xbb\xbf", b"---\n...", b"<html><script>a</script></html>"]
)
def test_nothing_to_read_is_no_text(content: bytes) -> None:
    with pytest.raises(NoText):
        read_here(content)


PAGE = """<!DOCTYPE html><html><head><title>Меню</title><style>p {color: red}</style>
<script>if (a < b) { document.write("<p>нет</p>") }</script></head>
<body><!-- нет --><h1>Обед&nbsp;&mdash; завтра</h1><p>Первое:
   <b>борщ</b>, <a href="http://example.org/">второе по ссылке</a>.<br>Третье</p>
<![if !vml]><![word soup]><ul><li>хлеб<li>соль</ul><pre>a
  b</pre>
<svg><text>нет</text></svg><table><tr><th>Блюдо<th>Цена<tr><td>Борщ<td></td><td>120</table><p>a &lt; b"""

PAGE_TEXT = """Меню

Обед — завтра

Первое: борщ, второе по ссылке.
Третье

- хлеб
- соль

a
  b

Блюдо | Цена
Борщ | | 120

a < b"""


def test_a_page_is_what_its_reader_sees() -> None:
    assert read_here(PAGE.encode()).text.replace("|  |", "| |") == PAGE_TEXT


def test_a_table_that_only_frames_a_letter_keeps_its_lines() -> None:
    page = "<html><table><tr><td><p>Первая строка<p>Вторая<div>Третья</div></td></tr></table>"

    assert read_here(page.encode()).text == "Первая строка\nВторая\nТретья"


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-8", "unicode-escape", "zip"])
def test_a_page_is_read_in_the_encoding_it_has(charset: str) -> None:
    encoding = charset if charset in {"windows-1251", "koi8-r"} else "utf-8"
    page = f'<html><meta charset="{charset}"><p>{NOTE}'

    assert read_here(page.encode(encoding, "replace")).text == NOTE.encode(encoding, "replace").decode(
        encoding
    )


def test_a_deep_page_is_read_to_its_bottom() -> None:
    assert read_here(b"<html>" + b"<div>" * 50_000 + b"bottom").text == "bottom"


def test_rich_text_is_read_in_its_code_page() -> None:
    text = "".join(f"\\'{byte:02x}" for byte in "Щётка".encode("cp1251"))
    source = (
        f"{{\\rtf1\\ansi\\ansicpg1251{{\\fonttbl{{\\f0\\fcharset204 Times;}}}}\\f0 {text}\\par \\u8470?5}}"
    )

    assert (read_here(source.encode()).text, read_here(source.encode()).kind) == ("Щётка\n№5", "rtf")
