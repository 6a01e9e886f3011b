from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.file_blocks import FileBlock
from llm.offline.english import ENGLISH
from llm.offline.files import quote_matching
from llm.offline.languages import wording_of
from llm.offline.russian import RUSSIAN
from llm.prompt import Prompt, Purpose, Role, Section, SectionKind, Turn
from llm.provider_settings import InvalidSetting
from llm.providers.offline import OfflineProvider, build_providers
from tests.llm.conftest import ask

provider = OfflineProvider()

HONEST = ("не языковая модель", "not a language model")


def reply(*contents: str, language: str = "ru", sections: tuple[Section, ...] = ()) -> str:
    return provider.generate(ask(*contents, language=language, sections=sections)).text


def test_a_greeting_is_in_persona_and_says_that_no_model_answers():
    assert reply("Привет!") == (
        "Здравствуйте! Дворецкий к Вашим услугам. Признаюсь сразу: я не языковая модель, а автономный "
        "дворецкий, "
        "отвечаю по правилам. Зато внимательно слушаю: расскажите о себе, и я запишу."
    )


def test_a_name_and_facts_are_acknowledged():
    answer = reply("Меня зовут Анна, я учу Python")

    assert answer == "Очень приятно, Анна. Вы учите Python. Буду обращаться к Вам так."


def test_what_is_known_is_listed():
    told = "Меня зовут Анна. Я живу в Казани и работаю бухгалтером. Мне 34 года. Не люблю дождь!"

    assert reply(told, "Очень приятно.", "Что Вы обо мне знаете?") == (
        "Вот что мне о Вас известно, Анна:\n"
        "• Вас зовут Анна\n"
        "• Вам 34 года\n"
        "• Вы живёте в Казани\n"
        "• Вы работаете бухгалтером\n"
        "• Вы не любите дождь\n"
        "Всё — с Ваших слов: я не языковая модель, домысливать не умею."
    )


def test_what_is_known_is_listed_in_english():
    told = "Hello, my name is Bob and I'm learning Rust. I live in Leeds."

    assert reply(told, "A pleasure.", "What do you know about me?", language="en") == (
        "This is what I know about you, Bob:\n"
        "• Your name is Bob\n"
        "• You live in Leeds\n"
        "• You are learning Rust\n"
        "All of it in your own words: I am not a language model and cannot read between the lines."
    )


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Как меня зовут?", "Вас зовут Анна"),
        ("что я учу", "Вы учите Python"),
        ("Где я живу?", "Вы живёте в Казани"),
        ("Кем я работаю?", "Вы работаете бухгалтером"),
        ("Что я люблю?", "Вы любите чай"),
        ("What am I learning?", "You are learning Python"),
    ],
)
def test_a_question_about_oneself_is_answered(question: str, answer: str):
    told = "меня зовут Анна, я учу Python, живу в Казани, работаю бухгалтером, люблю чай"

    assert reply(told, "Записал.", question).startswith(f"{answer}.")


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("Я люблю оперу и не люблю опоздания", "Вы любите оперу; Вы не любите опоздания."),
        ("Люблю чай, больше не работаю врачом", "Вы любите чай."),
        ("Я переехала в Москву", "Вы переехали в Москву."),
        ("Меня зовут не Мария, а Марина", "Марина"),
        ("Запомни: код домофона 1234", "«код домофона 1234»."),
    ],
)
def test_what_is_noted_is_said_back_in_proper_russian(message: str, answer: str):
    assert answer in reply(message)


def test_a_new_home_replaces_the_old_one():
    said = ("Я живу в Казани", "Записал.", "Переехал в Москву", "Записал.", "Где я живу?")

    assert reply(*said).startswith("Вы переехали в Москву.")


@pytest.mark.parametrize(
    ("message", "like"),
    [
        ("Который год?", "Который час?"),
        ("Как настроение?", "Как дела?"),
        ("до завтра", "До свидания"),
        ("Всего доброго!", "До свидания"),
        ("Переведи на английский: доброе утро", "Сколько будет 2+2?"),
        ("Что значит слово «привет»?", "Сколько будет 2+2?"),
        ("Ну что ж, доброе утро", "Привет"),
        ("Это здорово", "Сколько будет 2+2?"),
        ("Не зовите меня Илья", "Сколько будет 2+2?"),
        ("Что нужно сделать до завтра?", "Сколько будет 2+2?"),
        ("Жду уже который год.", "Сколько будет 2+2?"),
    ],
)
def test_what_means_the_same_is_answered_alike(message: str, like: str):
    variants = next(variants for variants in RUSSIAN.phrases.values() if _is_said(reply(like), variants))

    assert _is_said(reply(message), variants)


def test_a_greeting_to_be_translated_is_none():
    assert not reply("Translate into Russian: hello", language="en").startswith(("Good day", "Welcome"))


def _is_said(answer: str, variants: tuple[str, ...]) -> bool:
    return answer in {variant.replace("{name}", "") for variant in variants}


def test_what_was_never_told_is_not_guessed():
    assert any(words in reply("Как меня зовут?") for words in HONEST)


def test_the_summary_is_known_and_later_words_win():
    summary = Section(SectionKind.SUMMARY, "Имя: Анна\nУчит: Python\nПользователь любит прогулки.")
    profile = Section(SectionKind.PROFILE, "Язык: ru\nТемы: музыка, наука")
    said = ("Зовите меня Борис", "Очень приятно.", "Что ты знаешь обо мне?")

    answer = reply(*said, sections=(summary, profile))

    assert answer.splitlines()[1:-1] == [
        "• Вас зовут Борис",
        "• Вы учите Python",
        "• Вам интересны темы: музыка, наука",
        "• Из прежних бесед: Пользователь любит прогулки.",
    ]


