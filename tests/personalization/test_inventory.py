"""What is remembered, item by item, and struck out for good."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from personalization.domain import memory
from personalization.domain.compression import Status, compress_memory
from personalization.domain.files import arriving, store_file
from personalization.domain.inventory import (
    LISTED_EVENTS,
    PAGE_ITEMS,
    Deletion,
    Item,
    ItemKind,
    delete_item,
    read_page,
)
from personalization.domain.profiles import get_profile
from personalization.enums import MemorySource
from personalization.models import MemoryEvent, StoredFile
from tests.factories.personalization import EventFactory, ProfileFactory, fill_memory
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

NOTES = "Собеседник рассказал о многом."


def list_everything(user_id: str = "42") -> list[Item]:
    items: list[Item] = []
    number = 0
    while True:
        page = read_page(user_id, number)
        items += page.items
        if page.is_last:
            return items
        number += 1


def strike_out(item: Item, user_id: str = "42") -> Deletion:
    return delete_item(user_id, item.kind, item.reference)


def store_text_file(user_id: str, name: str, text: str) -> uuid.UUID:
    file_id = uuid.uuid4()
    with arriving(file_id) as place:
        place.write_text(text)
        store_file(
            place, file_id=file_id, user_id=user_id, name=name, mime_type="text/plain", kind="text", text=text
        )
    return file_id


def test_items_come_newest_first_whatever_their_kind(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    now = datetime.now(UTC).replace(microsecond=0)
    ProfileFactory(
        user_id="42",
        preferred_topics=["чай"],
        memory_summary="Зовут Анна.",
        summarized_until_at=now - timedelta(days=3),
        summarized_until_id=ObjectId(),
        created_at=now - timedelta(days=9),
    )
    for role, content, at, source in (
        ("user", "вопрос", now - timedelta(days=2), "voice"),
        ("assistant", "ответ", now - timedelta(days=2, seconds=-1), "voice"),
        ("user", "без ответа", now - timedelta(days=1), "text"),
    ):
        EventFactory(user_id="42", role=role, content=content, created_at=at, source=source)
    store_text_file("42", "опись.txt", "ложки")

    items = list_everything()

    assert [(item.kind, item.text, item.answer) for item in items] == [
        (ItemKind.FILE, "опись.txt", ""),
        (ItemKind.TURN, "без ответа", ""),
        (ItemKind.TURN, "вопрос", "ответ"),
        (ItemKind.SUMMARY, "Зовут Анна.", ""),
        (ItemKind.TOPIC, "чай", ""),
    ]
    turn, summary = items[2], items[3]
    assert turn.source is MemorySource.VOICE
    assert turn.expires_at == turn.at + timedelta(days=90)
    assert summary.expires_at is None


def test_a_page_beyond_the_last_is_the_last() -> None:
    get_profile("42")
    fill_memory("42", 4 * PAGE_ITEMS + 2)

    page = read_page("42", 9)

    assert (page.number, page.is_last, page.first) == (2, True, 2 * PAGE_ITEMS + 1)
    assert [item.text for item in page.items] == ["событие 0"]
    assert read_page("nobody", 9).items == ()


def test_a_memory_past_all_bounds_shows_its_newest_part() -> None:
    get_profile("42")
    fill_memory("42", LISTED_EVENTS + 4)

    assert read_page("42", 0).items[0].answer == f"событие {LISTED_EVENTS + 3}"
    assert read_page("42", LISTED_EVENTS).items[-1].text == "событие 4"


@pytest.mark.usefixtures("filled")
def test_every_kind_of_item_is_struck_out_once_and_alone() -> None:
    for item in list_everything():
        others = [other for other in list_everything() if other != item]

        assert strike_out(item) is Deletion.DONE
        assert list_everything() == others
        assert strike_out(item) is Deletion.GONE

    assert (MemoryEvent.objects.count(), StoredFile.objects.count()) == (0, 0)


@pytest.mark.usefixtures("filled")
def test_nobody_strikes_out_what_is_anothers() -> None:
    get_profile("43")
    before = list_everything()

    assert {strike_out(item, "43") for item in before} == {Deletion.GONE}
    assert list_everything() == before


@pytest.mark.parametrize("reference", ["", "x", "$ne", "0" * 48, "e" * 500, "ё"])
def test_a_reference_that_is_none_deletes_nothing(reference: str) -> None:
    get_profile("42")
    fill_memory("42", 2)

    assert {delete_item("42", kind, reference) for kind in ItemKind} == {Deletion.GONE}
    assert MemoryEvent.objects.count() == 2


@pytest.fixture
def filled(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    ProfileFactory(user_id="42", preferred_topics=["чай", "шахматы"], memory_summary="Зовут Анна.")
    fill_memory("42", 5)
    store_text_file("42", "опись.txt", "ложки")


def test_what_is_struck_out_while_a_summary_is_made_does_not_come_back_in_it() -> None:
    get_profile("42")
    fill_memory("42", 52)
    oldest = list_everything()[-1]

    def summarise_while_striking_out(_prompt: object) -> str:
        assert strike_out(oldest) is Deletion.DONE
        return NOTES

    outcome = compress_memory("42", chain=chain_of(ScriptedProvider(summarise_while_striking_out)))

    assert outcome.status is Status.SUPERSEDED
    assert get_profile("42").memory_summary is None
    assert len(list_everything()) == 25


def test_a_summary_struck_out_while_the_next_one_is_made_does_not_live_on_in_it() -> None:
    ProfileFactory(user_id="42", memory_summary="Зовут Анна.")
    fill_memory("42", 52)
    (summary,) = [item for item in list_everything() if item.kind is ItemKind.SUMMARY]

    def summarise_while_striking_out(_prompt: object) -> str:
        assert strike_out(summary) is Deletion.DONE
        return NOTES

    outcome = compress_memory("42", chain=chain_of(ScriptedProvider(summarise_while_striking_out)))

    assert outcome.status is Status.SUPERSEDED
    assert get_profile("42").memory_summary is None


def test_who_strikes_out_what_the_summary_has_taken_in_is_told_so() -> None:
    get_profile("42")
    events = fill_memory("42", 4)
    oldest = list_everything()[-1]
    memory.raise_watermark("42", memory.position_of(events[1]))  # stored, and not yet deleted

    assert strike_out(oldest) is Deletion.SUMMARISED
    assert MemoryEvent.objects.count() == 2


def test_killed_between_the_words_and_the_event_the_repeat_finishes() -> None:
    get_profile("42")
    fill_memory("42", 4)
    newest = list_everything()[0]
    MemoryEvent.objects.filter(content__in=["событие 2", "событие 3"]).update(content="")

    assert strike_out(newest) is Deletion.DONE
    assert [item.text for item in list_everything()] == ["событие 0"]


def test_an_old_button_leaves_a_newer_summary_alone() -> None:
    ProfileFactory(user_id="42", memory_summary="Зовут Анна.")
    (old,) = list_everything()
    fill_memory("42", 52)
    compress_memory("42", chain=chain_of(ScriptedProvider(NOTES)))

    assert strike_out(old) is Deletion.GONE
    assert get_profile("42").memory_summary == NOTES
