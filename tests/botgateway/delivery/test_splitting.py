from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botgateway.delivery.entities import clean_text, is_blank
from botgateway.delivery.markdown import render
from botgateway.delivery.splitting import STABLE_LIMIT, Part, render_parts, split_markdown, utf16_length
from tests.botgateway.delivery.telegram_html import visible_text
from tests.botgateway.delivery.test_markdown import MARKDOWN

PLAIN = st.text(st.sampled_from("абвгде .,!?\n🦉👍é"), max_size=600)
LINES = st.sampled_from(
    [
        "Абзац с **жирным** словом и [ссылкой](https://e.org). Второе предложение! Третье?",
        "",
        "",
        "- пункт списка",
        "  - вложенный пункт",
        "12. двенадцатый",
        "> цитата",
        "## Заголовок",
        "```python",
        "x = [1, 2, 3]  # код",
        "    return x",
        "```",
        "🦉" * 30,
        "слово " * 40,
        "б" * 200,
    ]
)
DOCUMENT = st.lists(LINES, max_size=25).map("\n".join)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("text", "length"), [("", 0), ("abc", 3), ("жук", 3), ("🦉", 2), ("👨\u200d👩", 5), ("\ud83d", 1)]
)
def test_length_is_counted_in_utf16_units(text, length):
    assert utf16_length(text) == length


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("", 10, []),
        (" \n\t\u200b", 10, []),
        ("коротко", 10, ["коротко"]),
        ("первый абзац\n\nвторой абзац", 20, ["первый абзац", "второй абзац"]),
        ("раз два\nтри четыре пять", 20, ["раз два", "три четыре пять"]),
        ("Раз, два. Три, четыре. Пять и шесть", 25, ["Раз, два. Три, четыре.", "Пять и шесть"]),
        ("один два три четыре", 10, ["один два", "три четыре"]),
        ("абвгдежзик", 4, ["абвг", "дежз", "ик"]),
        ("🦉🦉🦉", 5, ["🦉🦉", "🦉"]),
        ("ab👨\u200d👩\u200d👧", 9, ["ab", "👨\u200d👩\u200d👧"]),
        ("aaa🇷🇺🇫🇷", 9, ["aaa🇷🇺", "🇫🇷"]),
        ("abcde\u0301", 5, ["abcd", "e\u0301"]),
        ("один два - три", 10, ["один", "два - три"]),
        ("8. восемь\n9. девять\n10. десять", 21, ["8. восемь\n9. девять", "10. десять"]),
        ("- а\n  - б\n  - в", 11, ["- а\n  - б", "  - в"]),
    ],
)
def test_text_is_cut_at_the_best_boundary(text, limit, parts):
    assert split_markdown(text, limit) == parts


def test_a_fence_that_fits_is_kept_whole():
    code = "```python\n" + "x = 1\n" * 20 + "```"
    assert split_markdown(f"Вот код:\n{code}\nГотово.", 120) == ["Вот код:", code, "Готово."]


@pytest.mark.parametrize("marker", ["```", "~~~~"])
def test_a_fence_fits_by_its_code_alone(marker):
    fence = f"{marker}python\n{'x' * 4096}\n{marker}"
    assert split_markdown(fence) == [fence]


def test_a_longer_fence_is_reopened_with_its_language():
    code = "\n".join(f"    x_{number} = {number}" for number in range(10))
    assert split_markdown(f"```python\n{code}\n```\nконец", 66) == [
        "```python\n    x_0 = 0\n    x_1 = 1\n    x_2 = 2\n    x_3 = 3\n    x_4 = 4\n```",
        "```python\n    x_5 = 5\n    x_6 = 6\n    x_7 = 7\n    x_8 = 8\n    x_9 = 9\n```\nконец",
    ]


def test_half_a_closing_line_does_not_split_a_draft():
    code = "x" * 4096
    assert split_markdown(f"```\n{code}\n``") == [f"```\n{code}\n```"]


def test_empty_lines_before_a_closing_line_make_no_empty_part():
    code = "x" * 4096
    assert split_markdown(f"```\n{code}\n\n\n\n\n\n```\nконец") == [f"```\n{code}\n```", "конец"]


