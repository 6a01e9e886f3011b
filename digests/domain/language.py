"""Is a text Russian? Told by its letters alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MIN_CYRILLIC_SHARE = (
    0.6  # names of firms and devices may be Latin; more than that is another language or a list
)
MAX_FOREIGN_SHARE = (
    0.02  # of the Cyrillic letters: a Ukrainian text has some 10 %, a Russian one a foreign name
)

_RUSSIAN = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
_CYRILLIC_FIRST, _CYRILLIC_LAST = "\u0400", "\u04ff"


class LanguageFault(StrEnum):
    NO_LETTERS = "no_letters"
    NOT_CYRILLIC = "not_cyrillic"
    OTHER_CYRILLIC = (
        "other_cyrillic"  # Ukrainian, Serbian, Kazakh…; Bulgarian has no letter that Russian lacks
    )


@dataclass(frozen=True, slots=True)
class LanguageVerdict:
    """`cyrillic_share` is of the letters; `fault` is None for a Russian text."""

    cyrillic_share: float
    fault: LanguageFault | None

    @property
    def is_russian(self) -> bool:
        return self.fault is None


def judge_language(text: str) -> LanguageVerdict:
    """Tell whether a text is Russian, and why not; a text without letters is of no language."""
    letters = [letter for letter in text.casefold() if letter.isalpha()]
    if not letters:
        return LanguageVerdict(0.0, LanguageFault.NO_LETTERS)
    cyrillic = [letter for letter in letters if _CYRILLIC_FIRST <= letter <= _CYRILLIC_LAST]
    share = len(cyrillic) / len(letters)
    if share < MIN_CYRILLIC_SHARE:
        return LanguageVerdict(share, LanguageFault.NOT_CYRILLIC)
    foreign = sum(letter not in _RUSSIAN for letter in cyrillic)
    is_foreign = foreign > MAX_FOREIGN_SHARE * len(cyrillic)
    return LanguageVerdict(share, LanguageFault.OTHER_CYRILLIC if is_foreign else None)


def is_russian(text: str) -> bool:
    return judge_language(text).is_russian
