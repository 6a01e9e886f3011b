from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.reasoning import ReasoningFilter, strip_reasoning

ANSWER = "Пишите `<think>` и `</think>`.\n"


def read_in_pieces(pieces: list[str]) -> str:
    found = ReasoningFilter()
    return "".join([*map(found.feed, pieces), found.flush()])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Да.", "Да."),
        ("  Да. ", "  Да. "),
        ("<think>Хм.</think>Да.", "Да."),
        ("\n<think>\nХм <b>\n</think>\n\nДа. ", "Да. "),
        ("<think></think>Да.", "Да."),
        (f"<think>Хм.</think>\n{ANSWER}", ANSWER),
        (ANSWER, ANSWER),
        ("Да. <think>Хм.</think>", "Да. <think>Хм.</think>"),
        ("<thinking>", "<thinking>"),
        ("<thi", "<thi"),
        ("<think>Хм", ""),
        ("<think>Хм.</think>  \n", ""),
        ("<think>Хм.</thin", ""),
        ("", ""),
    ],
)
def test_only_a_thought_at_the_very_beginning_is_taken_out(text: str, answer: str):
    assert strip_reasoning(text) == answer


@given(
    text=st.lists(st.sampled_from(["<think>", "</think>", "<", "</", "think", ">", " ", "\n", "а"])).map(
        "".join
    )
)
def test_where_a_stream_is_split_changes_nothing(text: str):
    assert read_in_pieces(list(text)) == read_in_pieces([text]) == strip_reasoning(text)


@given(thought=st.text(alphabet="аб<>/ \nthink"), answer=st.text(alphabet="аб<>/ \nthink", min_size=1))
def test_an_answer_outlives_any_thought_before_it(thought: str, answer: str):
    thought = thought.replace("</think>", "")

    assert strip_reasoning(f"<think>{thought}</think>{answer}") == answer.lstrip()


def test_an_answer_is_passed_on_as_soon_as_it_is_one():
    found = ReasoningFilter()

    passed_on = [
        found.feed(piece) for piece in ("<th", "ink>Хм", ".</thi", "nk>", "\n\n", "Да", "<", " и нет")
    ]

    assert passed_on == ["", "", "", "", "", "Да", "<", " и нет"]
