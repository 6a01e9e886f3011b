"""A person forgotten by the core: nothing of them is left, whatever else is going on and wherever it is killed."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from llm.call import ExchangeRecord
from llm.exchanges import flush_exchanges, record_exchange
from llm.models import Exchange
from llm.prompt import Purpose
from personalization.domain.compression import Status, compress_memory
from personalization.domain.erasure import STEPS, erase_person
from personalization.domain.files import arriving, store_file
from personalization.domain.profiles import get_profile
from personalization.models import Compression, MemoryEvent, UserProfile
from tests.factories.personalization import ProfileFactory, fill_memory
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

CANARY = "канарейка"


def not_waiting(_seconds: float) -> None:
    """Nothing is recorded by other processes."""


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def settle(user_id: str) -> None:
    """Let somebody have told Butler everything, with the canary in each of it."""
    ProfileFactory(
        user_id=user_id,
        persona=f"{CANARY} {user_id}",
        preferred_topics=[f"{CANARY} {user_id}"],
        memory_summary=f"{CANARY} {user_id}",
    )
    fill_memory(user_id, 4, content=f"{CANARY} {user_id}")
    file_id = uuid.uuid4()
    with arriving(file_id) as place:
        place.write_text(f"{CANARY} {user_id}")
        store_file(
            place,
            file_id=file_id,
            user_id=user_id,
            name=f"{CANARY} {user_id}.txt",
            mime_type="text/plain",
            kind="text",
            text=f"{CANARY} {user_id}",
        )
    record_exchange(build_record(user_id))
    flush_exchanges()
    Compression.objects.create(user_id=user_id, status="ok")


def build_record(user_id: str) -> ExchangeRecord:
    return ExchangeRecord(
        user_id=user_id, provider="vendor", model="best", purpose=Purpose.REPLY, outcome="ok"
    )


def find_traces(user_id: str, media: Path) -> list[str]:
    """Return where the canary of a person, or their number, is found."""
    database = connection.database  # type: ignore[attr-defined]
    found = [
        name
        for name in database.list_collection_names()
        for document in database[name].find()
        if f"{CANARY} {user_id}" in str(document) or document.get("user_id") == user_id
    ]
    on_disk = [path for path in media.rglob("*") if path.is_file()]
    return found + [path.name for path in on_disk if f"{CANARY} {user_id}" in path.read_text()]


@pytest.mark.parametrize("steps_before_the_kill", range(len(STEPS) + 1))
def test_killed_after_any_step_the_repeat_leaves_nothing(steps_before_the_kill: int, media: Path) -> None:
    settle("42")
    settle("43")
    others = find_traces("43", media)
    for step in STEPS[:steps_before_the_kill]:
        step("42")

    erase_person("42", wait=not_waiting)

    assert find_traces("42", media) == []
    assert find_traces("43", media) == others != []


def test_exchanges_that_are_not_written_yet_are_erased_here_and_in_other_processes(media: Path) -> None:
    settle("42")
    record_exchange(build_record("42"))

    def write_in_another_process(_seconds: float) -> None:
        Exchange.objects.create(user_id="42", provider="vendor", purpose="reply", outcome="ok")

    erase_person("42", wait=write_in_another_process)

    assert flush_exchanges()
    assert find_traces("42", media) == []


def test_to_forget_somebody_unknown_is_no_feat() -> None:
    erase_person("nobody", wait=not_waiting)

    assert UserProfile.objects.count() == 0


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_compression_under_way_writes_nothing_back(comes_back: bool, media: Path) -> None:
    get_profile("42")
    fill_memory("42", 51, content=f"{CANARY} 42")

    def summarise_while_forgetting(_prompt: object) -> str:
        erase_person("42", wait=not_waiting)
        if comes_back:
            get_profile("42")
        return f"Собеседник говорил: {CANARY} 42, и больше ничего."

    outcome = compress_memory("42", chain=chain_of(ScriptedProvider(summarise_while_forgetting)))

    assert outcome.status is Status.SUPERSEDED
    assert len(find_traces("42", media)) == comes_back
    assert not UserProfile.objects.exclude(memory_summary=None).exists()


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_a_compression_that_begins_meanwhile_writes_nothing_back(step: int, media: Path) -> None:
    """It sees the person half forgotten; by the time its summary is ready they are forgotten altogether."""
    settle("42")
    fill_memory("42", 60, content=f"{CANARY} 42")
    for done in STEPS[: step + 1]:
        done("42")

    def summarise_while_forgetting(_prompt: object) -> str:
        erase_person("42", wait=not_waiting)
        return f"Собеседник говорил: {CANARY} 42, и больше ничего."

    compress_memory("42", chain=chain_of(ScriptedProvider(summarise_while_forgetting)))
    erase_person("42", wait=not_waiting)

    assert find_traces("42", media) == []
    assert MemoryEvent.objects.count() == 0
