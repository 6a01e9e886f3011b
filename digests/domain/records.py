"""Statements and posts as the JSON that is stored with a digest, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from digests.domain.day import Post, Statement


def statements_as_json(statements: Iterable[Statement]) -> str:
    return _dump([{"text": found.text, "post_ids": list(found.post_ids)} for found in statements])


def statements_from_json(stored: str) -> tuple[Statement, ...]:
    return tuple(Statement(found["text"], tuple(found["post_ids"])) for found in json.loads(stored))


def posts_as_json(posts: Iterable[Post]) -> str:
    return _dump([describe_post(post) for post in posts])


def posts_from_json(stored: str) -> tuple[Post, ...]:
    return tuple(_read_post(found) for found in json.loads(stored))


def describe_post(post: Post) -> dict[str, Any]:
    """Return a post as JSON has it."""
    return {
        "message_id": post.message_id,
        "posted_at": post.posted_at.isoformat(),
        "text": post.text,
        "forwarded_from": post.forwarded_from,
        "is_ad": post.is_ad,
        "repeats": post.repeats,
    }


def _read_post(found: dict[str, Any]) -> Post:
    return Post(**{**found, "posted_at": datetime.fromisoformat(found["posted_at"])})


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
