"""What is remembered of a person, item by item, for that person to look through and strike out.

An item that is struck out must not come back by a compression that has read it already:

    1. the words go, the event stays: from here on nobody can read them
    2. the profile moves, so that a compression which began before stores nothing (`profiles.unmoved`)
    3. the event goes

Step 2 also tells whether a compression was faster: then the item lives on in the summary, and the person has to be
told so. Whoever is killed on the way finds the event again and does all of it once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto

import structlog
from bson import ObjectId
from bson.errors import InvalidId
from django.conf import settings

from personalization.domain import memory
from personalization.domain.files import delete_file
from personalization.domain.memory import Position
from personalization.domain.profiles import change_profile, find_profile
from personalization.enums import MemoryRole, MemorySource
from personalization.models import MemoryEvent, StoredFile, UserProfile

log = structlog.get_logger(__name__)

PAGE_ITEMS = 5
# Compression keeps a memory far below this. Should one grow all the same, its newest part is shown.
LISTED_EVENTS = 1_000
LISTED_FILES = 1_000
OBJECT_ID_CHARS = 24
DIGEST_CHARS = 16


class ItemKind(StrEnum):
    """One letter each: it travels in a button, where there is little room."""

    TURN = "e"
    FILE = "f"
    SUMMARY = "s"
    TOPIC = "t"


class Deletion(Enum):
    DONE = auto()
    GONE = auto()  # there is no such item any more, or never was one of this person's
    SUMMARISED = auto()  # it is gone, but its content had become part of the summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`reference` identifies it for `delete_item`. `expires_at` is None for what is kept until it is struck out.

    `text` is a question, a file's name, a topic or the summary; `answer` what was answered to the question. One of
    the two is empty where the other half of a turn has gone.
    """

    kind: ItemKind
    reference: str
    at: datetime
    expires_at: datetime | None = None
    text: str = ""
    answer: str = ""
    source: MemorySource = MemorySource.TEXT


@dataclass(frozen=True, slots=True)
class Page:
    """`number` counts from 0; `first` is the number of the first item, counted from 1."""

    items: tuple[Item, ...]
    number: int
    is_last: bool

    @property
    def first(self) -> int:
        return self.number * PAGE_ITEMS + 1


@dataclass(frozen=True, slots=True)
class _Said:
    """An event without its words."""

    pk: ObjectId
    role: str
    at: datetime
    source: str


