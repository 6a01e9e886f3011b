"""A summary without a model: the facts a person stated, one a line, merged with those of the summary before.

A line is `Label: words of the person`, so that a later summary reads an earlier one back. Lines of another
form, such as a summary a model wrote, are kept sentence by sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from llm.offline.facts import (
    LONGEST_VALUE,
    Fact,
    FactKind,
    clean_line,
    find_facts,
    is_question,
    merge_facts,
    sort_facts,
    split_sentences,
)
from llm.offline.languages import WORDINGS, wording_for, wording_of
from llm.offline.wording import Wording
from llm.prompt import Role, Turn

T = TypeVar("T")

MOST_QUESTIONS = 5
SHORTEST_QUESTION = 15  # characters; «Правда?» says nothing later

KINDS_BY_LABEL = {label: kind for wording in WORDINGS for kind, label in wording.labels.items()}


def summarise(turns: Iterable[Turn], *, earlier: str, language: str, limit_chars: int) -> str:
    """Return `earlier` with what the user's turns add, at most `limit_chars` characters.

    Deterministic. A newer name, age, home or job replaces the older. Without anything new, `earlier` comes
    back as it was. Over the limit, questions go first, then the oldest statements; the name goes last.
    """
    said = facts_of_turns(turns, language=language, with_questions=True)
    if not said:
        return fit_text(earlier or _nothing_said(turns, language), limit_chars)
    wording = wording_for(language)
    facts = merge_facts([*facts_of_summary(earlier, renamed=_names(said)), *said])
    lines = [_line_of(fact, wording) for fact in sort_facts(_drop_old_questions(facts))]
    return _fit_lines(lines, limit_chars)


def facts_of_turns(turns: Iterable[Turn], *, language: str, with_questions: bool = False) -> list[Fact]:
    """Return what the user's own turns state, in order, not yet merged."""
    spoken = (turn.content for turn in turns if turn.role is Role.USER)
    return [
        fact
        for content in spoken
        for fact in facts_of_message(content, language=language)
        if with_questions or fact.kind is not FactKind.ASKED
    ]


def facts_of_message(text: str, *, language: str) -> list[Fact]:
    """Return the facts of one message: stated in known forms, to be remembered word for word, or asked."""
    wording = wording_of(text, language=language)
    return [fact for sentence in split_sentences(text) for fact in _facts_of_sentence(sentence, wording)]


def facts_of_summary(summary: str, *, renamed: bool = False) -> list[Fact]:
    """Read a summary back; `renamed` leaves out sentences of prose that tell an older name."""
    facts: list[Fact] = []
    for raw_line in summary.splitlines():
        line = clean_line(raw_line)
        label, _, value = line.partition(": ")
        kind = KINDS_BY_LABEL.get(label)
        if kind and value:
            facts.append(Fact(kind, value))
        elif line and not line.endswith(":") and line not in _ALL_NOTHING_SAID:
            facts.extend(_notes_of_prose(line, renamed=renamed))
    return facts


def fit_text(text: str, limit_chars: int) -> str:
    """Cut `text` at the end of a word, at most `limit_chars` characters."""
    if len(text) <= limit_chars:
        return text
    cut = text[: max(limit_chars, 0)]
    head, space, _ = cut.rpartition(" ")
    return (head if space else cut).rstrip()


def choose_evenly(found: Sequence[T], count: int) -> list[T]:
    """Choose `count` from all over, in their order; all of them if there are no more."""
    count = min(count, len(found))
    return [found[place * len(found) // count] for place in range(count)]


def _facts_of_sentence(sentence: str, wording: Wording) -> list[Fact]:
    if is_question(sentence):
        return [Fact(FactKind.ASKED, _shorten(sentence))] if _is_real_question(sentence, wording) else []
    reminder = wording.reminder.search(sentence)
    reminded = [Fact(FactKind.STATED, _shorten(reminder["value"]))] if reminder else []
    found = find_facts(sentence, wording.fact_patterns) or reminded
    if not found and wording.worth_keeping.search(sentence):
        return [Fact(FactKind.STATED, _shorten(sentence))]
    return found


def _shorten(sentence: str) -> str:
    return sentence[:LONGEST_VALUE].rstrip(" .!;")


def _is_real_question(sentence: str, wording: Wording) -> bool:
    """Whether a question is about something else than the butler and what he remembers."""
    if len(sentence) < SHORTEST_QUESTION:
        return False
    asked = sentence.casefold().replace("ё", "е")
    patterns = [pattern for _, pattern in wording.intents] + [ask.pattern for ask in wording.fact_questions]
    return not any(pattern.search(asked) for pattern in patterns)


def _notes_of_prose(line: str, *, renamed: bool) -> Iterator[Fact]:
    for sentence in split_sentences(line):
        tells_name = any(wording.old_name.search(sentence) for wording in WORDINGS)
        if not (renamed and tells_name):
            yield Fact(FactKind.NOTE, sentence)


def _names(facts: Iterable[Fact]) -> bool:
    return any(fact.kind is FactKind.NAME for fact in facts)


def _drop_old_questions(facts: list[Fact]) -> list[Fact]:
    kept = [fact for fact in facts if fact.kind is FactKind.ASKED][-MOST_QUESTIONS:]
    return [fact for fact in facts if fact.kind is not FactKind.ASKED or fact in kept]


def _line_of(fact: Fact, wording: Wording) -> str:
    label = wording.labels.get(fact.kind)
    return f"{label}: {fact.value}" if label else fact.value


def _nothing_said(turns: Iterable[Turn], language: str) -> str:
    return f"{wording_for(language).nothing_said}." if list(turns) else ""


def _fit_lines(lines: list[str], limit_chars: int) -> str:
    """Drop lines from the least important kind, its oldest first, until the rest fits."""
    kept = list(lines)
    while len(kept) > 1 and len("\n".join(kept)) > limit_chars:
        kept.pop(_least_important(kept))
    return fit_text("\n".join(kept), limit_chars)


def _least_important(lines: list[str]) -> int:
    """Return where the group of the last line begins: lines of one label stand together, oldest first."""
    label = lines[-1].partition(": ")[0]
    start = len(lines) - 1
    while label in KINDS_BY_LABEL and start > 1 and lines[start - 1].startswith(f"{label}: "):
        start -= 1
    return start


_ALL_NOTHING_SAID = {f"{wording.nothing_said}." for wording in WORDINGS}
