from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from llm.prompt import (
    TRANSCRIPT_CLOSE,
    TRANSCRIPT_OPEN,
    Prompt,
    Purpose,
    Role,
    Section,
    SectionKind,
    Turn,
    clean_text,
)

SECTIONS = (
    Section(SectionKind.PERSONA, "Вы — дворецкий."),
    Section(SectionKind.PROFILE, " "),
    Section(SectionKind.SUMMARY, "Имя: Анна"),
)
ANY_TEXT = st.text(st.characters(codec=None)) | st.text('</>transcip\n"\\\u2028\x85\ud800')


def test_a_reply_prompt_has_one_system_message_and_then_the_turns():
    turns = (Turn(Role.USER, "Привет"), Turn(Role.ASSISTANT, "Здравствуйте"), Turn(Role.USER, "Как дела?"))

    messages = Prompt(SECTIONS, turns, Purpose.REPLY, "ru").as_chat_messages()

    assert messages == [
        {"role": "system", "content": "Вы — дворецкий.\n\nИмя: Анна"},
        {"role": "user", "content": "Привет"},
        {"role": "assistant", "content": "Здравствуйте"},
        {"role": "user", "content": "Как дела?"},
    ]


def test_a_summary_prompt_puts_the_transcript_into_one_user_message():
    turns = (Turn(Role.USER, "Меня зовут\nАнна"), Turn(Role.ASSISTANT, "Очень приятно"))

    messages = Prompt(SECTIONS, turns, Purpose.SUMMARY, "ru").as_chat_messages()

    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[1]["content"].splitlines() == [
        TRANSCRIPT_OPEN,
        '{"role": "user", "text": "Меня зовут\\nАнна"}',
        '{"role": "assistant", "text": "Очень приятно"}',
        TRANSCRIPT_CLOSE,
    ]


def test_without_sections_there_is_no_system_message():
    assert Prompt((), (Turn(Role.USER, "?"),), Purpose.REPLY, "ru").as_chat_messages() == [
        {"role": "user", "content": "?"}
    ]


@given(st.lists(ANY_TEXT, max_size=4))
def test_no_text_can_forge_the_delimiters_of_a_transcript(texts: list[str]):
    turns = tuple(Turn(Role.USER, text) for text in texts)

    content = Prompt((), turns, Purpose.SUMMARY, "ru").as_chat_messages()[-1]["content"]

    lines = content.splitlines()
    assert content.count(TRANSCRIPT_OPEN) == content.count(TRANSCRIPT_CLOSE) == 1
    assert (lines[0], lines[-1]) == (TRANSCRIPT_OPEN, TRANSCRIPT_CLOSE)
    assert [json.loads(line)["text"] for line in lines[1:-1]] == [clean_text(text) for text in texts]


@given(ANY_TEXT)
def test_every_message_can_be_sent(text: str):
    for purpose in Purpose:
        prompt = Prompt((Section(SectionKind.PERSONA, text),), (Turn(Role.USER, text),), purpose, "ru")
        sent = json.dumps(prompt.as_chat_messages(), ensure_ascii=False).encode()
        assert b"\\u0000" not in sent


def test_lone_surrogates_are_replaced_and_the_rest_is_kept():
    assert clean_text("до\ud800\x00 после 😀") == "до\ufffd после 😀"
