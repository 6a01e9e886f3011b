"""What the generator hands out: posts of a day, and what a good digest would say of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPost:
    """`repeats` is the message id of an earlier post of the day that this one nearly repeats.

    `forwarded_from` is the title of another synthetic channel, or "". `posted_at` is in the channel's zone.
    """

    message_id: int
    posted_at: datetime
    text: str
    author: str
    forwarded_from: str = ""
    is_ad: bool = False
    repeats: int | None = None
    fact_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldFact:
    """One thing that a digest should say. `importance` is 3 for what may not be missing, 1 for a detail.

    `numbers` stand in every post of `post_ids` as they are written here; `names` are stems that begin every case form
    of a name ("Кедрогорск" for "в Кедрогорске"), and every one of them is in every post too.
    """

    fact_id: str
    statement: str
    post_ids: tuple[int, ...]
    importance: int
    numbers: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticDay:
    """Posts by time, facts by importance and then by their first post."""

    channel_key: str
    day: date
    posts: tuple[SyntheticPost, ...]
    facts: tuple[GoldFact, ...]
