"""An export becomes a document that Telegram takes, or a clear refusal."""

from __future__ import annotations

import io
import json
import random
import uuid
import zipfile
from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from botgateway.domain.export import ExportDocument, ExportTooBig, build_export, describe_person
from botgateway.models import AccessDecision, Person
from digests.domain.subscriptions import subscribe
from personalization.domain.profiles import get_profile
from personalization.models import FilePassage, StoredFile
from tests.factories.digests import ChannelFactory
from tests.factories.personalization import fill_memory

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 21)
PLAIN_BYTES = 4_000


def read(document: ExportDocument) -> dict[str, Any]:
    content = document.content
    if document.name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(document.name.replace(".zip", ".json"))
    found: dict[str, Any] = json.loads(content)
    return found


def store_text(length: int) -> None:
    """Keep a file with a text that hardly shrinks."""
    file_id, noise = uuid.uuid4(), random.Random(1)
    StoredFile.objects.create(file_id=file_id, user_id="42", name="шум.txt", size_bytes=length, path="")
    text = "".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(length))
    FilePassage.objects.create(file_id=file_id, user_id="42", ordinal=0, text=text)


@pytest.mark.parametrize(
    ("events", "noise", "most_bytes", "name", "is_complete"),
    [
        (2, 10, 1_000_000, "butler-export-2026-11-21.json", True),
        (100, 10, 1_000_000, "butler-export-2026-11-21.zip", True),
        (2, 10_000, 10_000, "butler-export-2026-11-21.json", False),
        (100, 10_000, 10_000, "butler-export-2026-11-21.zip", False),
    ],
)
def test_what_is_large_is_compressed_and_what_is_too_large_goes_without_the_texts_of_files(
    events: int, noise: int, most_bytes: int, name: str, is_complete: bool
) -> None:
    get_profile("42")
    fill_memory("42", events)
    store_text(noise)
    subscribe("42", ChannelFactory.create(title="Заречье"), now=timezone.now(), hour=7)

    document = build_export("42", on=DAY, plain_bytes=PLAIN_BYTES, most_bytes=most_bytes)

    assert (document.name, document.is_complete) == (name, is_complete)
    assert len(document.content) <= most_bytes
    content = read(document)
    assert len(content["events"]) == events
    assert [(found["channel"], found["hour"]) for found in content["subscriptions"]] == [("Заречье", 7)]
    assert (content["files"][0]["text"] is not None) == is_complete


def test_what_is_too_large_even_so_is_refused() -> None:
    get_profile("42")
    fill_memory("42", 20)

    with pytest.raises(ExportTooBig):
        build_export("42", on=DAY, most_bytes=500)


def test_the_decisions_are_told_without_those_who_took_them() -> None:
    Person.objects.create(user_id="42", chat_id="42", first_name="Анна", decided_by="staff:secret")
    for before, after in (("pending", "refused"), ("refused", "approved")):
        AccessDecision.objects.create(
            user_id="42", before=before, after=after, decided_by="staff:secret", via="site"
        )

    found = describe_person("42")

    assert found is not None
    assert [(decision["before"], decision["after"]) for decision in found["decisions"]] == [
        ("pending", "refused"),
        ("refused", "approved"),
    ]
    assert "secret" not in str(found)
    assert describe_person("nobody") is None
