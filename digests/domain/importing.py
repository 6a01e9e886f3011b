"""Posts of an export into the database, in batches: what is interrupted goes on when it is begun anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from digests.domain.posts import ReceivedPost, StoreOutcome, is_expired, store_posts
from digests.enums import PostSource

BATCH_POSTS = 500


@dataclass(slots=True)
class ImportTally:
    """What an import has come to so far. `no_posts` are what a chat tells of itself; `expired` are too old to keep."""

    outcomes: Counter[StoreOutcome] = field(default_factory=Counter)
    no_posts: int = 0
    expired: int = 0

    @property
    def posts(self) -> int:
        return self.outcomes.total()


def import_posts(
    posts: Iterable[ReceivedPost | None], tally: ImportTally, *, watch: Callable[[], None] = lambda: None
) -> None:
    """Store posts of one channel and keep the tally; `watch` is called after each batch.

    Raises what `posts` and the database raise; what the tally counts is stored then.
    """
    batch: list[ReceivedPost] = []
    for post in posts:
        if post is None:
            tally.no_posts += 1
        elif is_expired(post.posted_at):
            tally.expired += 1
        else:
            batch.append(post)
        if len(batch) >= BATCH_POSTS:
            tally.outcomes += store_posts(batch, source=PostSource.EXPORT)
            batch = []
            watch()
    tally.outcomes += store_posts(batch, source=PostSource.EXPORT)
    watch()
