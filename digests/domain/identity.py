"""Ids of digests and of their reviews: made of what they are about, so that whoever makes one again means the same."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid5

NAMESPACE = UUID("5d0b4f0e-6f0e-5c39-9d7a-3f1b8f7f2a10")  # any, and never another


def identify_digest(channel_id: str, day: date) -> UUID:
    return uuid5(NAMESPACE, f"{channel_id}/{day.isoformat()}")


def identify_report(digest_id: UUID, *, provider: str, model: str) -> UUID:
    return uuid5(digest_id, f"{provider}/{model}")
