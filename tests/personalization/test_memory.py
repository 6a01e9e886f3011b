from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalization.domain import memory
from personalization.domain.profiles import get_profile
from personalization.enums import MemoryRole, MemorySource
from personalization.models import MemoryEvent
from tests.factories.personalization import EventFactory, fill_memory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def store(
    key: str, *, message: str = "вопрос", reply: str = "ответ", not_before: datetime | None = None
) -> None:
    memory.store_pair(
        user_id="42",
        key=key,
        message=message,
        reply=reply,
        source=MemorySource.TEXT,
        asked_at=NOON,
        not_before=not_before,
    )


def contents(user_id: str = "42", *, limit: int = 100) -> list[str]:
    return [event.content for event in memory.list_recent_events(get_profile(user_id), limit=limit)]


def test_a_pair_is_stored_in_the_order_it_was_said() -> None:
    store("a")

    question, answer = memory.list_recent_events(get_profile("42"), limit=10)
    assert (question.role, question.content, question.source) == ("user", "вопрос", "text")
    assert (answer.role, answer.content) == ("assistant", "ответ")
    assert question.created_at == NOON
    assert question.event_id != answer.event_id


def test_storing_a_pair_again_changes_nothing() -> None:
    store("a")
    store("a", reply="другой ответ")

    assert contents() == ["вопрос", "ответ"]


def test_a_half_stored_pair_is_completed() -> None:
    store("a")
    MemoryEvent.objects.filter(role=MemoryRole.ASSISTANT).delete()

    store("a")

    assert contents() == ["вопрос", "ответ"]


def test_the_stored_reply_is_found_by_its_key() -> None:
    store("a")

    assert memory.find_stored_reply("a") == "ответ"
    assert memory.find_stored_reply("b") is None


def test_an_event_never_slips_below_what_is_there() -> None:
    store("a", not_before=NOON + timedelta(hours=1))

    question, answer = memory.list_recent_events(get_profile("42"), limit=10)
    assert NOON + timedelta(hours=1) < question.created_at <= answer.created_at


def test_recent_events_are_the_last_ones_oldest_first() -> None:
    fill_memory("42", 10)

    assert contents(limit=3) == ["событие 7", "событие 8", "событие 9"]


def test_events_of_one_millisecond_keep_their_order() -> None:
    for number in range(20):
        EventFactory(user_id="42", content=str(number), created_at=NOON)

    assert contents(limit=5) == ["15", "16", "17", "18", "19"]


@given(offsets_ms=st.lists(st.integers(0, 3), min_size=1, max_size=12), limit=st.integers(1, 15))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_is_total(offsets_ms: list[int], limit: int) -> None:
    MemoryEvent.objects.all().delete()
    for offset_ms in offsets_ms:
        EventFactory(user_id="42", created_at=NOON + timedelta(milliseconds=offset_ms))

    found = memory.list_recent_events(get_profile("42"), limit=limit)
    expected = sorted(MemoryEvent.objects.all(), key=memory.position_of)[-limit:]
    assert [event.pk for event in found] == [event.pk for event in expected]


def test_events_at_or_below_the_watermark_are_not_read() -> None:
    events = fill_memory("42", 6)
    get_profile("42")
    memory.raise_watermark("42", memory.position_of(events[2]))

    assert contents() == ["событие 3", "событие 4", "событие 5"]


def test_the_watermark_tells_events_of_one_millisecond_apart() -> None:
    events = [EventFactory(user_id="42", content=str(number), created_at=NOON) for number in range(4)]
    get_profile("42")
    memory.raise_watermark("42", memory.position_of(events[1]))

    assert contents() == ["2", "3"]
    assert memory.delete_below("42", memory.position_of(events[1])) == 2
    assert contents() == ["2", "3"]


def test_the_watermark_never_falls() -> None:
    events = fill_memory("42", 4)
    get_profile("42")
    memory.raise_watermark("42", memory.position_of(events[2]))
    memory.raise_watermark("42", memory.position_of(events[0]))

    assert contents() == ["событие 3"]


def test_clearing_empties_the_conversation_of_one_person() -> None:
    fill_memory("42", 4)
    fill_memory("43", 4)
    get_profile("42")

    assert memory.clear_context("42") == 4

    assert contents("42") == []
    assert len(contents("43")) == 4


def test_what_is_said_after_clearing_is_remembered() -> None:
    fill_memory("42", 4)
    get_profile("42")
    memory.clear_context("42")
    watermark = memory.watermark_of(get_profile("42"))
    assert watermark is not None

    store("a", not_before=watermark.at)

    assert contents() == ["вопрос", "ответ"]


def test_one_person_never_reads_anothers_events() -> None:
    fill_memory("42", 3, content="моё")
    fill_memory("43", 3, content="чужое")

    assert contents("42") == ["моё 0", "моё 1", "моё 2"]
