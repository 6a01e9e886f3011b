"""Hours are summed up from what is stored, as often as one likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botgateway.enums import AccessState, UpdateStatus
from botgateway.models import InboxUpdate, Person
from llm.models import Exchange
from observability.figures import HOUR, Sample, compute_figures
from observability.models import HourlyFigures
from personalization.models import Compression
from tests.factories.digests import DigestFactory
from tests.factories.personalization import fill_memory

NOW = datetime(2026, 3, 5, 14, 20, tzinfo=UTC)
THIS_HOUR = NOW.replace(minute=0)
ALL_HOURS = 143  # of the six days that the inbox is kept, less the one that is about to go
_update_ids = count(1)


def receive(
    at: datetime, status: UpdateStatus, *, after_s: float | None = None, **fields: Any
) -> InboxUpdate:
    answered_at = None if after_s is None else at + timedelta(seconds=after_s)
    return InboxUpdate.objects.create(
        update_id=next(_update_ids),
        kind=fields.pop("kind", "message"),
        trace_id="",
        received_at=at,
        status=status,
        answered_at=answered_at,
    )


def ask_model(at: datetime, outcome: str = "ok", **fields: Any) -> None:
    Exchange.objects.create(
        **{"provider": "here", "purpose": "reply", "outcome": outcome, "created_at": at, **fields}
    )


def figures_of(hour: datetime) -> HourlyFigures:
    return HourlyFigures.objects.get(hour=hour)


@pytest.mark.django_db
def test_an_hour_counts_what_was_received_within_it() -> None:
    for place, after_s in enumerate((1.0, 2.0, 3.0, 40.0)):
        receive(THIS_HOUR + timedelta(minutes=place), UpdateStatus.ANSWERED, after_s=after_s)
    receive(THIS_HOUR, UpdateStatus.PARKED)
    receive(THIS_HOUR, UpdateStatus.PENDING)
    receive(THIS_HOUR, UpdateStatus.IGNORED, after_s=900.0)
    receive(THIS_HOUR, UpdateStatus.ANSWERED, after_s=0.001, kind="callback_query")
    receive(THIS_HOUR - timedelta(milliseconds=1), UpdateStatus.ANSWERED, after_s=90.0)
    receive(THIS_HOUR + HOUR, UpdateStatus.ANSWERED, after_s=90.0)

    compute_figures(now=NOW)

    found = figures_of(THIS_HOUR)
    assert (found.messages, found.errors, found.pending) == (6, 1, 1)
    assert found.latencies_ms == [2_000.0, 40_000.0]
    assert figures_of(THIS_HOUR - HOUR).latencies_ms == [90_000.0, 90_000.0]


@pytest.mark.django_db
def test_an_hour_sums_up_models_compressions_and_digests() -> None:
    ask_model(NOW, prompt_tokens=100, completion_tokens=20, first_token_s=0.25)
    ask_model(NOW, "stopped", prompt_tokens=10, completion_tokens=2, first_token_s=0.5)
    ask_model(NOW, "timed_out", prompt_tokens=1)
    ask_model(NOW, prompt_tokens=1_000, completion_tokens=50, first_token_s=9.0, purpose="summary")
    for status in ("ok", "ok", "rejected"):
        Compression.objects.create(user_id="1", status=status, created_at=NOW)
    for day, status in (("2026-01-01", "written"), ("2026-01-02", "written"), ("2026-01-03", "failed")):
        DigestFactory.create(day=day, status=status, created_at=NOW)
    DigestFactory.create(is_synthetic=True, created_at=NOW)

    compute_figures(now=NOW)

    found = figures_of(THIS_HOUR)
    assert (found.exchanges, found.failed_exchanges) == (4, 1)
    assert (found.prompt_tokens, found.completion_tokens) == (1_111, 72)
    assert found.first_tokens_ms == [250.0, 500.0]
    assert found.compressions == {"ok": 2, "rejected": 1}
    assert found.digests == {"written": 2, "failed": 1}


@pytest.mark.django_db
def test_what_there_is_of_people_and_memory_is_noted_for_the_hour_under_way_alone() -> None:
    for number, state in enumerate((AccessState.APPROVED, AccessState.APPROVED, AccessState.BLOCKED)):
        Person.objects.create(user_id=str(number), access_state=state)
    fill_memory("1", 4)

    compute_figures(now=NOW)

    found, earlier = figures_of(THIS_HOUR), figures_of(THIS_HOUR - HOUR)
    assert (found.people, found.approved_people, found.memory_events) == (3, 2, 4)
    assert (earlier.people, earlier.approved_people, earlier.memory_events) == (None, None, None)

    Person.objects.create(user_id="late")
    compute_figures(now=NOW + HOUR)

    assert figures_of(THIS_HOUR).people == 3  # of which nobody can tell any more how many came afterwards
    assert figures_of(THIS_HOUR + HOUR).people == 4


@pytest.mark.django_db
def test_computing_again_changes_nothing_and_makes_up_for_missed_hours() -> None:
    receive(NOW - 100 * HOUR, UpdateStatus.ANSWERED, after_s=1.0)
    assert compute_figures(now=NOW) == ALL_HOURS
    before = list(HourlyFigures.objects.order_by("hour").values())

    assert compute_figures(now=NOW) == 3
    after = list(HourlyFigures.objects.order_by("hour").values())
    for row in (*before, *after):
        row.pop("computed_at")
    assert after == before
    assert figures_of(THIS_HOUR - 100 * HOUR).messages == 1

    HourlyFigures.objects.filter(hour__lt=THIS_HOUR - 99 * HOUR).delete()
    assert compute_figures(now=NOW) == 3 + ALL_HOURS - 100
    assert figures_of(THIS_HOUR - 100 * HOUR).messages == 1
    assert HourlyFigures.objects.count() == ALL_HOURS


@pytest.mark.django_db
def test_an_hour_is_settled_when_its_last_message_is() -> None:
    waiting = receive(NOW, UpdateStatus.PENDING)
    compute_figures(now=NOW)
    compute_figures(now=NOW + 9 * HOUR)
    assert figures_of(THIS_HOUR).pending == 1

    InboxUpdate.objects.filter(pk=waiting.pk).update(
        status=UpdateStatus.ANSWERED, answered_at=NOW + 10 * HOUR
    )
    compute_figures(now=NOW + 10 * HOUR)
    assert figures_of(THIS_HOUR).latencies_ms == [36_000_000.0, 36_000_000.0]
    assert compute_figures(now=NOW + 10 * HOUR) == 3


@pytest.mark.django_db
def test_what_the_inbox_has_begun_to_forget_is_not_counted_anew() -> None:
    receive(NOW, UpdateStatus.PENDING)
    compute_figures(now=NOW)
    InboxUpdate.objects.all().delete()

    compute_figures(now=NOW + timedelta(days=6))

    assert figures_of(THIS_HOUR).messages == 1


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200))
def test_percentiles_are_values_that_occurred(values: list[float]) -> None:
    sample = Sample()
    for value in values:
        sample.add(value)

    p50, p95 = sample.percentiles()

    assert {p50, p95} <= set(values)
    assert sum(value <= p50 for value in values) >= len(values) / 2
    assert sum(value < p50 for value in values) < len(values) / 2
    assert sum(value <= p95 for value in values) >= 0.95 * len(values)


def test_of_too_many_values_a_fair_sample_is_kept() -> None:
    sample = Sample(size=2_000)
    for value in range(100_000):
        sample.add(float(value))

    p50, p95 = sample.percentiles()

    assert len(sample.values) == 2_000
    assert p50 == pytest.approx(50_000, abs=5_000)
    assert p95 == pytest.approx(95_000, abs=2_500)
    assert Sample().percentiles() == []
