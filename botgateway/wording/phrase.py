"""A phrase and how it is said.

Each area of Butler's speech is an enum that derives from `Phrase` and names its file in `area`:
`templates/phrases/ru/<area>.toml` and `…/en/<area>.toml` hold one entry for every member, in Markdown, with slots
`$name`. What fills a slot is data: it is shown as it is, never read as markup.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path
from string import Template

from personalization.enums import Language

PHRASES_DIR = Path(__file__).resolve().parents[2] / "templates" / "phrases"
MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~])")


class Phrase(StrEnum):
    """Base of the areas' enums; a member's value is its key in the file."""

    @property
    def area(self) -> str:
        """The file's name: the class's own, in lower case."""
        return type(self).__name__.removesuffix("Phrase").lower()


def say(phrase: Phrase, *, language: str, **slots: object) -> str:
    """Return the phrase as Markdown, in Russian if the language is not one of Butler's.

    Raises `KeyError` when a slot is left out.
    """
    known = language if language in Language.values else Language.RUSSIAN.value
    template = load_phrases(phrase.area, known)[phrase.value]
    return Template(template).substitute({name: escape_markdown(str(value)) for name, value in slots.items()})


def say_plain(phrase: Phrase, *, language: str, **slots: object) -> str:
    """Return the phrase for where Telegram takes no markup: a button, a toast, a command's description."""
    known = language if language in Language.values else Language.RUSSIAN.value
    return Template(load_phrases(phrase.area, known)[phrase.value]).substitute(slots)


def escape_markdown(text: str) -> str:
    """Return `text` such that Markdown shows it as it is, on one line."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


@cache
def load_phrases(area: str, language: str) -> dict[str, str]:
    """Return an area's phrases in a language, without the line breaks at their ends."""
    text = (PHRASES_DIR / language / f"{area}.toml").read_text(encoding="utf-8")
    return {name: str(words).strip() for name, words in tomllib.loads(text).items()}
