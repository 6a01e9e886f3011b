"""Channels for staff: what is read there, what digests made of it, who gets them."""

from __future__ import annotations

from digests.admin import channels, digests, posts, reviews, subscriptions

__all__ = ["channels", "digests", "posts", "reviews", "subscriptions"]
