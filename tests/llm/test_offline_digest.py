"""The digest that is written by rules."""

from __future__ import annotations

import re

from llm.offline.digest import digest_posts
from llm.prompt import Role, Turn


def test_of_sentences_that_are_worth_the_same_some_of_the_whole_day_are_chosen() -> None:
    texts = ["В Заречье открыли мост за 12 млн рублей." for _ in range(80)]
    texts[50] = "В Заречье открыли мост за 12 млн рублей и 3 школы."
    turns = [Turn(Role.USER, f"[{number}] {text}") for number, text in enumerate(texts, start=1)]

    cited = [int(number) for number in re.findall(r"\[(\d+)\]", digest_posts(turns))]

    assert cited == [1, 12, 23, 34, 46, 51, 58, 69]
