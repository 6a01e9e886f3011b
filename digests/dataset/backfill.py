"""Synthetic days as they are stored: in a channel of their own, or where a real channel has none.

In a real channel the numbers of synthetic posts are negative, which Telegram's never are.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from digests.dataset.generator import ChannelProfile, SyntheticDay, channel_profile, generate_day
from digests.enums import PostSource
from digests.models import Channel, ChannelPost


def synthetic_day_of(channel: Channel, day: date, *, seed: int) -> SyntheticDay:
    """Return what was, or would be, made up for a day of a channel that has a `key`; numbers as they are stored."""
    profile = channel_profile(channel.key)
    made_up = generate_day(profile, day, seed=seed)
    return made_up if is_own_channel(channel, profile) else _negate(made_up)


def is_own_channel(channel: Channel, profile: ChannelProfile) -> bool:
    """Tell a channel that is synthetic altogether from a real one that takes its place."""
    return channel.channel_id == str(profile.channel_id)


def store_day(channel: Channel, made_up: SyntheticDay) -> int:
    """Store the posts of a made-up day that are not there yet; return how many."""
    numbers = [post.message_id for post in made_up.posts]
    stored = ChannelPost.objects.filter(channel_id=channel.channel_id, message_id__in=numbers)
    known = set(stored.values_list("message_id", flat=True))
    missing = [
        ChannelPost(
            channel_id=channel.channel_id,
            message_id=post.message_id,
            posted_at=post.posted_at,
            text=post.text,
            author=post.author,
            forwarded_from=post.forwarded_from,
            source=PostSource.SYNTHETIC,
        )
        for post in made_up.posts
        if post.message_id not in known
    ]
    ChannelPost.objects.bulk_create(missing)
    return len(missing)


def _negate(made_up: SyntheticDay) -> SyntheticDay:
    posts = tuple(
        replace(post, message_id=-post.message_id, repeats=None if post.repeats is None else -post.repeats)
        for post in made_up.posts
    )
    facts = tuple(
        replace(fact, post_ids=tuple(-number for number in fact.post_ids)) for fact in made_up.facts
    )
    return replace(made_up, posts=posts, facts=facts)
