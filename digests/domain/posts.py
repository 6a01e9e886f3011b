"""Posts of channels: stored once, edited in place, read by the day."""

from __future__ import annotations

from django.conf import settings

from digests.models import ChannelPost
from mongo_indexes import set_expiry


def apply_ttl() -> None:
    """Make the server expire posts after POST_TTL_DAYS, if the index says otherwise."""
    set_expiry(ChannelPost, index="post_posted_at_ttl", expire_after_s=settings.POST_TTL_DAYS * 86_400)
