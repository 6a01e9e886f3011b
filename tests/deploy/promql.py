"""Reads of a PromQL expression which metrics it names, and with which labels. No parser: it knows our expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

KEYWORDS = {
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "offset",
    "bool",
}

_MATCHER = re.compile(r"([a-z_]\w*)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"\b([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?")
_RANGE = re.compile(r"\[[^\]]*\]|\boffset\s+\S+")


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric by name, and what its labels are compared with: several values where they are alternatives."""

    metric: str
    matchers: dict[str, tuple[str, ...]] = field(default_factory=dict)


def list_selectors(expression: str) -> list[Selector]:
    """Return every metric that an expression names; what stands before a parenthesis is a function."""
    return list(_read_selectors(_RANGE.sub(" ", _GROUPING.sub(" ", expression))))


def list_groupings(expression: str) -> set[str]:
    """Return the labels by which an expression groups or joins."""
    lists = _GROUPING.findall(expression)
    return {label.strip() for names in lists for label in names.split(",") if label.strip()}


def _read_selectors(expression: str) -> Iterator[Selector]:
    for found in _SELECTOR.finditer(expression):
        name, braces = found[1], found[2] or ""
        is_function = expression[found.end() :].lstrip().startswith("(")
        if name not in KEYWORDS and not is_function:
            matchers = {label: tuple(value.split("|")) for label, _, value in _MATCHER.findall(braces)}
            yield Selector(name, matchers)
