"""A database as it is after a while: many people and what they said, written in batches past the product."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from pymongo.database import Database

BATCH = 5_000  # documents an insert: some megabytes
SPAN_S = 5 * 86_400  # over which things are spread: less than any of them is kept
HOURS = 30 * 24
STATES = ("approved",) * 17 + ("pending", "refused", "blocked")
NAMES = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар")
WORDS = (
    "дом",
    "сад",
    "чай",
    "письмо",
    "гость",
    "вечер",
    "книга",
    "часы",
    "погода",
    "дорога",
    "музыка",
    "театр",
)
EVENT_WORDS = 24
FIRST_PERSON = 70_000_000
FILES_EACH = 5  # one in so many people has sent a file

Document = dict[str, Any]
Build = Callable[[int, str, datetime], Document]


@dataclass(frozen=True, slots=True)
class Population:
    """How much there is; `others` is the number of updates, of exchanges and of notices."""

    people: int
    events: int
    others: int

    @property
    def someone(self) -> str:
        """The number of somebody in the middle."""
        return str(FIRST_PERSON + self.people // 2)


def fill(database: Database[Any], population: Population) -> dict[str, tuple[int, float]]:
    """Write everything; return how many documents each collection got and how many seconds that took."""
    written = {}
    for name, number, build in (
        ("people", population.people, _build_person),
        ("user_profiles", population.people, _build_profile),
        ("access_decisions", population.people, _build_decision),
        ("compressions", population.people, _build_compression),
        ("files", population.people // FILES_EACH, _build_file),
        ("notices", population.others, _build_notice),
        ("inbox_updates", population.others, _build_update),
        ("llm_exchanges", population.others, _build_exchange),
        ("hourly_figures", HOURS, _build_hour),
        ("user_memory", population.events, _build_event),
    ):
        started = time.monotonic()
        documents = _build_many(number, build, population.people)
        while batch := list(islice(documents, BATCH)):
            database[name].insert_many(batch, ordered=False)
        written[name] = (number, time.monotonic() - started)
    return written


def _build_many(number: int, build: Build, people: int) -> Iterator[Document]:
    """Build so many documents, of one person after the other, at times that are in no order."""
    chance = random.Random(number)
    now = datetime.now(UTC)
    for place in range(number):
        at = now - timedelta(milliseconds=chance.randrange(SPAN_S * 1_000))
        yield build(place, str(FIRST_PERSON + place % people), at)


def _build_person(place: int, user_id: str, at: datetime) -> Document:
    return {
        "user_id": user_id,
        "chat_id": user_id,
        "first_name": f"{NAMES[place % len(NAMES)]} {place}",
        "username": f"person_{place}",
        "language_code": "ru",
        "access_state": STATES[place % len(STATES)],
        "decided_at": at,
        "decided_by": "staff:butler",
        "unfinished": "",
        "created_at": at,
        "updated_at": at,
    }


def _build_profile(place: int, user_id: str, at: datetime) -> Document:
    return {
        "user_id": user_id,
        "language": "ru" if place % 4 else "en",
        "persona": "Alfred-style дворецкий",
        "tone": "witty",
        "model": "",
        "has_files": place % FILES_EACH == 0,
        "preferred_topics": [],
        "memory_summary": " ".join(WORDS * 8),
        "is_summary_extractive": False,
        "summarized_until_at": None,
        "summarized_until_id": None,
        "created_at": at,
        "updated_at": at,
    }


def _build_decision(place: int, user_id: str, at: datetime) -> Document:
    return {
        "user_id": user_id,
        "before": "pending",
        "after": STATES[place % len(STATES)],
        "decided_by": "staff:butler",
        "via": "site",
        "decided_at": at,
    }


def _build_compression(place: int, user_id: str, at: datetime) -> Document:
    status = "ok" if place % 50 else "rejected"
    return {
        "user_id": user_id,
        "status": status,
        "summarised": 30,
        "deleted": 30,
        "duration_s": 1.5,
        "created_at": at,
    }


def _build_file(place: int, user_id: str, at: datetime) -> Document:
    return {
        "file_id": uuid.UUID(int=place).hex,  # as the backend keeps it
        "user_id": user_id,
        "name": f"{WORDS[place % len(WORDS)]}.pdf",
        "mime_type": "application/pdf",
        "kind": "pdf",
        "size_bytes": 40_000 + place,
        "path": f"{place}",
        "text_chars": 9_000,
        "is_truncated": False,
        "pages": 3,
        "created_at": at,
    }


def _build_notice(place: int, user_id: str, at: datetime) -> Document:
    return {
        "key": f"measured:{place}",
        "chat_id": user_id,
        "about_user_id": user_id,
        "text": " ".join(WORDS),
        "keyboard": "",
        "broadcast_id": "",
        "status": "sent",
        "revision": 0,
        "attempts": 1,
        "message_ids": [place],
        "created_at": at,
        "due_at": at,
        "trace_id": f"{place:032x}",
    }


def _build_update(place: int, user_id: str, at: datetime) -> Document:
    return {
        "update_id": FIRST_PERSON + place,
        "kind": "message",
        "chat_id": user_id,
        "user_id": user_id,
        "message_id": place,
        "payload": "{" + " ".join(WORDS * 6) + "}",
        "received_at": at,
        "status": "answered" if place % 200 else "parked",
        "attempts": 0,
        "answer_message_ids": [place],
        "answered_at": at + timedelta(milliseconds=800 + place % 4_000),
        "trace_id": f"{place:032x}",
        "prepared": "",
        "undelivered": "",
        "joined_to": None,
    }


def _build_exchange(place: int, user_id: str, at: datetime) -> Document:
    return {
        "user_id": user_id,
        "provider": "house",
        "model": "measured",
        "purpose": "reply" if place % 20 else "summary",
        "prompt_tokens": 1_200 + place % 300,
        "completion_tokens": 150,
        "is_estimated": False,
        "first_token_s": 0.4,
        "duration_s": 2.0,
        "outcome": "ok" if place % 90 else "timed_out",
        "trace_id": f"{place:032x}",
        "created_at": at,
    }


def _build_hour(place: int, _user_id: str, _at: datetime) -> Document:
    now = datetime.now(UTC)
    return {
        "hour": now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=place),
        "messages": 100 + place % 80,
        "errors": place % 3,
        "pending": 0,
        "latencies_ms": [900.0, 4_000.0 + place],
        "first_tokens_ms": [300.0, 900.0],
        "exchanges": 130,
        "failed_exchanges": place % 2,
        "prompt_tokens": 120_000,
        "completion_tokens": 20_000,
        "compressions": {"ok": 12},
        "people": 20_000 - place,
        "approved_people": 17_000 - place,
        "memory_events": 500_000 - place,
        "computed_at": now,
    }


def _build_event(place: int, user_id: str, at: datetime) -> Document:
    return {
        "event_id": uuid.UUID(int=place).hex,
        "user_id": user_id,
        "role": ("user", "assistant")[place % 2],
        "content": " ".join(WORDS[(place + word) % len(WORDS)] for word in range(EVENT_WORDS)),
        "created_at": at,
        "tags": [],
        "source": "text",
    }
