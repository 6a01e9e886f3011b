from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.extractive import summarise
from llm.offline.russian import years_word
from llm.prompt import Role, Turn

STATEMENTS = [
    "Меня зовут Анна, я учу Python",
    "Зовите меня Борис",
    "Я живу в Казани.",
    "Переехала в Омск, работаю врачом",
    "Завтра встреча в 15:30",
    "Почему небо бывает красным на закате?",
    "I am learning Rust and I live in Leeds",
    "Спасибо",
]
TEXTS = (
    st.text(st.characters(codec=None))
    | st.sampled_from(STATEMENTS)
    | st.lists(st.sampled_from(STATEMENTS)).map(" ".join)
)
TURNS = st.lists(st.builds(Turn, st.sampled_from(Role), TEXTS), max_size=8)


def said(*texts: str) -> list[Turn]:
    return [Turn(Role.USER, text) for text in texts]


def summary_of(*texts: str, earlier: str = "", language: str = "ru", limit_chars: int = 1000) -> str:
    return summarise(said(*texts), earlier=earlier, language=language, limit_chars=limit_chars)


def test_facts_are_kept_one_a_line():
    text = summary_of(
        "Меня зовут Анна, мне 34 года, я учу Python",
        "Я живу в Казани и работаю бухгалтером",
        "Завтра встреча в 15:30",
    )

    assert text.splitlines() == [
        "Имя: Анна",
        "Возраст: 34",
        "Живёт: в Казани",
        "Работает: бухгалтером",
        "Учит: Python",
        "Слова: Завтра встреча в 15:30",
    ]


def test_newer_facts_replace_what_they_contradict_and_others_are_added():
    earlier = "Имя: Анна\nЖивёт: в Казани\nУчит: Python\nЛюбит: дождь"

    text = summary_of("Зовите меня Борис", "я живу в Омске, учу Rust", "Не люблю дождь", earlier=earlier)

    assert text.splitlines() == [
        "Имя: Борис",
        "Живёт: в Омске",
        "Учит: Python",
        "Учит: Rust",
        "Не любит: дождь",
    ]


def test_a_summary_a_model_wrote_is_kept_but_for_an_older_name():
    earlier = "Пользователя зовут Анна. Она увлекается астрономией."

    text = summary_of("Меня зовут Мария", earlier=earlier)

    assert text == "Имя: Мария\nОна увлекается астрономией."


def test_nothing_new_gives_back_the_earlier_summary():
    assert summary_of("Спасибо!", "Привет", earlier="Имя: Анна") == "Имя: Анна"
    assert summarise([], earlier="", language="ru", limit_chars=100) == ""
    assert summary_of("Привет") == "О себе ничего не рассказано."
    assert summary_of("Меня зовут Анна", earlier="О себе ничего не рассказано.") == "Имя: Анна"


def test_the_labels_are_in_the_language_asked_for():
    assert summary_of("my name is Bob", language="en") == "Name: Bob"
    assert (
        summary_of("I am learning Rust", earlier="Имя: Анна", language="en")
        == "Name: Anna".replace("Anna", "Анна") + "\nLearns: Rust"
    )


def test_over_the_limit_the_oldest_of_the_least_important_goes_first_and_the_name_last():
    texts = (
        "Меня зовут Анна",
        "Встреча 1 мая в парке",
        "Встреча 2 мая в кафе",
        "Почему трава на лугу зелёная?",
    )

    assert summary_of(*texts, limit_chars=60).splitlines() == ["Имя: Анна", "Слова: Встреча 2 мая в кафе"]
    assert summary_of(*texts, limit_chars=12) == "Имя: Анна"


def test_what_the_assistant_said_is_left_out():
    turns = [Turn(Role.ASSISTANT, "Меня зовут Альфред, я люблю серебро")]

    assert "Альфред" not in summarise(turns, earlier="", language="ru", limit_chars=500)


@given(
    TURNS,
    st.text() | st.just("Имя: Анна\nУчит: Python"),
    st.sampled_from(["ru", "en", "de"]),
    st.integers(0, 400),
)
def test_a_summary_is_bounded_and_deterministic(
    turns: list[Turn], earlier: str, language: str, limit_chars: int
):
    first = summarise(turns, earlier=earlier, language=language, limit_chars=limit_chars)

    assert len(first) <= limit_chars
    assert first == summarise(turns, earlier=earlier, language=language, limit_chars=limit_chars)
    first.encode()


@given(TURNS)
def test_summarising_the_same_again_changes_nothing(turns: list[Turn]):
    once = summarise(turns, earlier="", language="ru", limit_chars=100_000)

    assert summarise(turns, earlier=once, language="ru", limit_chars=100_000) == once


def test_a_question_asked_again_is_the_newest():
    asked = [f"Сколько звёзд в созвездии номер {number}?" for number in range(7)]
    once = summarise(said(" ".join(asked)), earlier="", language="ru", limit_chars=1_000)

    again = summarise(said(asked[0]), earlier=once, language="ru", limit_chars=1_000)

    assert [line[-2] for line in once.splitlines()] == ["2", "3", "4", "5", "6"]
    assert [line[-2] for line in again.splitlines()] == ["3", "4", "5", "6", "0"]
    assert summarise(said(" ".join(asked)), earlier=once, language="ru", limit_chars=1_000) == once


@pytest.mark.parametrize(
    ("years", "word"),
    [(1, "год"), (2, "года"), (5, "лет"), (11, "лет"), (14, "лет"), (21, "год"), (34, "года"), (112, "лет")],
)
def test_years_are_declined(years: int, word: str):
    assert years_word(years) == word
