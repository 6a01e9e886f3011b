"""Stories as they are written in texts/*.txt.

A file is read line by line:

    ## key weekday|weekend|-             a story, and the days that it happens on
    = name 6..38                         a number (`/50` its step, `1.2..3.4` tenths, `other+2..6`, `other-1..3`)
    = name run 3..97                     a number that grows by one a day, so that the story goes on
    = name day+3..9                      a date after today (`day-3..9` before, `workday+3..9` not on a weekend)
    = name 10:00..18:30                  a time
    = name @street                       somebody or something of the lexicon's group
    = name кабель/кабеля | насос/насоса  one of some words, each with its forms
    * 3 sentence                         a fact with its importance
    ~ paragraph                          background that the main post may go on with
    < style, > style, + style            begins a post: what comes before, the main one, what comes after
    any other line                       a paragraph of that post; `•` begins a line of a list

Within a sentence: `[one|another]` is chosen between, `{name}` is the value, `{name.g}` a form of it,
`{name/дом/дома/домов}` the number with its noun, `{name~дома/домов}` the same in the genitive,
`{name?сказал/сказала}` the agreeing word alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TEXTS = Path(__file__).parent / "texts"

_BEFORE, _MAIN, _AFTER = "<", ">", "+"


@dataclass(slots=True)
class Variant:
    """One way to write a post; `style` chooses its author."""

    style: str
    paragraphs: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Paragraphs are parted by an empty line, lines of a list are not."""
        lines = [line if line.startswith("•") else f"\n{line}" for line in self.paragraphs]
        return "\n".join(lines).strip()


@dataclass(slots=True)
class Story:
    """What may happen: its variables, facts (importance, sentence), background, and posts to choose from."""

    key: str
    days: str
    variables: list[tuple[str, str]] = field(default_factory=list)
    facts: list[tuple[int, str]] = field(default_factory=list)
    background: list[str] = field(default_factory=list)
    posts: dict[str, list[Variant]] = field(default_factory=lambda: {_BEFORE: [], _MAIN: [], _AFTER: []})

    @property
    def before(self) -> list[Variant]:
        return self.posts[_BEFORE]

    @property
    def main(self) -> list[Variant]:
        return self.posts[_MAIN]

    @property
    def after(self) -> list[Variant]:
        return self.posts[_AFTER]

    def happens_on(self, weekday: int) -> bool:
        """Tell whether the story is for that day of the week (Monday is 0)."""
        return self.days in {"-", "weekend" if weekday in {5, 6} else "weekday"}

    def add(self, line: str) -> None:
        """Take in a line of the file. Raises ValueError for a paragraph that no post has been begun for."""
        mark, _, rest = line.partition(" ")
        if mark == "=":
            name, _, kind = rest.partition(" ")
            self.variables.append((name, kind.strip()))
        elif mark == "*":
            importance, _, sentence = rest.partition(" ")
            self.facts.append((int(importance), sentence))
        elif mark == "~":
            self.background.append(rest)
        elif mark in self.posts:
            self.posts[mark].append(Variant(rest))
        else:
            self._last().paragraphs.append(line)

    def _last(self) -> Variant:
        for variants in reversed(self.posts.values()):
            if variants:
                return variants[-1]
        raise ValueError(f"{self.key}: a paragraph without a post")


@cache
def read_stories(name: str) -> tuple[Story, ...]:
    """Read texts/<name>.txt; the order is the file's. Raises ValueError for a line outside a story."""
    stories: list[Story] = []
    for line in (TEXTS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            _, key, days = line.split()
            stories.append(Story(key, days))
        elif line.strip():
            if not stories:
                raise ValueError(f"{name}: {line!r} belongs to no story")
            stories[-1].add(line.strip())
    return tuple(stories)
