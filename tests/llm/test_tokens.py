from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.tokens import estimate_tokens

MODELS = [
    "",
    "gpt-4",
    "gpt-4o-mini",
    "Qwen/Qwen2.5-7B-Instruct",
    "deepseek-chat",
    "mistral-small",
    "mistral-7b",
    "gemini-2.5-pro",
]

RUSSIAN = (
    "Добрый вечер, Анна. Позволю себе напомнить: завтра в девять утра у Вас встреча с нотариусом, а "
    "ключи от дачи "
    "Вы, по обыкновению, оставили в синей сумке. Чай подан, новости дня не заслуживают Вашего "
    "внимания, а вот "
    "прогноз обещает дождь, так что зонт я уже поставил у двери."
)
ENGLISH = (
    "Good evening, Anna. If I may remind you: tomorrow at nine you are seeing the notary, and the "
    "keys to the "
    "cottage are, as usual, in the blue bag. Tea is served. Should you wish, I will draw up a week "
    "of Python lessons."
)

# Counted with the real vocabularies of the families.
COUNTED = [
    ("gpt-4", 133, 55),
    ("gpt-4o-mini", 84, 55),
    ("Qwen/Qwen2.5-7B-Instruct", 101, 55),
    ("deepseek-chat", 98, 55),
    ("mistral-small", 93, 55),
    ("mistral-7b", 120, 56),
]


@pytest.mark.parametrize(("model", "russian", "english"), COUNTED)
def test_prose_is_estimated_within_the_stated_error(model: str, russian: int, english: int):
    assert 0.97 <= estimate_tokens(RUSSIAN, model=model) / russian <= 1.36
    assert 0.93 <= estimate_tokens(ENGLISH, model=model) / english <= 1.17


@pytest.mark.parametrize("model", MODELS)
def test_nothing_costs_nothing_and_anything_costs_something(model: str):
    assert estimate_tokens("", model=model) == 0
    assert estimate_tokens(".", model=model) == 1


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)), st.sampled_from(MODELS))
def test_a_longer_text_never_costs_less(text: str, more: str, model: str):
    assert 0 <= estimate_tokens(text, model=model) <= estimate_tokens(text + more, model=model)


@pytest.mark.parametrize("text", [RUSSIAN, ENGLISH, "2026-11-21", "😀🎉"])
@pytest.mark.parametrize("model", MODELS)
def test_an_unknown_model_is_the_dearest(text: str, model: str):
    assert estimate_tokens(text, model="some-new-model") >= estimate_tokens(text, model=model)


def test_a_distilled_model_counts_like_the_vocabulary_it_has():
    assert estimate_tokens(RUSSIAN, model="deepseek-r1-distill-qwen-7b") == estimate_tokens(
        RUSSIAN, model="qwen2.5:7b"
    )
