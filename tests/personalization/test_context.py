from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from personalization.domain import memory
from personalization.domain.context import read_context
from personalization.domain.profiles import get_profile
from personalization.models import MemoryEvent, UserProfile
from tests.factories.personalization import fill_memory

pytestmark = pytest.mark.django_db


def test_somebody_new_gets_the_default_profile_and_no_events() -> None:
    context = read_context("42")

    assert (context.profile.user_id, context.profile.language, context.events) == ("42", "ru", [])
    assert UserProfile.objects.count() == 1


@given(count=st.integers(0, 9), cleared=st.integers(0, 9), cap=st.integers(1, 9))
@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_context_is_the_profile_with_its_last_events_above_the_watermark(
    settings: Any, count: int, cleared: int, cap: int
) -> None:
    settings.MEMORY_CAP = cap
    MemoryEvent.objects.all().delete()
    UserProfile.objects.all().delete()
    get_profile("42")
    events = fill_memory("42", count)
    fill_memory("43", 3)
    if has_watermark := 0 < cleared <= count:
        memory.raise_watermark("42", memory.position_of(events[cleared - 1]))

    context = read_context("42")

    expected = (events[cleared:] if has_watermark else events)[-(cap + 1) :]
    assert [(event.pk, event.content) for event in context.events] == [
        (event.pk, event.content) for event in expected
    ]
    assert [memory.position_of(event) for event in context.events] == list(map(memory.position_of, expected))


def test_a_pair_that_is_about_to_be_replaced_is_left_out() -> None:
    get_profile("42")
    memory.store_pair(
        user_id="42",
        key="a",
        message="Первое",
        reply="Ответ",
        source=memory.MemorySource.TEXT,
        asked_at=get_profile("42").created_at,
        not_before=None,
    )
    fill_memory("42", 2)

    assert len(read_context("42").without("a").events) == 2
    assert len(read_context("42").without("b").events) == 4
