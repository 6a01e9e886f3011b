"""Proper names and «titles» of a Russian text, comparable over cases: «в Приозёрске» names what «Приозёрск» does.

There is no dictionary: a name is a word with a capital letter where a sentence does not begin. So a name that begins
a sentence is not seen, unless it is an abbreviation or has another capital inside, and an abbreviation is not known to
be the name that it is short for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from personalization.domain.stemming import stems_of

MIN_NAME_CHARS = 2
MIN_BASE_CHARS = 2  # «Уфа», «Уфой»
ABBREVIATION_MAX_CHARS = 5  # longer words in capitals are cried out, and have endings

# Case endings of nouns and adjectives. «-ов», «-ев» and «-ин» are part of a surname rather than endings of a name.
_ENDING_LIST = (
    "а е и й о у ы ь ю я ам ах ая ей ем ею ие ий им их ия ию ое ой ом ою ую ые ый ым ых юю яя ям ях "
    "ами его ему ими ого ому ыми ями ией иям иях"
)
_ENDINGS = tuple(_ENDING_LIST.split())
_FLEETING = re.compile(r"(.+[^аеёиоуыэюя])[еёо]([^аеёиоуыэюяйь])ь?$")  # Павел — Павла, Орёл — Орла

_WORD = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")
_TITLE = re.compile(r"«([^«»]{2,120})»|\"([^\"]{2,120})\"|“([^“”]{2,120})”")
# A sentence begins after these; not after the dot of «ул.», of an initial, or of «г.» that is no year's.
_BEGINNING = re.compile(r"(?:^|[.!?…:;\n•])[\s«»\"“”()*_•—–-]*$")
_SHORT = re.compile(
    r"(?:\b(?:ул|им|пл|пр|пер|св|обл|просп|бул|акад|проф|корп)|\b[А-ЯЁA-Z]|(?<!\d)(?<!\d )\b[гдпср])\.\s*$"
)
_LOOK_BACK_CHARS = 12


@dataclass(frozen=True, slots=True)
class KnownWords:
    """Every word of some texts in whatever case: what names of another text may be found in."""

    bases: frozenset[str] = field(default_factory=frozenset)

    def hold_name(self, name: str) -> bool:
        """Tell whether every part of the name is there."""
        return all(not self.bases.isdisjoint(_bases(part)) for part in re.split(r"[-’']", name) if part)

    def hold_title(self, title: str) -> bool:
        """Tell whether all words of a title or a quotation that mean something are there, in any order."""
        words = [word for word in _WORD.findall(title) if stems_of(word)]
        return all(self.hold_name(word) for word in words)


def known_words_of(texts: Iterable[str]) -> KnownWords:
    """Gather the words of the texts, to look names up in."""
    parts = {part for text in texts for word in _WORD.findall(text) for part in re.split(r"[-’']", word)}
    return KnownWords(frozenset(base for part in parts for base in _bases(part)))


def names_of(text: str) -> tuple[str, ...]:
    """Return the names outside of quotation marks, each once, in their order."""
    outside = _TITLE.sub(lambda match: " " * len(match[0]), text)
    return tuple(dict.fromkeys(_names(outside)))


def titles_of(text: str) -> tuple[str, ...]:
    """Return what stands in quotation marks: titles and quotations, each once."""
    return tuple(dict.fromkeys(match[match.lastindex or 0].strip() for match in _TITLE.finditer(text)))


def _names(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = match.group()
        if not word[0].isupper() or len(word) < MIN_NAME_CHARS or not stems_of(word):
            continue
        if _has_inner_capital(word) or not _begins_sentence(text, match.start()):
            yield word


def _has_inner_capital(word: str) -> bool:
    """Tell «МЧС» and «СберТех» from «Мэр»; the capital after a hyphen is none («Военно-Морской» may begin a text)."""
    return any(letter.isupper() for part in re.split(r"[-’']", word) for letter in part[1:])


def _begins_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - _LOOK_BACK_CHARS) : start]
    if start > _LOOK_BACK_CHARS:
        before = f"_{before}"  # no beginning of the text
    return bool(_BEGINNING.search(before)) and not _SHORT.search(before)


def _bases(word: str) -> set[str]:
    """Return what a word may be without its case ending, itself included; two forms of a word share one of them."""
    folded = word.casefold().replace("ё", "е")
    if word.isupper() and len(word) <= ABBREVIATION_MAX_CHARS:
        return {folded}
    bases = {folded} | {folded.removesuffix(ending) for ending in _ENDINGS}
    bases |= {f"{match[1]}{match[2]}" for base in bases if (match := _FLEETING.fullmatch(base))}
    return {base for base in bases if len(base) >= MIN_BASE_CHARS} or {folded}
