"""Which of the languages a message is in."""

from __future__ import annotations

import re

from llm.offline.english import ENGLISH
from llm.offline.facts import LONGEST_TEXT
from llm.offline.russian import RUSSIAN
from llm.offline.wording import Wording

WORDINGS = (RUSSIAN, ENGLISH)

CYRILLIC = re.compile(r"[\u0400-\u04ff]")
LATIN = re.compile(r"[A-Za-z]")
ADDRESS = re.compile(r"\S+://\S+|www\.\S+")  # its letters are of no language
LATIN_PER_CYRILLIC = 3  # «я учу TypeScript» is Russian: names of things are often Latin


def wording_for(language: str) -> Wording:
    """Return Russian for `ru` and its variants, English for every other language."""
    return RUSSIAN if language.lower().startswith("ru") else ENGLISH


def wording_of(text: str, *, language: str) -> Wording:
    """Return the wording of the language `text` is written in; `language` decides when it has no letters."""
    searched = ADDRESS.sub(" ", text[:LONGEST_TEXT])
    cyrillic, latin = len(CYRILLIC.findall(searched)), len(LATIN.findall(searched))
    if not cyrillic and not latin:
        return wording_for(language)
    return RUSSIAN if cyrillic * LATIN_PER_CYRILLIC >= latin else ENGLISH
