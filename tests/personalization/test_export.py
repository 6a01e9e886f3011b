"""The export: everything, in the documented form, and no more memory than it needs."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from jsonschema import Draft202012Validator

from llm.call import ExchangeRecord
from llm.exchanges import record_exchange
from llm.prompt import Purpose
from personalization.domain import memory
from personalization.domain.compression import compress_memory
from personalization.domain.export import write_export
from personalization.domain.files import arriving, store_file
from personalization.domain.profiles import get_profile
from personalization.models import Compression, MemoryEvent
from tests.factories.personalization import EventFactory, ProfileFactory, fill_memory
from tests.harness.processes import PROJECT_DIR
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

NOTES = "Собеседник рассказал о многом."
NOBODY: dict[str, Any] = {"person": None, "subscriptions": []}


def export(user_id: str = "42", **options: Any) -> dict[str, Any]:
    target = io.BytesIO()
    write_export(user_id, target, sections=NOBODY, **options)
    assert target.tell() == len(target.getvalue())
    document: dict[str, Any] = json.loads(target.getvalue())
    schema = json.loads((PROJECT_DIR / "docs" / "export.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(document)
    return document


def test_the_export_holds_everything_of_this_person_alone(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    until = datetime.now(UTC) - timedelta(hours=2)
    ProfileFactory(
        user_id="42",
        preferred_topics=["чай"],
        model="vendor:best",
        memory_summary='Зовут «Анна»\nи "Аня".',
        summarized_until_at=until,
        summarized_until_id=ObjectId(),
    )
    EventFactory(user_id="42", content="уже пересказано", created_at=until - timedelta(minutes=1))
    EventFactory(
        user_id="42",
        content='слова с "кавычками"\n\\ и \x00',
        created_at=until + timedelta(minutes=1),
        tags=["a"],
    )
    text = "Пункт о сроках.\n\n" * 200 + 'конец "договора"\\'
    file_id = uuid.uuid4()
    with arriving(file_id) as place:
        place.write_text(text)
        store_file(
            place,
            file_id=file_id,
            user_id="42",
            name="договор.txt",
            mime_type="text/plain",
            kind="text",
            text=text,
        )
    fill_memory("43", 2, content="чужое")
    call = ExchangeRecord(
        user_id="42",
        provider="vendor",
        model="best",
        purpose=Purpose.REPLY,
        outcome="ok",
        prompt_tokens=100,
        completion_tokens=20,
    )
    failed = {"outcome": "unavailable", "prompt_tokens": 90, "completion_tokens": 0, "is_estimated": True}
    for who, status in (("42", "unavailable"), ("42", "ok"), ("43", "ok")):
        Compression.objects.create(user_id=who, status=status, summarised=len(status), deleted=1)
    for record in (replace(call, **failed), call, replace(call, user_id="43")):
        record_exchange(record)

    document = export()

    assert document["profile"]["preferred_topics"] == ["чай"]
    assert document["settings"] == {
        "language": "ru",
        "persona": "Alfred-style дворецкий",
        "tone": "witty",
        "model": "vendor:best",
    }
    assert document["summary"]["text"] == 'Зовут «Анна»\nи "Аня".'
    (event,) = document["events"]
    assert (event["content"], event["tags"]) == ('слова с "кавычками"\n\\ и \x00', ["a"])
    (file,) = document["files"]
    assert (file["name"], file["text"]) == ("договор.txt", text)
    first, second = document["exchanges"]
    at = second.pop("at")
    assert first.pop("at") <= at
    assert second == {
        "provider": "vendor",
        "model": "best",
        "purpose": "reply",
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "is_estimated": False,
        "outcome": "ok",
    }
    assert first == {**second, **failed}
    compressions = [
        (each["status"], each["summarised"], each["deleted"]) for each in document["compressions"]
    ]
    assert compressions == [("unavailable", 11, 1), ("ok", 2, 1)]
    day = datetime.fromisoformat(at).astimezone(ZoneInfo(settings.TIME_ZONE)).date().isoformat()
    assert document["daily_use"] == [{"day": day, "exchanges": 2, "failures": 1, "tokens": 210}]
    assert export(has_file_texts=False)["files"][0]["text"] is None


def test_of_somebody_unknown_there_is_an_empty_export() -> None:
    document = export("nobody")

    assert (document["profile"], document["summary"]) == (None, None)
    assert [document[name] for name in ("events", "files", "daily_use", "exchanges", "compressions")] == [
        []
    ] * 5


def test_events_come_oldest_first_even_within_a_millisecond() -> None:
    get_profile("42")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    later, *earlier = [
        MemoryEvent(
            user_id="42",
            role="user",
            content=str(number),
            created_at=at + timedelta(milliseconds=number // 3),
        )
        for number in range(9)
    ]
    MemoryEvent.objects.bulk_create([*earlier, later])

    in_order = [event.content for event in memory.list_recent_events(get_profile("42"), limit=9)]
    assert [event["content"] for event in export()["events"]] == in_order


def test_what_a_compression_takes_away_meanwhile_is_in_the_summary() -> None:
    get_profile("42")
    fill_memory("42", 60)

    class Target(io.BytesIO):
        def truncate(self, size: int | None = None) -> int:
            compress_memory("42", chain=chain_of(ScriptedProvider(NOTES)))
            return super().truncate(size)

    target = Target()
    write_export("42", target, sections=NOBODY)

    document = json.loads(target.getvalue())
    assert (len(document["events"]), document["summary"]["text"]) == (20, NOTES)


class Pieces(io.BytesIO):
    """Knows how long the longest piece was that was written."""

    longest = 0

    def write(self, content: Any) -> int:
        self.longest = max(self.longest, len(content))
        return super().write(content)


def test_the_document_is_written_as_it_is_read() -> None:
    get_profile("42")
    fill_memory("42", 300, content="слово " * 100)
    target = Pieces()

    write_export("42", target, sections=NOBODY)

    assert target.longest < len(target.getvalue()) / 10