def test_a_quoted_fence_is_reopened_inside_its_quote():
    parts = split_markdown("> ```\n" + "> aaaa bbbb\n" * 20 + "> ```", 100)
    assert all(part.startswith("> ```\n> ") and part.endswith("\n> ```") for part in parts)


def test_a_table_that_grows_by_alignment_is_split_further():
    table = "| имя | v |\n|---|---|\n" + "| " + "а" * 60 + " | 1 |\n" + "| б | 2 |\n" * 40
    parts = render_parts(table, 500)
    assert len(parts) > 1
    assert max(utf16_length(visible_text(part.html)) for part in parts) <= 500


def test_parts_carry_a_plain_form_for_a_retry():
    assert render_parts("**Сайт**: [тут](https://e.org)") == [
        Part('<b>Сайт</b>: <a href="https://e.org">тут</a>', "Сайт: тут (https://e.org)")
    ]


def test_a_limit_too_small_for_one_character_is_refused():
    with pytest.raises(ValueError, match="limit of 1"):
        split_markdown("а", 1)


@settings(max_examples=300, deadline=None)
@given(DOCUMENT | MARKDOWN | st.text(max_size=300), st.integers(2, 300))
def test_parts_are_within_the_limit_well_formed_and_not_empty(markdown, limit):
    parts = render_parts(markdown, limit)
    for part in parts:
        shown = visible_text(part.html)
        assert utf16_length(shown) <= limit
        assert utf16_length(part.plain) <= limit
        assert not is_blank(shown)
        assert not is_blank(part.plain)
    assert bool(parts) != is_blank(clean_text(markdown))


@settings(max_examples=300, deadline=None)
@given(PLAIN, st.integers(2, 300))
def test_nothing_of_a_plain_text_is_lost_or_doubled(text, limit):
    parts = render_parts(text, limit)
    assert squeezed("".join(part.plain for part in parts)) == squeezed(text)
    assert squeezed("".join(split_markdown(text, limit))) == squeezed(text)


@settings(max_examples=300, deadline=None)
@given(DOCUMENT, st.integers(STABLE_LIMIT, 500))
def test_nothing_of_the_source_is_lost_but_repeated_fences(markdown, limit):
    joined = "\n".join(split_markdown(markdown, limit))
    without_fences = [
        squeezed(text.replace("```python", "").replace("```", "")) for text in (joined, markdown)
    ]
    assert without_fences[0] == without_fences[1]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.data())
def test_fences_that_fit_stay_whole(sizes, data):
    fences = ["```python\n" + "x = 1\n" * size + "```" for size in sizes]
    texts = [data.draw(st.sampled_from(["Текст.", "слово " * 30, "- пункт\n- ещё"])) for _ in sizes]
    markdown = "\n\n".join(part for pair in zip(texts, fences, strict=True) for part in pair)
    parts = split_markdown(markdown, STABLE_LIMIT)
    assert [
        fence for part in parts for fence in re.findall(r"```python\n.*?\n```", part, re.DOTALL)
    ] == fences


@settings(max_examples=100, deadline=None)
@given(DOCUMENT, st.integers(STABLE_LIMIT, 400), st.integers(1, 9))
def test_finished_parts_stay_while_the_text_grows(markdown, limit, step):
    earlier: list[str] = []
    for end in range(0, len(markdown) + 1, step):
        parts = split_markdown(markdown[:end], limit)
        assert parts[: len(earlier)] == earlier
        earlier = parts[:-1]


@pytest.mark.parametrize(
    "unit",
    [
        "*",
        "[",
        "`",
        "```\n",
        "```\nx\n",
        "> ",
        "- ",
        "1. ",
        "[a](",
        "|a",
        "|\n|-\n",
        "| a |\n|-|\n",
        "🦉",
        "a\u0301",
        "\u0301",
        "- a\n  ",
        "~~~",
        "\u200d",
    ],
)
@pytest.mark.parametrize("limit", [4096, 100])
def test_adversarial_text_is_split(unit, limit):
    text = (unit * 100_000)[:100_000]
    for part in render_parts(text, limit):
        assert utf16_length(visible_text(part.html)) <= limit


def test_a_render_of_a_part_is_the_part():
    markdown = "# Т\n\n" + "слово **жирное** и `код`. " * 400
    assert [part.html for part in render_parts(markdown)] == [
        render(part).html for part in split_markdown(markdown)
    ]
