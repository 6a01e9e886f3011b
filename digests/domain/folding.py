"""Near-duplicates: posts that say with nearly the same words what an earlier one of the day has said.

Compared are sets of shingles, runs of word stems, by Jaccard's coefficient (Broder 1997, «On the resemblance and
containment of documents»). Whoever shares no shingle is never compared, so a day costs about as much as it has words.

"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from digests.domain.day import Post
from personalization.domain.stemming import stems_of

SHINGLE_STEMS = (
    2  # a changed word spoils two shingles; runs of three would lose a re-worded sentence of ten words
)
RESEMBLANCE = 0.5  # of shingles: about three of four words are the same
FEWEST_STEMS = 4  # «Доброе утро!» twice is no repeated news

Shingle = tuple[str, ...]


def fold_repeats(posts: Sequence[Post]) -> tuple[Post, ...]:
    """Return the posts with `repeats` set where one nearly repeats an earlier one, always the first of its like.

    What the posts say of `repeats` themselves is overwritten.
    """
    holders: dict[Shingle, list[int]] = defaultdict(list)  # by shingle, the places of originals in `posts`
    shingles_of: list[frozenset[Shingle]] = []
    folded: list[Post] = []
    for place, post in enumerate(posts):
        shingles = _shingle(post.text)
        shingles_of.append(shingles)
        original = _find_original(shingles, holders, shingles_of)
        folded.append(replace(post, repeats=None if original is None else posts[original].message_id))
        if original is None:
            for shingle in shingles:
                holders[shingle].append(place)
    return tuple(folded)


def _shingle(text: str) -> frozenset[Shingle]:
    stems = stems_of(text)
    if len(stems) < FEWEST_STEMS:
        return frozenset()
    return frozenset(
        tuple(stems[start : start + SHINGLE_STEMS]) for start in range(len(stems) - SHINGLE_STEMS + 1)
    )


def _find_original(
    shingles: frozenset[Shingle], holders: dict[Shingle, list[int]], shingles_of: list[frozenset[Shingle]]
) -> int | None:
    """Return the place of the post that is resembled most, of several the first."""
    shared = Counter(_list_holders(shingles, holders))
    best, place = 0.0, None
    for candidate, common in sorted(shared.items()):
        resemblance = common / (len(shingles) + len(shingles_of[candidate]) - common)
        if resemblance > best:
            best, place = resemblance, candidate
    return place if best >= RESEMBLANCE else None


def _list_holders(shingles: Iterable[Shingle], holders: dict[Shingle, list[int]]) -> Iterable[int]:
    for shingle in shingles:
        yield from holders.get(shingle, ())
