"""A model's digest as statements that cite posts: one a line, numbers of posts in square brackets.

    - В Заречье открыли мост через Лугу; он обошёлся в 1,2 млрд рублей. [2][5]

The numbers are those of the prompt. A number that was not given is nobody's and goes; so does a statement without
any: nothing stands in a digest that cannot be looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from digests.domain.day import Statement

CITATION = re.compile(r"\[(\d{1,6}(?:\s*[,;]\s*\d{1,6})*)\]")
BULLET = re.compile(r"^\s*(?:[-*•–—]|\d{1,2}[.)])\s+")
HEADING = re.compile(r"^\s*#{1,6}\s")
LINK = re.compile(r"\[([^\]\[]*)\]\([^)\s]*\)")
ADDRESS = re.compile(r"<?(?:(?:https?|tg)://|mailto:|\bt\.me/)\S+", re.I)
EMPHASIS = re.compile(r"\*\*|__|`")
BRACKETS = str.maketrans(
    "[]", "()"
)  # square ones are for citations, and for the links that Butler makes of them
STATEMENT_MAX_CHARS = 700  # beyond that it is no statement but a retelling
PRIVATE_PREFIX = "-100"  # of a channel's id in the Bot API; what follows is its number in links


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of a model's text; `dropped` statements cited nothing that was given."""

    statements: tuple[Statement, ...]
    dropped: int


def read_statements(text: str, post_ids: Mapping[int, Iterable[int]]) -> Reading:
    """Read a model's digest; `post_ids` are, by the number in the prompt, the posts that it stands for."""
    statements: list[Statement] = []
    dropped = 0
    for line in _join_wrapped(text):
        statement = _read_line(line, post_ids)
        if statement is None:
            dropped += 1
        else:
            statements.append(statement)
    return Reading(tuple(_merge_same(statements)), dropped)


def link_to(message_id: int, *, channel_id: str, username: str = "") -> str:
    """Return the address of a post: by name where the channel has one, else for members alone.

    Formats: core.telegram.org/api/links#message-links
    """
    if username:
        return f"https://t.me/{quote(username)}/{message_id}"
    return f"https://t.me/c/{channel_id.removeprefix(PRIVATE_PREFIX)}/{message_id}"


def _join_wrapped(text: str) -> list[str]:
    """Return a line for each statement: what a model has wrapped is joined to the line before."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.strip() or HEADING.match(line):
            continue
        is_continued = (
            lines and not BULLET.match(line) and BULLET.match(lines[-1]) and not CITATION.search(lines[-1])
        )
        if is_continued:
            lines[-1] = f"{lines[-1]} {line.strip()}"
        else:
            lines.append(line)
    return lines


def _read_line(line: str, post_ids: Mapping[int, Iterable[int]]) -> Statement | None:
    line = ADDRESS.sub(
        "", LINK.sub(r"\1", line)
    )  # what leads elsewhere than to a post is not ours to pass on
    cited = [int(number) for found in CITATION.findall(line) for number in re.findall(r"\d+", found)]
    known = [post_id for number in cited for post_id in post_ids.get(number, ())]
    said = EMPHASIS.sub("", CITATION.sub("", BULLET.sub("", line))).translate(BRACKETS)
    said = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(said.split())).strip()
    if not known or not any(char.isalpha() for char in said) or len(said) > STATEMENT_MAX_CHARS:
        return None
    return Statement(said, tuple(dict.fromkeys(known)))


def _merge_same(statements: Iterable[Statement]) -> list[Statement]:
    """Put statements of the same words together."""
    merged: dict[str, Statement] = {}
    for statement in statements:
        key = statement.text.casefold()
        before = merged.get(key)
        both = (*before.post_ids, *statement.post_ids) if before else statement.post_ids
        merged[key] = Statement(before.text if before else statement.text, tuple(dict.fromkeys(both)))
    return list(merged.values())
