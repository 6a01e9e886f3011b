"""The butler's side of the talk: a reply chosen by rules from what he was given."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

from llm.extractive import facts_of_message, facts_of_summary, facts_of_turns
from llm.file_blocks import FileBlock, split_blocks
from llm.offline.facts import LONGEST_TEXT, Fact, FactKind, clean_line, merge_facts, sort_facts
from llm.offline.files import list_names, quote_beginning, quote_matching
from llm.offline.languages import wording_of
from llm.offline.wording import Intent, Phrase, Wording
from llm.prompt import Prompt, Role, SectionKind, Turn

MOST_LISTED = 30
TOPICS_LINE = re.compile(
    r"^[-•\s]*(?:[\w ]{0,20}темы|интересы|[\w ]{0,20}topics|interests)\s*:\s*(?P<value>.+)$", re.I
)
WORD = re.compile(r"[^\W_]")

PHRASE_OF_INTENT = {
    Intent.ASK_CLOCK: Phrase.CLOCK,
    Intent.ASK_HELP: Phrase.HELP,
    Intent.THANK: Phrase.THANKS,
    Intent.LEAVE: Phrase.FAREWELL,
    Intent.ASK_MOOD: Phrase.MOOD,
    Intent.GREET: Phrase.GREETING,
}
UNCERTAIN_KINDS = {FactKind.ASKED, FactKind.STATED}
ABOUT_BUTLER = {Intent.ASK_CLOCK, Intent.ASK_HELP}


def reply_to(prompt: Prompt) -> str:
    """Answer the last message of a prompt, in its language. Deterministic."""
    content, before = _split_turns(prompt.turns)
    attached, message = split_blocks(content)
    wording = wording_of(message, language=prompt.language)
    found, _ = split_blocks(prompt.section_text(SectionKind.FILES))
    reply = _Reply(message, wording, _known_facts(prompt, before), found)
    if attached:
        return reply.text_about(attached)
    return reply.text(facts_of_message(message, language=prompt.language))


class _Reply:
    """One reply; the message is compared in lower case and without «ё». `found` are places in the person's files."""

    def __init__(self, message: str, wording: Wording, known: list[Fact], found: list[FileBlock]) -> None:
        self._message = clean_line(message[:LONGEST_TEXT]).casefold().replace("ё", "е")
        self._wording = wording
        self._known = known
        self._found = found

    def text_about(self, files: list[FileBlock]) -> str:
        """Say what was just sent: where it answers the message, or how it begins."""
        quotes = quote_matching(files, self._message)
        phrase = Phrase.FILE_FOUND if quotes else Phrase.FILE_READ
        return self._quote(quotes or quote_beginning(files), files, phrase)

    def text(self, new_facts: list[Fact]) -> str:
        if not WORD.search(self._message):
            return self._say(Phrase.UNREADABLE)
        intent = self._intent()
        if intent is Intent.ASK_KNOWN:
            return self._list_known()
        if question := self._asked_kinds():
            return self._recall(question)
        if intent in ABOUT_BUTLER:
            return self._say(PHRASE_OF_INTENT[intent])
        if stated := self._facts_to_note(new_facts):
            return self._note(stated)
        return self._say(PHRASE_OF_INTENT[intent]) if intent else self._look_into_files()

    def _look_into_files(self) -> str:
        quotes = quote_matching(self._found, self._message)
        return self._quote(quotes, self._found, Phrase.FILE_FOUND) if quotes else self._say(Phrase.UNKNOWN)

    def _quote(self, quotes: list[str], files: list[FileBlock], phrase: Phrase) -> str:
        lines = "\n".join(f"• {quote}" for quote in quotes)
        return self._say(phrase if quotes else Phrase.FILE_EMPTY, facts=lines, files=list_names(files))

    def _facts_to_note(self, new_facts: list[Fact]) -> list[Fact]:
        """Leave out questions, and what merely has a date in it unless it is to be remembered."""
        left_out = {FactKind.ASKED} if self._wording.reminder.search(self._message) else UNCERTAIN_KINDS
        return [fact for fact in new_facts if fact.kind not in left_out]

    def _intent(self) -> Intent | None:
        return next(
            (intent for intent, pattern in self._wording.intents if pattern.search(self._message)), None
        )

    def _asked_kinds(self) -> tuple[FactKind, ...]:
        questions = self._wording.fact_questions
        return next((asked.kinds for asked in questions if asked.pattern.search(self._message)), ())

    def _list_known(self) -> str:
        if not self._known:
            return self._say(Phrase.NOTHING_KNOWN)
        lines = [f"• {_capitalise(self._wording.describe(fact))}" for fact in self._known[:MOST_LISTED]]
        return self._say(Phrase.KNOWN, facts="\n".join(lines))

    def _recall(self, kinds: tuple[FactKind, ...]) -> str:
        found = [self._wording.describe(fact) for fact in self._known if fact.kind in kinds]
        if not found:
            return self._say(Phrase.FACT_UNKNOWN)
        return self._say(Phrase.FACT, facts=_capitalise("; ".join(found)))

    def _note(self, stated: list[Fact]) -> str:
        true = [fact for fact in stated if not fact.is_denied]
        names = [fact for fact in true if fact.kind is FactKind.NAME]
        others = "; ".join(self._wording.describe(fact) for fact in true if fact.kind is not FactKind.NAME)
        if not true:
            return self._say(Phrase.TAKEN_BACK)
        if not names:
            return self._say(Phrase.NOTED, facts=others)
        self._known = [fact for fact in self._known if fact.kind is not FactKind.NAME] + names[-1:]
        return self._say(Phrase.MEETING, facts=f"{_capitalise(others)}. " if others else "")

    def _say(self, phrase: Phrase, *, facts: str = "", files: str = "") -> str:
        variants = self._wording.phrases[phrase]
        # CRC32 and not hash(): the same words get the same reply in every process.
        variant = variants[zlib.crc32(self._message.encode("utf-8", "replace")) % len(variants)]
        said = variant.replace("{name}", self._address()).replace("{files}", files)
        return said.replace("{facts}", facts)

    def _address(self) -> str:
        names = [fact.value for fact in self._known if fact.kind is FactKind.NAME]
        return f", {names[-1]}" if names else ""


def _split_turns(turns: tuple[Turn, ...]) -> tuple[str, tuple[Turn, ...]]:
    """Return the user's last message and the turns before it."""
    for place in range(len(turns) - 1, -1, -1):
        if turns[place].role is Role.USER:
            return turns[place].content, turns[:place]
    return "", turns


def _known_facts(prompt: Prompt, before: tuple[Turn, ...]) -> list[Fact]:
    summary = prompt.section_text(SectionKind.SUMMARY)
    told = facts_of_turns(before, language=prompt.language)
    was_renamed = any(fact.kind is FactKind.NAME for fact in told)
    remembered = [
        fact for fact in facts_of_summary(summary, renamed=was_renamed) if fact.kind is not FactKind.ASKED
    ]
    return sort_facts(merge_facts([*_topics_of(prompt), *remembered, *told]))


def _topics_of(prompt: Prompt) -> Iterable[Fact]:
    for line in prompt.section_text(SectionKind.PROFILE).splitlines():
        match = TOPICS_LINE.match(line)
        if match and (topics := match["value"].strip(" .—–-")):  # a dash stands for none
            yield Fact(FactKind.TOPICS, topics)


def _capitalise(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
