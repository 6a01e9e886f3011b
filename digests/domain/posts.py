"""Posts of channels: stored once, edited in place, read by the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from django.conf import settings

from digests.domain.advertising import is_advertisement
from digests.domain.calendar import bounds_of
from digests.domain.day import DayPosts, Post
from digests.domain.folding import fold_repeats
from digests.models import Channel, ChannelPost
from mongo_indexes import set_expiry


def read_day(channel: Channel, day: date) -> DayPosts:
    """Return what was posted on a day of the channel's time zone, advertisements and repeats marked."""
    start, end = bounds_of(day, zone=channel.time_zone)
    stored = ChannelPost.objects.filter(
        channel_id=channel.channel_id, posted_at__gte=start, posted_at__lt=end
    ).order_by("posted_at", "message_id")
    posts = [_as_value(post) for post in stored if post.text.strip()]
    return DayPosts(channel.channel_id, day, mark_posts(posts))


def mark_posts(posts: list[Post]) -> tuple[Post, ...]:
    """Return posts with advertisements and repeats marked."""
    return fold_repeats([replace(post, is_ad=is_advertisement(post.text)) for post in posts])


def apply_ttl() -> None:
    """Make the server expire posts after POST_TTL_DAYS, if the index says otherwise."""
    set_expiry(ChannelPost, index="post_posted_at_ttl", expire_after_s=settings.POST_TTL_DAYS * 86_400)


def _as_value(post: ChannelPost) -> Post:
    return Post(
        message_id=post.message_id,
        posted_at=post.posted_at,
        text=post.text,
        forwarded_from=post.forwarded_from,
    )
