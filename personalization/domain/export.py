"""Everything kept of a person as one JSON document; `docs/export.schema.json` describes it.

Written as it is read: however long a memory is, the process needs some 50 MB at most, as the database answers in
batches of 16 MB. The summary is read last: what a compression takes away while the events are being written is in the
summary that it has written before.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain, groupby
from typing import Any, BinaryIO

from django.conf import settings
from django.utils import timezone

from llm.exchanges import flush_exchanges, iterate_exchanges, list_daily_use
from llm.models import Exchange
from personalization.domain import memory
from personalization.domain.inventory import find_expiry
from personalization.domain.profiles import find_profile
from personalization.models import Compression, FilePassage, MemoryEvent, StoredFile, UserProfile

FORMAT = "butler-export"
FORMAT_VERSION = 1
READ_AT_A_TIME = 500


def write_export(
    user_id: str, target: BinaryIO, *, sections: Mapping[str, object], has_file_texts: bool = True
) -> None:
    """Write the document as UTF-8 from the target's beginning, leaving the target at the document's end.

    `sections` are further members of the document: what others know of the person. Without `has_file_texts` the
    files are described, and their text is null.
    """
    target.seek(0)
    target.truncate()
    text = io.TextIOWrapper(target, encoding="utf-8", newline="\n")
    text.writelines(_iterate(user_id, sections, has_file_texts=has_file_texts))
    text.detach()  # flushes, and leaves the target open


def _iterate(user_id: str, sections: Mapping[str, object], *, has_file_texts: bool) -> Iterator[str]:
    flush_exchanges()
    profile = find_profile(user_id)
    head = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "exported_at": _write_time(timezone.now()),
        **sections,
        "profile": _describe_profile(profile) if profile else None,
        "settings": _describe_settings(profile) if profile else None,
    }
    yield json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    yield ',\n "events": ['
    yield from _join([_dump(_describe_event(event))] for event in _iterate_events(user_id, profile))
    yield '],\n "files": ['
    yield from _join(_write_file(file, has_text=has_file_texts) for file in _iterate_files(user_id))
    yield f'],\n "daily_use": {_dump(_describe_daily_use(user_id))}'
    yield ',\n "exchanges": ['
    yield from _join([_dump(_describe_exchange(exchange))] for exchange in iterate_exchanges(user_id))
    yield '],\n "compressions": ['
    yield from _join([_dump(_describe_compression(record))] for record in _iterate_compressions(user_id))
    yield '],\n "summary": '
    yield _dump(_describe_summary(find_profile(user_id)))
    yield "\n}\n"


def _iterate_events(user_id: str, profile: UserProfile | None) -> Iterator[MemoryEvent]:
    """Return the events that count, oldest first.

    The database sorts by time alone, for which it has an index; what shares a millisecond is put in order here.
    """
    watermark = memory.watermark_of(profile) if profile else None
    counted = MemoryEvent.objects.filter(memory.above(watermark), user_id=user_id)
    by_time = counted.order_by("created_at").iterator(chunk_size=READ_AT_A_TIME)
    moments = groupby(by_time, key=lambda event: event.created_at)
    return chain.from_iterable(sorted(events, key=lambda event: event.pk) for _, events in moments)


def _iterate_files(user_id: str) -> Iterator[StoredFile]:
    files = StoredFile.objects.filter(user_id=user_id).order_by("created_at")
    return files.iterator(chunk_size=READ_AT_A_TIME)


def _iterate_compressions(user_id: str) -> Iterator[Compression]:
    records = Compression.objects.filter(user_id=user_id).order_by("created_at")
    return records.iterator(chunk_size=READ_AT_A_TIME)


def _describe_profile(profile: UserProfile) -> dict[str, Any]:
    return {
        "user_id": profile.user_id,
        "preferred_topics": profile.preferred_topics,
        "created_at": _write_time(profile.created_at),
        "updated_at": _write_time(profile.updated_at),
    }


def _describe_settings(profile: UserProfile) -> dict[str, Any]:
    return {
        "language": profile.language,
        "persona": profile.persona,
        "tone": profile.tone,
        "model": profile.model or None,
    }


def _describe_summary(profile: UserProfile | None) -> dict[str, Any] | None:
    if profile is None or not profile.memory_summary:
        return None
    until = profile.summarized_until_at
    return {
        "text": profile.memory_summary,
        "is_extractive": profile.is_summary_extractive,
        "covers_until": _write_time(until) if until else None,
    }


def _describe_event(event: MemoryEvent) -> dict[str, Any]:
    return {
        "event_id": str(event.event_id),
        "role": event.role,
        "content": event.content,
        "source": event.source,
        "tags": event.tags,
        "created_at": _write_time(event.created_at),
        "expires_at": _write_time(find_expiry(event.created_at)),
    }


def _describe_daily_use(user_id: str) -> list[dict[str, Any]]:
    days = settings.EXCHANGE_TTL_DAYS + 1  # of the oldest day a part is kept
    return [{**asdict(use), "day": use.day.isoformat()} for use in list_daily_use(user_id, days=days)]


def _describe_exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "at": _write_time(exchange.created_at),
        "provider": exchange.provider,
        "model": exchange.model,
        "purpose": exchange.purpose,
        "prompt_tokens": exchange.prompt_tokens,
        "completion_tokens": exchange.completion_tokens,
        "is_estimated": exchange.is_estimated,
        "outcome": exchange.outcome,
    }


def _describe_compression(record: Compression) -> dict[str, Any]:
    return {
        "at": _write_time(record.created_at),
        "status": record.status,
        "summarised": record.summarised,
        "deleted": record.deleted,
    }


def _write_file(file: StoredFile, *, has_text: bool) -> Iterator[str]:
    """Write a file's record, its text passage by passage."""
    record = {
        "file_id": str(file.file_id),
        "name": file.name,
        "mime_type": file.mime_type,
        "kind": file.kind,
        "size_bytes": file.size_bytes,
        "pages": file.pages,
        "is_truncated": file.is_truncated,
        "created_at": _write_time(file.created_at),
        "expires_at": _write_time(find_expiry(file.created_at)),
    }
    yield _dump(record).removesuffix("}")
    yield ', "text": '
    yield from _write_text(file) if has_text else ["null"]
    yield "}"


def _write_text(file: StoredFile) -> Iterator[str]:
    passages = FilePassage.objects.filter(user_id=file.user_id, file_id=file.file_id).order_by("ordinal")
    texts = passages.values_list("text", flat=True).iterator(chunk_size=READ_AT_A_TIME)
    yield '"'
    for text in texts:
        yield _dump(text)[1:-1]
    yield '"'


def _join(items: Iterable[Iterable[str]]) -> Iterator[str]:
    """Write the items of a list; each comes in pieces."""
    separator = "\n  "
    for item in items:
        yield separator
        yield from item
        separator = ",\n  "


def _write_time(at: datetime) -> str:
    """Write a time in UTC, to the millisecond, which is what the database keeps."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


_dump: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False).encode
