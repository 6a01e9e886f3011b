"""Words reduced to their stems, so that «сроках» finds «срок»: Russian and English, told apart by the script."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

STEM_MAX_CHARS = 64  # of FilePassage.stems; longer «words» are keys and addresses, found by their beginning
CACHED_WORDS = 50_000  # some 10 MB: the vocabulary of several books

_WORD = re.compile(r"[^\W_]+")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
# What is said around a matter rather than about it: little words, courtesies, orders to look something up. «Файл»
# and «документ» as well: every passage is of one.
_STOP_WORDS = frozenset(Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8").split())


def stems_of(text: str) -> list[str]:
    """Return the stems of the words of a text in their order, repeated as the words are, without stop words."""
    words = _WORD.findall(text.casefold().replace("ё", "е"))
    return [_stem(word) for word in words if _is_content(word)]


def unique_stems(text: str, *, limit: int) -> list[str]:
    """Return the first `limit` different stems of a text."""
    return list(_first_different(stems_of(text), limit))


def _is_content(word: str) -> bool:
    return word not in _STOP_WORDS and (len(word) > 1 or word.isdecimal())


def _first_different(stems: Iterable[str], limit: int) -> Iterator[str]:
    seen: set[str] = set()
    for stem in stems:
        if len(seen) == limit:
            return
        if stem not in seen:
            seen.add(stem)
            yield stem


@lru_cache(maxsize=CACHED_WORDS)
def _stem(word: str) -> str:
    if len(word) > STEM_MAX_CHARS or word.isdecimal():
        return word[:STEM_MAX_CHARS]
    language = "russian" if _CYRILLIC.search(word) else "english"
    with _lock:
        stemmed: str = _stemmer(language).stemWord(word)
    return stemmed or word


@cache
def _stemmer(language: str) -> Any:
    import snowballstemmer  # type: ignore[import-untyped]  # noqa: PLC0415  # 14 ms that only files cost

    return snowballstemmer.stemmer(language)


_lock = threading.Lock()  # a stemmer works on a word of its own: it belongs to one thread at a time
