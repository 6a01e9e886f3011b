"""What a person says about themselves, found by patterns: no model, no guessing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

LONGEST_TEXT = 4000  # characters of one message that are searched; more is no statement about oneself
LONGEST_VALUE = 120
MOST_WORDS_OF_A_NAME = 3

SENTENCES = re.compile(r"[^.!?…;\n]*(?:[.](?=\S)[^.!?…;\n]*)*[.!?…;\n]?")
CONTROL_CHARACTERS = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


class FactKind(StrEnum):
    """In the order of importance, which is the order of summaries and lists."""

    NAME = "name"
    AGE = "age"
    LIVES = "lives"
    WORKS = "works"
    STUDIES = "studies"
    LEARNS = "learns"
    LIKES = "likes"
    DISLIKES = "dislikes"
    PREFERS = "prefers"
    WANTS = "wants"
    PLANS = "plans"
    HAS = "has"
    TOPICS = "topics"
    NOTE = "note"
    STATED = "stated"
    ASKED = "asked"


SINGLE_KINDS = {FactKind.NAME, FactKind.AGE, FactKind.LIVES, FactKind.WORKS, FactKind.TOPICS}
OPPOSITES = {FactKind.LIKES: FactKind.DISLIKES, FactKind.DISLIKES: FactKind.LIKES}


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is in the person's own words. A denied fact takes back the same one said earlier."""

    kind: FactKind
    value: str
    is_denied: bool = False

    @property
    def key(self) -> tuple[FactKind, str]:
        return self.kind, self.value.casefold().replace("ё", "е").strip(" .,!?«»\"'")


@dataclass(frozen=True, slots=True)
class FactPattern:
    """Matches a clause: group `value`, and group `no` when it is denied."""

    kind: FactKind
    pattern: re.Pattern[str]


def clean_line(text: str) -> str:
    """Return `text` on one line, without control, zero-width and direction characters."""
    return " ".join(CONTROL_CHARACTERS.sub("", text).split())


def split_sentences(text: str) -> Iterator[str]:
    """Yield sentences with their closing mark; a dot inside a word (`Node.js`, `3.5`) closes none."""
    visible = CONTROL_CHARACTERS.sub("", text[:LONGEST_TEXT])
    for match in SENTENCES.finditer(visible):
        if sentence := " ".join(match.group().split()):
            yield sentence


def is_question(sentence: str) -> bool:
    return sentence.endswith("?")


def find_facts(sentence: str, patterns: Iterable[FactPattern]) -> list[Fact]:
    """Return what one sentence states; a question states nothing."""
    if is_question(sentence):
        return []
    statement = sentence.rstrip(" .!…;")
    return [
        fact
        for pattern in patterns
        for match in pattern.pattern.finditer(statement)
        if (fact := _fact_of(pattern.kind, match)).value
    ]


def merge_facts(facts: Iterable[Fact]) -> list[Fact]:
    """Return facts without duplicates, by first mention; the latest wins where only one can be true.

    Questions are by their latest mention: who asks again has the matter in mind still.
    """
    merged: dict[tuple[FactKind, str], Fact] = {}
    for fact in facts:
        opposite = OPPOSITES.get(fact.kind)
        if opposite:
            merged.pop(replace(fact, kind=opposite).key, None)
        if fact.is_denied:
            merged.pop(fact.key, None)
            continue
        if fact.kind in SINGLE_KINDS:
            _forget_kind(merged, fact)
        known = merged.pop(fact.key, fact) if fact.kind is FactKind.ASKED else merged.get(fact.key, fact)
        merged[fact.key] = known
    return list(merged.values())


def sort_facts(facts: Iterable[Fact]) -> list[Fact]:
    """Return facts by importance of their kind; the order within a kind is kept."""
    order = {kind: place for place, kind in enumerate(FactKind)}
    return sorted(facts, key=lambda fact: order[fact.kind])


def _forget_kind(merged: dict[tuple[FactKind, str], Fact], fact: Fact) -> None:
    for key in [key for key in merged if key[0] is fact.kind and key != fact.key]:
        del merged[key]


def _fact_of(kind: FactKind, match: re.Match[str]) -> Fact:
    is_denied = bool(match.groupdict().get("no"))
    value = match.group("value").strip(' ,:—–-«»"')[:LONGEST_VALUE].rstrip()
    if kind is FactKind.NAME:
        return Fact(kind, _name_of(value), is_denied=is_denied)
    if kind is FactKind.LIKES and is_denied:
        return Fact(FactKind.DISLIKES, value)
    return Fact(kind, value, is_denied=is_denied)


def _name_of(words: str) -> str:
    """Keep the first word and the capitalised ones after it: «Анна Петрова и я» is a name and more."""
    first, *others = words.split()[:MOST_WORDS_OF_A_NAME] or [""]
    name = [first[:1].upper() + first[1:]]
    for word in others:
        if name[-1].endswith(",") or not word[:1].isupper():
            break
        name.append(word)
    return " ".join(name).strip(' ,.!«»"')
