from __future__ import annotations

import importlib
import pkgutil
import re
from string import Template

import pytest

from botgateway import wording
from botgateway.delivery.splitting import render_parts
from botgateway.handlers.commands import COMMANDS
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.menu import command_menu
from botgateway.wording.phrase import PHRASES_DIR, Phrase, load_phrases, say
from personalization.enums import Language

for module in pkgutil.iter_modules(wording.__path__):
    importlib.import_module(f"{wording.__name__}.{module.name}")

AREAS = sorted(Phrase.__subclasses__(), key=lambda area: area.__name__)
PHRASES = [phrase for area in AREAS for phrase in area]
EMOJI = re.compile("[\U0001f300-\U0001faff]")
SAME_EVERYWHERE = {GeneralPhrase.PONG}
# Half a line of a message, or a button: too short to tell the language by.
LETTERS = re.compile(r"[^\W\d_]")


def read_words(phrase: Phrase, language: str) -> str:
    return load_phrases(phrase.area, language)[phrase.value]


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("area", AREAS)
def test_every_phrase_is_said_in_every_language(area: type[Phrase], language: str) -> None:
    words = load_phrases(next(iter(area)).area, language)

    assert set(words) == {phrase.value for phrase in area}
    assert all(words.values())


@pytest.mark.parametrize("language", Language.values)
def test_no_file_of_phrases_belongs_to_nobody(language: str) -> None:
    files = {path.stem for path in (PHRASES_DIR / language).glob("*.toml")}

    assert files == {next(iter(area)).area for area in AREAS} | {"menu", "menu_admin"}


def test_the_slots_of_a_phrase_are_the_same_in_every_language() -> None:
    for phrase in PHRASES:
        slots = {
            tuple(sorted(Template(read_words(phrase, language)).get_identifiers()))
            for language in Language.values
        }

        assert len(slots) == 1, phrase


def test_russian_phrases_are_russian_and_formal() -> None:
    for phrase in PHRASES:
        text = read_words(phrase, "ru")
        if phrase not in SAME_EVERYWHERE and LETTERS.search(Template(text).safe_substitute()):
            assert re.search("[а-яё]", text, re.IGNORECASE) or "$" in text, phrase
        assert not re.search(r"\b(ты|тебя|тебе|твой|твоя)\b", text, re.IGNORECASE), phrase


@pytest.mark.parametrize("language", Language.values)
def test_phrases_fit_into_one_message_without_emoji(language: str) -> None:
    for phrase in PHRASES:
        text = read_words(phrase, language)

        assert len(render_parts(text)) == 1, phrase
        assert not EMOJI.search(text), phrase


@pytest.mark.parametrize("language", Language.values)
def test_the_menu_offers_exactly_the_commands_there_are(language: str) -> None:
    assert {command for command, _ in command_menu(language)} == set(COMMANDS) - {"admin"}


def test_the_ping_is_the_same_everywhere() -> None:
    assert say(GeneralPhrase.PONG, language="ru") == say(GeneralPhrase.PONG, language="en") == "Bot ready"


def test_an_unknown_language_gets_russian() -> None:
    assert say(GeneralPhrase.HELP, language="xx") == say(GeneralPhrase.HELP, language="ru")
