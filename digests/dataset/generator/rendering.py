"""From a story's templates to sentences: variables get values, alternatives are chosen, words agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from digests.dataset.generator.drawing import Draw
from digests.dataset.generator.lexicon import ENTITIES, GROUPS
from digests.dataset.generator.words import Clock, Count, Day, Value, Word

Scene = Mapping[str, Value]
Choose = Callable[[int, int], int]
"""Takes an option: given the place of the alternatives in the text and how many there are."""

_SLOT = re.compile(r"\{(\w+)(?:\.(\w)|([/?~])([^{}]*))?\}")
_ALTERNATIVES = re.compile(r"\[([^\[\]]*)\]")
_SENTENCE_START = re.compile(r"(^|[.!?…]»?\s+|\n)(«?)([а-яё])")
_RANGE = re.compile(r"(\d+)\.\.(\d+)(?:/(\d+))?")
_TENTHS = re.compile(r"(\d+)\.(\d)\.\.(\d+)\.(\d)")
_CLOCK = re.compile(r"(\d+):(\d\d)\.\.(\d+):(\d\d)")
_RELATIVE = re.compile(r"(\w+)([+-])(\d+)\.\.(\d+)(?:/(\d+))?")
_CLOCK_STEP_MIN = 5


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text, and the variables that it tells."""

    text: str
    slots: frozenset[str]


def turning(turn: int, *key: str) -> Choose:
    """Take the options in turn, so that none comes again before the others have come."""

    def choose(at: int, bound: int) -> int:
        laps = turn // bound
        return (Draw(*key, at).below(bound) + turn + laps * at) % bound

    return choose


def bind(variables: Sequence[tuple[str, str]], *, day: date, draw: Draw) -> dict[str, Value]:
    """Give every variable its value for that day, in the order they are declared."""
    scene: dict[str, Value] = dict(ENTITIES)
    for name, kind in variables:
        scene[name] = _value(kind, scene=scene, day=day, draw=draw)
    return scene


def _value(kind: str, *, scene: Scene, day: date, draw: Draw) -> Value:
    if kind.startswith("@"):
        taken = tuple(scene.values())
        return draw.pick([word for word in GROUPS[kind[1:]] if word not in taken])
    if kind.startswith("run "):
        low, high = map(int, kind[4:].split(".."))
        return Count(low + day.toordinal() % (high - low + 1))
    for pattern, read in _KINDS:
        if found := pattern.fullmatch(kind):
            return read(found, scene, day, draw)
    return Word(tuple(draw.pick(kind.split(" | ")).split("/")))


def _range(found: re.Match[str], _scene: Scene, _day: date, draw: Draw) -> Value:
    low, high, step = int(found[1]), int(found[2]), int(found[3] or 1)
    return Count(low + step * draw.below((high - low) // step + 1))


def _tenths(found: re.Match[str], _scene: Scene, _day: date, draw: Draw) -> Value:
    value = draw.between(int(found[1] + found[2]), int(found[3] + found[4]))
    return Count(value if value % 10 else value + 1, is_tenths=True)


def _clock(found: re.Match[str], _scene: Scene, _day: date, draw: Draw) -> Value:
    low, high = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    return Clock(low + _CLOCK_STEP_MIN * draw.below((high - low) // _CLOCK_STEP_MIN + 1))


def _relative(found: re.Match[str], scene: Scene, day: date, draw: Draw) -> Value:
    sign = 1 if found[2] == "+" else -1
    step = int(found[5] or 1)
    change = sign * (int(found[3]) + step * draw.below((int(found[4]) - int(found[3])) // step + 1))
    if found[1] in {"day", "workday"}:
        then = day + timedelta(days=change)
        return Day(_next_workday(then) if found[1] == "workday" else then)
    base = scene[found[1]]
    if not isinstance(base, Count):
        raise TypeError(f"{found[1]} is no number")
    value = base.value + change
    return Count(value + int(base.is_tenths and value % 10 == 0), is_tenths=base.is_tenths)


def _next_workday(day: date) -> date:
    """Give the day itself, or the Monday after a weekend."""
    return day + timedelta(days=(7 - day.weekday()) if day.weekday() in {5, 6} else 0)


_KINDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Scene, date, Draw], Value]], ...] = (
    (_RANGE, _range),
    (_TENTHS, _tenths),
    (_CLOCK, _clock),
    (_RELATIVE, _relative),
)


def render(template: str, scene: Scene, *, choose: Choose) -> Rendered:
    """Write the text, with the alternatives that `choose` takes."""
    places = count()
    chosen = _ALTERNATIVES.sub(lambda found: _option(found[1].split("|"), next(places), choose), template)
    slots = frozenset(found[1] for found in _SLOT.finditer(chosen))
    text = _SLOT.sub(lambda found: _fill(found, scene), chosen)
    return Rendered(_capitalised(text), slots)


def _option(options: list[str], place: int, choose: Choose) -> str:
    return options[choose(place, len(options))]


def _fill(found: re.Match[str], scene: Scene) -> str:
    value = scene[found[1]]
    if found[3] is None:
        return value.form(found[2] or ("n" if isinstance(value, Word) else ""))
    word = value.agree(found[4].split("/"))
    return f"{value.form('n')} {word}" if found[3] != "?" else word


def _capitalised(text: str) -> str:
    """Begin every sentence with a capital, and mend the spaces and lines that an empty alternative has left."""
    tidy = re.sub(r" +([,.!?:])", r"\1", re.sub(r" {2,}", " ", text))
    tidy = re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in tidy.split("\n"))).strip()
    return _SENTENCE_START.sub(lambda found: found[1] + found[2] + found[3].upper(), tidy)
