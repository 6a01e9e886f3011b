"""What can be said of a file without a model: how it begins, or the sentences that share words with a question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from llm.file_blocks import FileBlock
from llm.offline.facts import clean_line

MOST_QUOTED = 3
LONGEST_QUOTE = 300
ENDING_CHARS = 2  # «арендной» and «арендная»; a real stemmer is not for rules that admit to be rules
SHORTEST_WORD = 4
REQUIRED_SHARE = 0.5  # of the question's words
WORD = re.compile(rf"\d+|[^\W_]{{{SHORTEST_WORD},}}")
SENTENCE = re.compile(r"[^.!?…\n]+(?:[.!?…]+(?!\s)[^.!?…\n]+)*[.!?…]*")
NO_SENTENCE = re.compile(r"^\[(?:page \d+|…)\]$")


def quote_matching(blocks: Sequence[FileBlock], question: str) -> list[str]:
    """Return up to `MOST_QUOTED` sentences that share the most words with the question, none if too few are shared."""
    wanted = _words_of(question)
    found = [(_count_shared(wanted, _words_of(sentence)), sentence) for sentence in _sentences_of(blocks)]
    matching = [pair for pair in found if pair[0] and pair[0] >= REQUIRED_SHARE * len(wanted)]
    matching.sort(key=lambda pair: -pair[0])
    return [_shorten(sentence) for _, sentence in matching[:MOST_QUOTED]]


def quote_beginning(blocks: Sequence[FileBlock]) -> list[str]:
    """Return the first sentences of each file."""
    each = max(1, MOST_QUOTED // max(len(blocks), 1))
    return [
        _shorten(sentence)
        for block in blocks
        for _, sentence in zip(range(each), _sentences_of([block]), strict=False)
    ]


def list_names(blocks: Sequence[FileBlock]) -> str:
    """Return the names as Markdown, in code spans: elsewhere an underscore is emphasis."""
    names = dict.fromkeys(block.name.replace("`", "'") for block in blocks)
    return ", ".join(f"`{name}`" for name in names)


def _sentences_of(blocks: Sequence[FileBlock]) -> Iterator[str]:
    for block in blocks:
        for match in SENTENCE.finditer(block.text):
            sentence = clean_line(match.group())
            if any(char.isalnum() for char in sentence) and not NO_SENTENCE.match(sentence):
                yield sentence


def _words_of(text: str) -> set[str]:
    return set(WORD.findall(text.casefold().replace("ё", "е")))


def _count_shared(wanted: set[str], words: set[str]) -> int:
    return sum(any(_is_akin(one, other) for other in words) for one in wanted)


def _is_akin(one: str, other: str) -> bool:
    """Tell whether two words differ in their endings at most."""
    if one == other:
        return True
    stem_chars = max(SHORTEST_WORD, min(len(one), len(other)) - ENDING_CHARS)
    return not one.isdecimal() and one[:stem_chars] == other[:stem_chars]


def _shorten(sentence: str) -> str:
    return sentence if len(sentence) <= LONGEST_QUOTE else f"{sentence[:LONGEST_QUOTE].rstrip()}…"
