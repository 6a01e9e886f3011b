"""Posts of channels: stored once, edited in place, read by the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from digests import metrics
from digests.domain.advertising import is_advertisement
from digests.domain.calendar import bounds_of
from digests.domain.day import DayPosts, Post
from digests.domain.folding import fold_repeats
from digests.enums import PostSource
from digests.models import Channel, ChannelPost
from llm.extractive import fit_text
from mongo_indexes import set_expiry

NAME_MAX_CHARS = 255
GROUP_ID_MAX_CHARS = 64
# What a digest reads of a day, whatever is posted: a fortieth of it is usual, and a document holds 16 MB.
MOST_POSTS = 1_000
DAY_MAX_CHARS = 400_000  # some forty questions of PROMPT_BUDGET_TOKENS


class StoreOutcome(StrEnum):
    """What became of a post that came in."""

    STORED = "stored"
    EDITED = "edited"
    UNCHANGED = "unchanged"
    OUTDATED = "outdated"  # a newer wording is stored
    IGNORED = "ignored"  # the channel is not read


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPost:
    """A post as it came in. `forwarded_from` is the title of whom it is a repost of; all moments are aware."""

    channel_id: str
    message_id: int
    posted_at: datetime
    edited_at: datetime | None = None
    text: str = ""
    author: str = ""
    forwarded_from: str = ""
    media_group_id: str = ""
    has_media: bool = False


def store_post(post: ReceivedPost, *, source: PostSource = PostSource.TELEGRAM) -> StoreOutcome:
    """Store a post, or its new wording; what is stored already, or older than that, changes nothing."""
    outcome = _store(post, source)
    metrics.POSTS.labels(source.value, outcome.value).inc()
    return outcome


def store_posts(posts: Sequence[ReceivedPost], *, source: PostSource) -> Counter[StoreOutcome]:
    """Store posts of one channel, as `store_post` does, in few writes; return how many met with which outcome."""
    if not posts:
        return Counter()
    numbers = [post.message_id for post in posts]
    stored = ChannelPost.objects.filter(channel_id=posts[0].channel_id, message_id__in=numbers)
    known = {row.message_id: row for row in stored}
    unknown = {post.message_id: post for post in posts if post.message_id not in known}
    others = [post for post in posts if unknown.get(post.message_id) is not post]
    try:
        ChannelPost.objects.bulk_create([_as_row(post, source) for post in unknown.values()])
    except IntegrityError:  # Telegram was faster with one of them
        unknown, others = {}, list(posts)
    outcomes = Counter({StoreOutcome.STORED: len(unknown)} if unknown else {})
    outcomes.update(_store_known(post, source, known.get(post.message_id)) for post in others)
    for outcome, number in outcomes.items():
        metrics.POSTS.labels(source.value, outcome.value).inc(number)
    return outcomes


def is_expired(posted_at: datetime) -> bool:
    """Tell whether a post is so old that the database would delete it again."""
    return timezone.now() - posted_at >= timedelta(days=settings.POST_TTL_DAYS)


def supersedes(post: ReceivedPost, source: PostSource, stored: ChannelPost) -> bool:
    """Tell whether a post's wording goes before the one stored.

    Whatever was made up gives way to what was posted. Telegram counts in seconds, so of two edits in one second the
    later to arrive wins; an export, which may be of any age, has to be newer for certain.
    """
    if PostSource.SYNTHETIC in (source, stored.source):
        return source != PostSource.SYNTHETIC
    ours, theirs = post.edited_at or post.posted_at, stored.edited_at or stored.posted_at
    return ours >= theirs if source == PostSource.TELEGRAM else ours > theirs


def read_day(channel: Channel, day: date) -> DayPosts:
    """Read what was posted on a day of the channel's time zone, advertisements and repeats marked.

    Of more than `MOST_POSTS` the latest are read, of more than `DAY_MAX_CHARS` the beginning of each post.
    """
    start, end = bounds_of(day, zone=channel.time_zone)
    stored = ChannelPost.objects.filter(
        channel_id=channel.channel_id, posted_at__gte=start, posted_at__lt=end
    )
    latest = list(stored.order_by("-posted_at", "-message_id")[: MOST_POSTS + 1])
    unread = stored.count() - MOST_POSTS if len(latest) > MOST_POSTS else 0
    posts = [_as_value(post) for post in reversed(latest[:MOST_POSTS]) if post.text.strip()]
    return DayPosts(channel.channel_id, day, _clip(mark_posts(posts)), unread)


def mark_posts(posts: list[Post]) -> tuple[Post, ...]:
    """Return posts with advertisements and repeats marked."""
    return fold_repeats([replace(post, is_ad=is_advertisement(post.text)) for post in posts])


def apply_ttl() -> None:
    """Make the server expire posts after POST_TTL_DAYS, if the index says otherwise."""
    set_expiry(ChannelPost, index="post_posted_at_ttl", expire_after_s=settings.POST_TTL_DAYS * 86_400)


def clip_text(text: str, *, posts: int) -> str:
    """Return what is read of a post where the texts of so many are more than is read of a day."""
    return fit_text(text, DAY_MAX_CHARS // posts)


def _clip(posts: tuple[Post, ...]) -> tuple[Post, ...]:
    if sum(len(post.text) for post in posts) <= DAY_MAX_CHARS:
        return posts
    return tuple(replace(post, text=clip_text(post.text, posts=len(posts))) for post in posts)


def _store(post: ReceivedPost, source: PostSource) -> StoreOutcome:
    stored = ChannelPost.objects.filter(channel_id=post.channel_id, message_id=post.message_id).first()
    if stored is None:
        return _create(post, source)
    outcome = _compare(post, source, stored)
    if outcome is not StoreOutcome.EDITED:
        return outcome
    unedited = ChannelPost.objects.filter(pk=stored.pk, edited_at=stored.edited_at, source=stored.source)
    return outcome if unedited.update(**_wording_of(post, source)) else _store(post, source)


def _store_known(post: ReceivedPost, source: PostSource, stored: ChannelPost | None) -> StoreOutcome:
    """Store a post of which a moment ago this was there; most are as they were, and no reason to ask again."""
    outcome = _compare(post, source, stored) if stored else StoreOutcome.EDITED
    return _store(post, source) if outcome is StoreOutcome.EDITED else outcome


def _compare(post: ReceivedPost, source: PostSource, stored: ChannelPost) -> StoreOutcome:
    """Tell what is to become of a post of which another wording may be stored."""
    if all(getattr(stored, name) == value for name, value in _wording_of(post, source).items()):
        return StoreOutcome.UNCHANGED
    if supersedes(post, source, stored):
        return StoreOutcome.EDITED
    is_same_age = (post.edited_at or post.posted_at) == (stored.edited_at or stored.posted_at)
    return StoreOutcome.UNCHANGED if is_same_age else StoreOutcome.OUTDATED


def _create(post: ReceivedPost, source: PostSource) -> StoreOutcome:
    try:
        _as_row(post, source).save(force_insert=True)
    except IntegrityError:  # it came by another way at the same time
        return _store(post, source)
    return StoreOutcome.STORED


def _as_row(post: ReceivedPost, source: PostSource) -> ChannelPost:
    return ChannelPost(channel_id=post.channel_id, message_id=post.message_id, **_wording_of(post, source))


def _wording_of(post: ReceivedPost, source: PostSource) -> dict[str, Any]:
    return {
        "posted_at": post.posted_at,
        "edited_at": post.edited_at,
        "text": post.text,
        "author": post.author[:NAME_MAX_CHARS],
        "forwarded_from": post.forwarded_from[:NAME_MAX_CHARS],
        "media_group_id": post.media_group_id[:GROUP_ID_MAX_CHARS],
        "has_media": post.has_media,
        "source": source.value,
    }


def _as_value(post: ChannelPost) -> Post:
    return Post(
        message_id=post.message_id,
        posted_at=post.posted_at,
        text=post.text,
        forwarded_from=post.forwarded_from,
    )