def read_page(user_id: str, number: int) -> Page:
    """Return a page of what is remembered, newest first; the last one if there are not so many."""
    profile = find_profile(user_id)
    if profile is None:
        return Page((), 0, is_last=True)
    found = sorted(_list_items(profile), key=lambda item: item.at, reverse=True)
    last = max(0, (len(found) - 1) // PAGE_ITEMS)
    number = max(0, min(number, last))
    shown = found[number * PAGE_ITEMS : (number + 1) * PAGE_ITEMS]
    return Page(tuple(_read_words(user_id, shown)), number, is_last=number == last)


def delete_item(user_id: str, kind: ItemKind, reference: str) -> Deletion:
    """Delete one item of this very person's; doing it again changes nothing."""
    delete = {
        ItemKind.TURN: _delete_turn,
        ItemKind.FILE: _delete_file,
        ItemKind.SUMMARY: _delete_summary,
        ItemKind.TOPIC: _delete_topic,
    }[kind]
    outcome = delete(user_id, reference)
    log.info("memory item deleted", user_id=user_id, kind=kind.name.lower(), outcome=outcome.name.lower())
    return outcome


def find_expiry(at: datetime) -> datetime:
    """Return when something remembered at a time is forgotten by itself."""
    return at + timedelta(days=settings.MEMORY_TTL_DAYS)


def _list_items(profile: UserProfile) -> list[Item]:
    """Return every item, the turns among them without their words."""
    return [*_list_turns(profile), *_list_files(profile.user_id), *_list_known(profile)]


def _list_turns(profile: UserProfile) -> list[Item]:
    newest_first = MemoryEvent.objects.filter(
        memory.above(memory.watermark_of(profile)), user_id=profile.user_id
    ).order_by("-created_at", "-pk")
    rows = newest_first.values_list("pk", "role", "created_at", "source")[:LISTED_EVENTS]
    return [_describe_turn(turn) for turn in _pair([_Said(*row) for row in rows][::-1])]


def _pair(events: Sequence[_Said]) -> list[list[_Said]]:
    """Put each answer to the question right before it; what has lost its other half stands alone."""
    turns: list[list[_Said]] = []
    for event in events:
        asked = turns[-1] if turns else []
        if event.role == MemoryRole.ASSISTANT and len(asked) == 1 and asked[0].role == MemoryRole.USER:
            asked.append(event)
        else:
            turns.append([event])
    return turns


def _describe_turn(turn: Sequence[_Said]) -> Item:
    first = turn[0]
    return Item(
        kind=ItemKind.TURN,
        reference="".join(str(event.pk) for event in turn),
        at=first.at,
        expires_at=find_expiry(first.at),
        source=MemorySource(first.source),
    )


def _list_files(user_id: str) -> list[Item]:
    newest_first = StoredFile.objects.filter(user_id=user_id).order_by("-created_at")
    rows = newest_first.values_list("file_id", "name", "created_at")[:LISTED_FILES]
    return [
        Item(
            kind=ItemKind.FILE,
            reference=file_id.hex,
            at=at,
            expires_at=find_expiry(at),
            text=name,
            source=MemorySource.FILE,
        )
        for file_id, name, at in rows
    ]


def _list_known(profile: UserProfile) -> list[Item]:
    """Return the summary, as old as the latest that it covers, and the topics, as old as the profile."""
    known = [
        Item(kind=ItemKind.TOPIC, reference=_digest(topic), at=profile.created_at, text=topic)
        for topic in profile.preferred_topics
    ]
    if summary := profile.memory_summary:
        until = profile.summarized_until_at or profile.created_at
        known.append(Item(kind=ItemKind.SUMMARY, reference=_digest(summary), at=until, text=summary))
    return known


def _read_words(user_id: str, items: Sequence[Item]) -> list[Item]:
    """Return the items with the words of the turns among them."""
    wanted = [pk for item in items if item.kind is ItemKind.TURN for pk in _split_reference(item.reference)]
    events = MemoryEvent.objects.filter(user_id=user_id, pk__in=wanted) if wanted else ()
    said = {event.pk: event for event in events}
    return [_with_words(item, said) if item.kind is ItemKind.TURN else item for item in items]


def _with_words(item: Item, said: dict[ObjectId, MemoryEvent]) -> Item:
    events = [said[pk] for pk in _split_reference(item.reference) if pk in said]
    words = {event.role: event.content for event in events}
    return replace(
        item, text=words.get(MemoryRole.USER.value, ""), answer=words.get(MemoryRole.ASSISTANT.value, "")
    )


def _delete_turn(user_id: str, reference: str) -> Deletion:
    theirs = MemoryEvent.objects.filter(user_id=user_id, pk__in=_split_reference(reference))
    positions = [Position(at, pk) for at, pk in theirs.values_list("created_at", "pk")]
    if not positions:
        return Deletion.GONE
    theirs.update(content="")
    profile = change_profile(user_id, lambda _: {})
    theirs.delete()
    watermark = memory.watermark_of(profile) if profile else None
    is_summarised = watermark is not None and min(positions) <= watermark
    return Deletion.SUMMARISED if is_summarised else Deletion.DONE


def _delete_file(user_id: str, reference: str) -> Deletion:
    return Deletion.DONE if delete_file(user_id, reference) else Deletion.GONE


def _delete_summary(user_id: str, reference: str) -> Deletion:
    def is_meant(profile: UserProfile | None) -> bool:
        return bool(profile and profile.memory_summary and _digest(profile.memory_summary) == reference)

    def without_it(profile: UserProfile) -> dict[str, object]:
        return {"memory_summary": None, "is_summary_extractive": False} if is_meant(profile) else {}

    if not is_meant(find_profile(user_id)):
        return Deletion.GONE
    return Deletion.DONE if is_meant(change_profile(user_id, without_it)) else Deletion.GONE


def _delete_topic(user_id: str, reference: str) -> Deletion:
    def others(profile: UserProfile) -> list[str]:
        return [topic for topic in profile.preferred_topics if _digest(topic) != reference]

    before = change_profile(user_id, lambda profile: {"preferred_topics": others(profile)})
    return Deletion.DONE if before and others(before) != before.preferred_topics else Deletion.GONE


def _split_reference(reference: str) -> list[ObjectId]:
    """Return the ids of a turn's one or two events; none for what is no reference."""
    parts = [reference[start : start + OBJECT_ID_CHARS] for start in (0, OBJECT_ID_CHARS)]
    try:
        return [ObjectId(part) for part in parts if part]
    except InvalidId:
        return []


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARS]
