"""Chance that is the same everywhere: SHA-256 for the seed, `random()` alone for the draws.

Python promises the sequence of `random()` for a seed across versions; `choice`, `shuffle` and their like it does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

_SEED_BYTES = 8


class Draw:
    """Draws that depend on nothing but the parts of the seed."""

    def __init__(self, *parts: str | int) -> None:
        digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
        self._random = Random(int.from_bytes(digest[:_SEED_BYTES], "big"))  # noqa: S311 - texts, not secrets

    def below(self, bound: int) -> int:
        return int(self._random.random() * bound)

    def between(self, low: int, high: int) -> int:
        """Draw a whole number; both ends are possible."""
        return low + self.below(high - low + 1)

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(len(items))]
