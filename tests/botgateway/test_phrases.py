from __future__ import annotations

import re

import pytest

from botgateway.delivery.splitting import render_parts
from botgateway.domain.phrases import COMMAND_MENU, PHRASES, Phrase, say
from botgateway.handlers.commands import COMMANDS
from personalization.enums import Language

EMOJI = re.compile("[\U0001f300-\U0001faff]")


@pytest.mark.parametrize("language", Language.values)
def test_every_phrase_is_said_in_every_language(language: str) -> None:
    assert set(PHRASES[language]) == set(Phrase)
    assert all(text.strip() for text in PHRASES[language].values())


def test_russian_phrases_are_russian_and_formal() -> None:
    for phrase, text in PHRASES[Language.RUSSIAN].items():
        if phrase is not Phrase.PONG:
            assert re.search("[а-яё]", text)
        assert not re.search(r"\b(ты|тебя|тебе|твой|твоя)\b", text, re.IGNORECASE)


@pytest.mark.parametrize("language", Language.values)
def test_phrases_fit_into_one_message_without_emoji(language: str) -> None:
    for text in PHRASES[language].values():
        assert len(render_parts(text)) == 1
        assert not EMOJI.search(text)


@pytest.mark.parametrize("language", Language.values)
def test_the_menu_offers_exactly_the_commands_there_are(language: str) -> None:
    assert {command for command, _ in COMMAND_MENU[language]} == set(COMMANDS)


def test_the_ping_is_the_same_everywhere() -> None:
    assert say(Phrase.PONG, language="ru") == say(Phrase.PONG, language="en") == "Bot ready"


def test_an_unknown_language_gets_russian() -> None:
    assert say(Phrase.HELP, language="xx") == say(Phrase.HELP, language="ru")
