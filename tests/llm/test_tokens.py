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
    "llama3.1:8b",
    "meta-llama/Llama-4-Scout",
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

UKRAINIAN = (
    "Добрий вечір, Анно. Дозволю собі нагадати: завтра о дев'ятій ранку у Вас зустріч із нотаріусом, а "
    "ключі від дачі Ви залишили в синій сумці."
)
JSON = (
    '{"id": 40213, "title": "нотариус", "due_at": "2026-11-23T09:00:00Z", "tags": ["дача", "ключи"], '
    '"is_done": false, "amount": 1499.5}'
)
KEY = "api_key=Zm9vYmFyMTIzQmF6UXV4OTg3SGVsbG9Xb3JsZEtleTQ1Ng; id=7f3c9a1e-52d4-4b8e-9c06-1fd2ab73e590"
TEXTS = (RUSSIAN, ENGLISH, UKRAINIAN, JSON, KEY)
LEAST = (1.0, 1.0, 0.95, 1.0, 0.75)
MOST = (1.15, 1.15, 1.2, 1.2, 1.0)

# The tokens of each text, counted with the families' own vocabularies (docs/tokens.md says with which).
COUNTED = [
    ("gpt-4", (133, 55, 81, 63, 71)),
    ("gpt-4o-mini", (84, 55, 54, 60, 68)),
    ("Qwen/Qwen2.5-7B-Instruct", (101, 55, 72, 72, 76)),
    ("deepseek-chat", (98, 55, 66, 61, 69)),
    ("mistral-small", (93, 55, 57, 72, 76)),
    ("mistral-7b", (120, 56, 67, 76, 78)),
    ("gemini-2.5-pro", (81, 54, 52, 73, 72)),
    ("llama3.1:8b", (100, 55, 53, 61, 71)),
    ("meta-llama/Llama-4-Scout", (74, 55, 50, 58, 69)),
]


@pytest.mark.parametrize(("model", "counts"), COUNTED)
def test_estimates_stay_within_the_stated_error(model: str, counts: tuple[int, ...]):
    ratios = [estimate_tokens(text, model=model) / count for text, count in zip(TEXTS, counts, strict=True)]

    bounds = zip(LEAST, ratios, MOST, strict=True)
    assert [ratio for least, ratio, most in bounds if not least <= ratio <= most] == []


@pytest.mark.parametrize("model", MODELS)
def test_nothing_costs_nothing_and_anything_costs_something(model: str):
    assert estimate_tokens("", model=model) == 0
    assert estimate_tokens(".", model=model) == 1


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)), st.sampled_from(MODELS))
def test_a_longer_text_never_costs_less(text: str, more: str, model: str):
    assert 0 <= estimate_tokens(text, model=model) <= estimate_tokens(text + more, model=model)


@pytest.mark.parametrize("text", [*TEXTS, "2026-11-21", "😀🎉", "Қазақстан", "Größe", "قال", "漢字"])
@pytest.mark.parametrize("model", MODELS)
def test_an_unknown_model_is_the_dearest(text: str, model: str):
    assert estimate_tokens(text, model="some-new-model") >= estimate_tokens(text, model=model)


@pytest.mark.parametrize(
    ("model", "kin"),
    [
        ("deepseek-r1-distill-qwen-7b", "qwen3:8b"),
        ("deepseek-r1-distill-llama-8b", "llama3.3"),
        ("mistral-large-2411", "open-mixtral-8x22b"),
        ("mistral-large-latest", "ministral-8b-2410"),
        ("gemma3:27b", "gemini-3-pro-preview"),
        ("gpt-4.1", "openai/gpt-oss-120b"),
        ("codellama:7b", "some-new-model"),
    ],
)
def test_a_model_counts_like_the_family_whose_vocabulary_it_has(model: str, kin: str):
    assert estimate_tokens(RUSSIAN + KEY, model=model) == estimate_tokens(RUSSIAN + KEY, model=kin)
