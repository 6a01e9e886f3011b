"""A channel's day as values: what was posted, and what a digest says of it. No database, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post. `message_id` is its number in the channel; `posted_at` is aware.

    `forwarded_from` is the title of whom it is a repost of. `repeats` is the number of an earlier post of the day that
    it nearly repeats.
    """

    message_id: int
    posted_at: datetime
    text: str
    forwarded_from: str = ""
    is_ad: bool = False
    repeats: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or two of a digest, and the posts that it is drawn from, at least one."""

    text: str
    post_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DayPosts:
    """The posts of one day of a channel, in order of their numbers; the day is one of the channel's time zone.

    `unread` earlier ones were too many to be read.
    """

    channel_id: str
    day: date
    posts: tuple[Post, ...]
    unread: int = 0

    def find(self, message_id: int) -> Post | None:
        return next((post for post in self.posts if post.message_id == message_id), None)

    @property
    def originals(self) -> tuple[Post, ...]:
        """The posts that have something of their own to say: no ads, no repeats."""
        return tuple(post for post in self.posts if not post.is_ad and post.repeats is None)
