from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botgateway.extraction.cleaning import clean_text, collect_text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\0b\x07c\x9f", "abc"),
        ("a\ud800b\ufffe", "ab"),
        ("\ufeffa\r\nb\rc\u2028d\fe", "a\nb\nc\nd\ne"),
        ("a\xa0b\u2009c", "a b c"),
        ("пере\xadнос\u200b", "перенос"),
        ("и\u0306е\u0308", "йё"),
        ("a  \t\nb\n\n\n\n\nc\n\n", "a\nb\n\nc"),
        ("    if x:\n\tpass", "    if x:\n\tpass"),
        ("a" + " " * 1000 + "b", "a" + " " * 32 + "b"),
        ("a\u202eb\u2066c", "abc"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("👩\u200d👧 уцелели", "👩\u200d👧 уцелели"),
    ],
)
def test_text_is_made_fit_to_be_stored(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(st.text(alphabet=st.characters(), max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@pytest.mark.parametrize(
    ("max_chars", "collected"),
    [(3, ("abc", True)), (6, ("abcdef", False)), (7, ("abcdef", False))],
)
def test_the_beginning_is_kept(max_chars: int, collected: tuple[str, bool]) -> None:
    assert collect_text(["ab", "cd", "ef"], max_chars) == collected


def test_no_more_is_asked_for_than_is_kept() -> None:
    asked = 0

    def read_endless() -> object:
        nonlocal asked
        while True:
            asked += 1
            yield "слово " * 1000

    assert collect_text(read_endless(), 10_000) == (("слово " * 1667)[:10_000].rstrip(), True)
    assert asked < 20


def test_megabytes_of_blanks_are_nothing() -> None:
    assert collect_text([" " * 5_000_000, "\n" * 5_000_000, "a"], 100) == ("a", False)


def test_a_line_end_cut_in_two_is_one() -> None:
    assert collect_text(["a\r", "\nb"], 100) == ("a\nb", False)