def test_what_the_assistant_said_is_no_fact_about_the_user():
    assert "Альфред" not in reply("Привет", "Меня зовут Альфред, я люблю серебро", "Что вы обо мне знаете?")


def test_a_fact_taken_back_is_forgotten():
    answer = reply("Я учу Python", "Записал.", "Я больше не учу Python", "Ясно.", "Что вы обо мне знаете?")

    assert "Python" not in answer


@pytest.mark.parametrize(
    "message",
    [
        "Привет",
        "Что ты умеешь?",
        "Кто ты?",
        "Который час?",
        "Какое сегодня число?",
        "Почему небо голубое?",
        "Сколько будет 2+2?",
        "Hello",
        "help",
        "What time is it?",
        "Why is the sky blue?",
        "Are you a bot?",
        "Что вы обо мне знаете?",
    ],
)
def test_a_reply_that_could_pass_for_knowledge_says_that_no_model_answers(message: str):
    assert any(words in reply(message) for words in HONEST)


@pytest.mark.parametrize(
    ("message", "start"), [("Спасибо!", ("Всегда", "Не стоит")), ("До свидания", ("Всего", "До встречи"))]
)
def test_thanks_and_goodbye_are_short(message: str, start: tuple[str, ...]):
    assert reply(message).startswith(start)


def test_a_question_is_not_taken_for_a_statement():
    assert "Python" not in reply("Учу ли я Python?", "Не знаю.", "Что вы обо мне знаете?")


@pytest.mark.parametrize(
    "message",
    [
        "😀🎉",
        "",
        " \n\x00",
        "\u202eабв\u200f",
        "\ud800",
        "مرحبا",
        "я люблю " * 20_000,
        "?" * 100_000,
        "a" * 100_000,
    ],
)
def test_odd_messages_are_answered(message: str):
    assert reply(message)


def test_a_message_without_letters_is_answered_in_the_language_of_the_prompt():
    assert "Выразительно" in reply("😀", language="ru")
    assert "expressive" in reply("😀", language="en")


@given(st.lists(st.text(st.characters(codec=None)), min_size=1, max_size=4))
def test_any_conversation_gets_the_same_reply_twice(contents: list[str]):
    assert reply(*contents) == reply(*contents) != ""


def test_a_stream_yields_words_and_the_same_text():
    with provider.stream(ask("Привет")) as stream:
        words = list(stream)

    assert len(words) > 20
    assert "".join(words) == stream.completion.text == reply("Привет")
    assert stream.completion.usage.is_estimated


def test_words_that_nobody_watches_are_not_paused_between():
    impatient = OfflineProvider(chunk_delay_s=-1)  # whoever sleeps so long raises
    posts = (Turn(Role.USER, "[1] 09:05 Мост через Лугу открыли в полдень."),)

    with impatient.stream(Prompt((), posts, Purpose.DIGEST, "ru")) as stream:
        assert "".join(stream) == "- Мост через Лугу открыли в полдень. [1]"
    with impatient.stream(ask("Привет")) as stream, pytest.raises(ValueError, match="non-negative"):
        list(stream)


def test_it_summarises_when_asked_to():
    turns = (Turn(Role.USER, "Меня зовут Анна"), Turn(Role.ASSISTANT, "Очень приятно"))
    sections = (Section(SectionKind.SUMMARY, "Прежние записи:\nУчит: Python"),)

    completion = provider.generate(Prompt(sections, turns, Purpose.SUMMARY, "ru"))
    without_news = provider.generate(Prompt(sections, turns[1:], Purpose.SUMMARY, "ru"))

    assert completion.text == "Имя: Анна\nУчит: Python"
    assert without_news.text == "Учит: Python"


def test_a_dash_in_the_profile_is_no_topic():
    profile = Section(SectionKind.PROFILE, "Что известно о собеседнике (данные):\n- язык: ru\n- интересы: —")

    assert "темы" not in reply("Я учу Python", "Записал.", "Что вы обо мне знаете?", sections=(profile,))


def test_the_letters_of_an_address_are_of_no_language():
    address = "https://example.org/a-rather-long-path/with/many/latin/letters"

    assert wording_of(f"глянь {address}", language="ru") is RUSSIAN
    assert wording_of(f"look {address}", language="ru") is ENGLISH
    assert wording_of(address, language="ru") is RUSSIAN


def test_a_file_is_quoted_where_it_shares_words_with_the_question_in_whatever_form():
    contract = FileBlock(
        "договор.txt", "Договор аренды.\nАрендная плата вносится до 5 числа.\nПеревод передаёт банк."
    )

    assert quote_matching([contract], "что в договоре об арендной плате?") == [
        "Договор аренды.",
        "Арендная плата вносится до 5 числа.",
    ]
    assert quote_matching([contract], "До какого числа?") == ["Арендная плата вносится до 5 числа."]
    assert quote_matching([contract], "А что о переезде?") == []


@pytest.mark.parametrize(("value", "has_pause"), [("0", False), ("0.00", False), ("0.5", True), ("", True)])
def test_the_pause_between_words_may_be_none(value: str, has_pause: bool):
    [built] = build_providers(lambda name, default: value or default)

    assert isinstance(built, OfflineProvider)
    assert bool(built._chunk_delay_s) is has_pause


@pytest.mark.parametrize("value", ["-1", "slow", "inf"])
def test_a_pause_that_is_none_is_refused_with_what_it_may_be(value: str):
    with pytest.raises(InvalidSetting, match="OFFLINE_CHUNK_DELAY_S: it must be a number of seconds, or 0"):
        build_providers(lambda name, default: value)
