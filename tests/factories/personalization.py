"""Profiles and memory for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import factory
from factory.django import DjangoModelFactory

from personalization.domain.files import arriving, store_file
from personalization.enums import MemoryRole
from personalization.models import MemoryEvent, StoredFile, UserProfile

FIRST_EVENT_AT = datetime(2026, 1, 1, tzinfo=UTC)


class ProfileFactory(DjangoModelFactory[UserProfile]):
    class Meta:
        model = UserProfile

    user_id = factory.Sequence(lambda number: f"user-{number}")


class EventFactory(DjangoModelFactory[MemoryEvent]):
    class Meta:
        model = MemoryEvent

    user_id = "user"
    role = MemoryRole.USER
    content = factory.Sequence(lambda number: f"событие {number}")
    created_at = factory.Sequence(lambda number: FIRST_EVENT_AT + timedelta(seconds=number))


def fill_memory(user_id: str, count: int, *, content: str = "событие") -> list[MemoryEvent]:
    """Store `count` events in turn of user and butler, a second apart, oldest first."""
    roles = (MemoryRole.USER, MemoryRole.ASSISTANT)
    started_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    events = [
        MemoryEvent(
            user_id=user_id,
            role=roles[number % 2],
            content=f"{content} {number}",
            created_at=started_at + timedelta(seconds=number),
        )
        for number in range(count)
    ]
    return MemoryEvent.objects.bulk_create(events)


def store_text_file(user_id: str, text: str, *, name: str = "notes.txt") -> StoredFile:
    """Store a text file as one that somebody sent; MEDIA_ROOT should be the test's own."""
    file_id = uuid4()
    with arriving(file_id) as arrived:
        arrived.write_text(text)
        return store_file(
            arrived,
            file_id=file_id,
            user_id=user_id,
            name=name,
            mime_type="text/plain",
            kind="txt",
            text=text,
        )
