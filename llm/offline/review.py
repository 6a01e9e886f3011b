"""A review without a model: how much of each statement stands in the posts that it cites. It says that it is one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from llm.prompt import Turn

POST = re.compile(r"^\[(?P<number>\d+)\]\s*(?:\d\d:\d\d\s+)?(?P<text>.*)$", re.S)
STATEMENT = re.compile(r"^\((?P<number>\d+)\)\s*(?P<text>.*?)\s*(?P<cited>(?:\[[\d?]+\])+)$", re.S)
WORD = re.compile(r"[^\W_]+")
STEM_CHARS = 5  # of a word: what inflection leaves alone, mostly
SHORTEST_WORD = 4
SUPPORTED = 0.6  # of a statement's words
REMARK = "Проверено без модели, по совпадению слов."


def review_statements(turns: Iterable[Turn]) -> str:
    """Return the JSON object that a reviewer is asked for; deterministic."""
    posts: dict[str, set[str]] = {}
    shares: dict[int, float] = {}
    cited: set[str] = set()
    letters = cyrillic = 0
    for turn in turns:
        if post := POST.match(turn.content):
            posts[post["number"]] = _stems(post["text"])
        elif statement := STATEMENT.match(turn.content):
            numbers = re.findall(r"\d+", statement["cited"])
            cited.update(numbers)
            shares[int(statement["number"])] = _share(_stems(statement["text"]), numbers, posts)
            letters += sum(map(str.isalpha, statement["text"]))
            cyrillic += sum("\u0400" <= letter <= "\u04ff" for letter in statement["text"])
    unsupported = [number for number, share in shares.items() if share < SUPPORTED]
    told = {
        "coverage": _ratio(len(cited & set(posts)), len(posts)),
        "faithfulness": _ratio(len(shares) - len(unsupported), len(shares)),
        "language": _ratio(cyrillic, letters),
        "missed": [],
        "unsupported": unsupported,
        "remarks": [REMARK],
    }
    return json.dumps(told, ensure_ascii=False)


def _share(stems: set[str], numbers: Iterable[str], posts: dict[str, set[str]]) -> float:
    known = set().union(*(posts.get(number, set()) for number in numbers))
    return _ratio(len(stems & known), len(stems))


def _stems(text: str) -> set[str]:
    words = WORD.findall(text.casefold().replace("ё", "е"))
    return {word[:STEM_CHARS] for word in words if len(word) >= SHORTEST_WORD or word.isdecimal()}


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
