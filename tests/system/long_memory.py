"""Memories that are longer than anybody could type in a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.harness.stack import Stack


def fill_over_cap(stack: Stack, chat_id: int) -> None:
    """Let a person have said more than a memory holds, a day ago."""
    said_at = datetime.now(UTC) - timedelta(days=1)
    stack.database().user_memory.insert_many(
        {
            "event_id": uuid4().hex,
            "user_id": str(chat_id),
            "role": ("user", "assistant")[number % 2],
            "content": f"Письмо {number}: в саду зацвели розы, и я опять о них пишу.",
            "created_at": said_at + timedelta(seconds=number),
            "tags": [],
            "source": "text",
        }
        for number in range(60)
    )
