"""A person's export as a document that Telegram takes: plain while it is small, in a ZIP archive beyond that."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

import tracing
from botgateway.models import AccessDecision, Person
from digests.domain.subscriptions import describe_subscriptions
from personalization.domain.export import write_export

DOCUMENT_MAX_BYTES = 50_000_000  # core.telegram.org/bots/api#senddocument
PLAIN_MAX_BYTES = 2_000_000  # beyond that hardly anybody reads it with their own eyes
COPIED_AT_A_TIME = 1_000_000


class ExportTooBig(Exception):
    """Even without the files' texts, and compressed, Telegram would not take it."""


@dataclass(frozen=True, slots=True)
class ExportDocument:
    """`is_complete` is false when the texts of the files had to be left out."""

    name: str
    content: bytes
    is_complete: bool


def build_export(
    user_id: str, *, on: date, plain_bytes: int = PLAIN_MAX_BYTES, most_bytes: int = DOCUMENT_MAX_BYTES
) -> ExportDocument:
    """Return everything that is known of a person. Raises `ExportTooBig`."""
    with tracing.span("export"):
        document = _build(user_id, on=on, plain_bytes=plain_bytes, most_bytes=most_bytes)
        tracing.note(bytes=len(document.content), is_complete=document.is_complete)
    return document


def _build(user_id: str, *, on: date, plain_bytes: int, most_bytes: int) -> ExportDocument:
    sections = {"person": describe_person(user_id), "subscriptions": _describe_subscriptions(user_id)}
    name = f"butler-export-{on.isoformat()}"
    for has_file_texts in (True, False):
        with tempfile.TemporaryFile(prefix="butler-export-") as target:
            write_export(user_id, target, sections=sections, has_file_texts=has_file_texts)
            document = _pack(target, name, plain_bytes=plain_bytes, most_bytes=most_bytes)
        if document:
            return ExportDocument(*document, is_complete=has_file_texts)
    raise ExportTooBig


def describe_person(user_id: str) -> Mapping[str, Any] | None:
    """Return what Telegram told of a person, and the decisions about them without those who took them."""
    person = Person.objects.filter(user_id=user_id).first()
    if person is None:
        return None
    decisions = AccessDecision.objects.filter(user_id=user_id).order_by("decided_at")
    return {
        "user_id": person.user_id,
        "chat_id": person.chat_id,
        "first_name": person.first_name,
        "username": person.username,
        "language_code": person.language_code,
        "access_state": person.access_state,
        "decisions": [
            {"before": before, "after": after, "decided_at": _write_time(at)}
            for before, after, at in decisions.values_list("before", "after", "decided_at")
        ],
        "created_at": _write_time(person.created_at),
    }


def _describe_subscriptions(user_id: str) -> list[dict[str, Any]]:
    return [
        {**found, "created_at": _write_time(found["created_at"])} for found in describe_subscriptions(user_id)
    ]


def _pack(plain: BinaryIO, name: str, *, plain_bytes: int, most_bytes: int) -> tuple[str, bytes] | None:
    """Return name and content of what can be sent; None if it is too big."""
    if plain.tell() <= min(plain_bytes, most_bytes):
        plain.seek(0)
        return f"{name}.json", plain.read()
    with tempfile.TemporaryFile(prefix="butler-export-") as packed:
        _compress(plain, packed, f"{name}.json")
        if packed.tell() > most_bytes:
            return None
        packed.seek(0)
        return f"{name}.zip", packed.read()


def _compress(plain: BinaryIO, packed: BinaryIO, name: str) -> None:
    plain.seek(0)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as entry:
        shutil.copyfileobj(plain, entry, COPIED_AT_A_TIME)
    packed.seek(0, 2)


def _write_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
