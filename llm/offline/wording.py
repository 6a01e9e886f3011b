"""What a language contributes: how people state facts and ask things in it, and what the butler says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from llm.offline.facts import Fact, FactKind, FactPattern

# «Ну что ж, доброе утро» greets, «Переведи на английский: доброе утро» does not.
AT_FIRST = r"^\W*(?:\w+[,!.]?\s+){0,3}"


class Intent(StrEnum):
    ASK_KNOWN = "ask_known"
    ASK_CLOCK = "ask_clock"
    ASK_HELP = "ask_help"
    THANK = "thank"
    LEAVE = "leave"
    ASK_MOOD = "ask_mood"
    GREET = "greet"


class Phrase(StrEnum):
    """What can be said.

    {name} is the address («, Анна» or nothing), {facts} a list or a sentence, {files} names files.
    """

    GREETING = "greeting"
    HELP = "help"
    MOOD = "mood"
    THANKS = "thanks"
    FAREWELL = "farewell"
    CLOCK = "clock"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    KNOWN = "known"
    NOTHING_KNOWN = "nothing_known"
    FACT = "fact"
    FACT_UNKNOWN = "fact_unknown"
    MEETING = "meeting"
    NOTED = "noted"
    TAKEN_BACK = "taken_back"
    FILE_READ = "file_read"
    FILE_EMPTY = "file_empty"
    FILE_FOUND = "file_found"


@dataclass(frozen=True, slots=True)
class FactQuestion:
    """A question after facts of some kinds, such as «где я живу»."""

    kinds: tuple[FactKind, ...]
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Wording:
    language: str
    fact_patterns: tuple[FactPattern, ...]
    reminder: re.Pattern[str]
    """«Запомни, что …»: group `value` is to be kept word for word."""
    worth_keeping: re.Pattern[str]
    """Marks of a sentence that is kept word for word: dates, plans, belongings."""
    old_name: re.Pattern[str]
    """A sentence of a summary in prose that tells the person's name."""
    labels: Mapping[FactKind, str]
    nothing_said: str
    intents: tuple[tuple[Intent, re.Pattern[str]], ...]
    fact_questions: tuple[FactQuestion, ...]
    describe: Callable[[Fact], str]
    """A fact as a sentence to the person, without its full stop."""
    phrases: Mapping[Phrase, tuple[str, ...]]
