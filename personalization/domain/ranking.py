"""Which passages answer a question best: BM25 over stems.

S. Robertson, H. Zaragoza, «The Probabilistic Relevance Framework: BM25 and Beyond», Foundations and Trends in
Information Retrieval 3(4), 2009, section 3.4; k1 and b are the values it finds good for most collections.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from personalization.models import FilePassage

K1 = 1.2
B = 0.75
# Of the question's different stems; below that, a passage shares words with it rather than a matter.
REQUIRED_SHARE = 0.5
WEAK_SHARE = 0.3  # of the best score; what is below would take the room of the context of better ones


@dataclass(frozen=True, slots=True)
class Hit:
    file_id: UUID
    ordinal: int
    score: float


def rank_passages(
    candidates: Sequence[FilePassage],
    query: Sequence[str],
    *,
    passage_count: int,
    name_stems: Mapping[UUID, set[str]],
) -> list[Hit]:
    """Return the passages that match well enough, best first.

    `candidates` are all passages with a stem of `query`, which has no stem twice; `passage_count` is the number of
    all there are. A stem in the name of the file (`name_stems`) counts as found, but adds no score.
    """
    counts = [Counter(passage.stems) for passage in candidates]
    weights = _weigh(query, counts, max(passage_count, len(candidates)))
    mean_length = sum(count.total() for count in counts) / len(counts) if counts else 0.0
    hits = [
        Hit(passage.file_id, passage.ordinal, _score(count, weights, mean_length))
        for passage, count in zip(candidates, counts, strict=True)
        if _covers(query, {*count} | name_stems.get(passage.file_id, set()))
    ]
    hits.sort(key=lambda hit: (-hit.score, hit.ordinal))
    return [hit for hit in hits if hit.score >= WEAK_SHARE * hits[0].score]


def is_covered(query: Sequence[str], found: set[str]) -> bool:
    """Tell whether enough of a question's stems are among those found; a question without any finds nothing."""
    return bool(query) and _covers(query, found)


def _covers(query: Sequence[str], found: set[str]) -> bool:
    return sum(stem in found for stem in query) >= REQUIRED_SHARE * len(query)


def _weigh(query: Sequence[str], counts: Sequence[Counter[str]], total: int) -> dict[str, float]:
    """Return each stem's inverse document frequency, in the form that is never negative (as Lucene has it)."""
    frequencies = {stem: sum(stem in count for count in counts) for stem in query}
    return {
        stem: math.log(1 + (total - found + 0.5) / (found + 0.5))
        for stem, found in frequencies.items()
        if found
    }


def _score(count: Counter[str], weights: Mapping[str, float], mean_length: float) -> float:
    norm = K1 * (1 - B + B * count.total() / mean_length)
    return sum(weight * count[stem] * (K1 + 1) / (count[stem] + norm) for stem, weight in weights.items())
