from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.domain.citations import link_to, read_statements
from digests.domain.day import Statement

POSTS = {1: (101,), 2: (102,), 3: (103, 104)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- Мост открыт. [1]", [Statement("Мост открыт.", (101,))]),
        ("* **Мост** открыт [1][2].", [Statement("Мост открыт.", (101, 102))]),
        ("1. Мост открыт [1, 2]", [Statement("Мост открыт", (101, 102))]),
        ("• Мост открыт. [3] [3]", [Statement("Мост открыт.", (103, 104))]),
        ("- Мост открыт. [9][2]", [Statement("Мост открыт.", (102,))]),
        ("# Дайджест\n\n- Мост открыт. [1]", [Statement("Мост открыт.", (101,))]),
        (
            "- Мост, о котором говорили,\n  открыт. [1]",
            [Statement("Мост, о котором говорили, открыт.", (101,))],
        ),
        ("- Мост открыт. [1]\n- Мост открыт. [2]", [Statement("Мост открыт.", (101, 102))]),
        (
            "- См. [отчёт](https://example.org/a) https://example.org/b тут. [1]",
            [Statement("См. отчёт тут.", (101,))],
        ),
        (
            "- Пишите [сюда](tg://user?id=1 't') или t.me/spam <https://e.org> тут. [1]",
            [Statement("Пишите (сюда)( 't') или тут.", (101,))],
        ),
        ("- Цена `100` [[1]2] выросла. [1]", [Statement("Цена 100 (2) выросла.", (101,))]),
    ],
)
def test_a_line_is_a_statement_with_its_posts(text: str, expected: list[Statement]) -> None:
    reading = read_statements(text, POSTS)

    assert list(reading.statements) == expected
    assert reading.dropped == 0


@pytest.mark.parametrize(
    "text", ["- Никто этого не писал.", "- Выдумано. [9]", "- [1]", f"- {'а' * 701} [1]", "- 42 [1]"]
)
def test_what_cites_nothing_or_says_nothing_is_dropped(text: str) -> None:
    reading = read_statements(text, POSTS)

    assert (reading.statements, reading.dropped) == ((), 1)


@given(st.text(max_size=300))
def test_whatever_a_model_says_only_given_posts_are_cited(text: str) -> None:
    for statement in read_statements(text, POSTS).statements:
        assert statement.text.strip()
        assert statement.post_ids
        assert set(statement.post_ids) <= {101, 102, 103, 104}
        assert not set(statement.text) & set("[]`")


def test_a_post_is_linked_by_name_or_for_members_alone() -> None:
    assert link_to(7, channel_id="-1001234567890", username="gorod") == "https://t.me/gorod/7"
    assert link_to(7, channel_id="-1001234567890") == "https://t.me/c/1234567890/7"
