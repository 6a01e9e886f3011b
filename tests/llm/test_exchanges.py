"""Exchanges in the database: what is recorded comes there, is summed up by day, and goes with its person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from llm import exchanges
from llm.call import ExchangeRecord
from llm.exchange_writer import SETTLED_S
from llm.exchanges import DailyUse, record_exchange
from llm.models import Exchange
from llm.prompt import Purpose
from tests import services
from tests.harness.days import OFFSETS, find_quiet_zone
from tests.harness.processes import wait_until

pytestmark = pytest.mark.django_db

RECORD = ExchangeRecord(
    user_id="42",
    provider="vendor",
    model="best",
    purpose=Purpose.REPLY,
    outcome="ok",
    prompt_tokens=100,
    completion_tokens=20,
    first_token_s=0.25,
    duration_s=1.5,
    trace_id="0" * 31 + "1",
)


def keep(at: datetime | None = None, **changes: Any) -> None:
    """Keep an exchange of some time, now unless told."""
    fields = {"user_id": "42", "provider": "vendor", "purpose": "reply", "outcome": "ok"}
    tokens = {"prompt_tokens": 100, "completion_tokens": 20}
    Exchange.objects.create(**{**fields, **tokens, "created_at": at or timezone.now(), **changes})


def test_what_is_recorded_is_in_the_database_before_long() -> None:
    began_at = timezone.now() - timedelta(seconds=1)

    record_exchange(replace(RECORD, user_id="41"))
    wait_until(lambda: Exchange.objects.count() == 1, what="the exchange")
    Exchange.objects.all().delete()

    record_exchange(RECORD)
    record_exchange(
        replace(RECORD, user_id="43", purpose=Purpose.SUMMARY, first_token_s=None, is_estimated=True)
    )
    assert exchanges.flush_exchanges()  # at once: what is written late names nobody

    first, second = Exchange.objects.order_by("user_id")
    assert {name: getattr(first, name) for name in RECORD.__dataclass_fields__} == {
        name: getattr(RECORD, name) for name in RECORD.__dataclass_fields__
    }
    assert (second.user_id, second.purpose, second.first_token_s, second.is_estimated) == (
        "43",
        "summary",
        None,
        True,
    )
    assert began_at <= first.created_at <= timezone.now()
    stored = connection.get_collection("llm_exchanges").find_one()  # type: ignore[attr-defined]
    assert set(stored) == {field.column for field in Exchange._meta.concrete_fields}


def test_what_is_there_already_changes_nothing_and_holds_nothing_up() -> None:
    rows = [exchanges._build_row(replace(RECORD, model=str(number))) for number in range(3)]

    assert exchanges._insert_rows(rows[:2]) == 0
    assert exchanges._insert_rows([{**row, "model": "другая"} for row in rows[:2]] + rows[2:]) == 0

    assert sorted(Exchange.objects.values_list("model", flat=True)) == ["0", "1", "2"]


def test_while_the_database_is_away_exchanges_wait_for_it() -> None:
    services.mongodb().stop()
    try:
        record_exchange(RECORD)
        assert not exchanges.flush_exchanges()
    finally:
        services.mongodb().start()

    wait_until(Exchange.objects.exists, what="the exchange")
    assert Exchange.objects.get().outcome == "ok"


def test_tokens_of_a_time_are_those_of_this_person_and_purpose() -> None:
    now = timezone.now()
    keep(now)
    keep(now - timedelta(hours=1), outcome="unavailable")
    keep(now - timedelta(hours=3))
    keep(now, user_id="43")
    keep(now, purpose="summary")
    since = now - timedelta(hours=2)

    assert exchanges.sum_tokens("42", since=since) == 240
    assert exchanges.sum_tokens("42", since=since, purpose=Purpose.SUMMARY) == 120
    assert exchanges.sum_tokens("nobody", since=since) == 0


def test_a_day_is_one_of_the_configured_zone(settings: Any) -> None:
    settings.TIME_ZONE = zone = find_quiet_zone()

    today, yesterday = exchanges.begin_day(), exchanges.begin_day(days_ago=1)

    assert f"{today:%H:%M %z}" == f"00:00 {OFFSETS[zone]}"
    assert timedelta(0) <= timezone.now() - today < timedelta(days=1)
    assert today - yesterday == timedelta(days=1)


def test_use_is_told_day_by_day(settings: Any) -> None:
    settings.TIME_ZONE = find_quiet_zone()
    today = exchanges.begin_day()
    keep(today)
    keep(today, outcome="unavailable", prompt_tokens=0, completion_tokens=0)
    keep(today, user_id="43", outcome="stopped")
    keep(today - timedelta(milliseconds=1))
    keep(today - timedelta(days=2))
    keep(today - timedelta(days=2, milliseconds=1))

    def use(days_ago: int, calls: int, failures: int, tokens: int) -> DailyUse:
        day: date = (today - timedelta(days=days_ago)).date()
        return DailyUse(day=day, exchanges=calls, failures=failures, tokens=tokens)

    assert exchanges.list_daily_use("42", days=3) == [use(2, 1, 0, 120), use(1, 1, 0, 120), use(0, 2, 1, 120)]
    assert exchanges.list_daily_use(None, days=1) == [use(0, 3, 1, 240)]
    assert exchanges.list_daily_use("nobody", days=90) == []


def test_somebodys_exchanges_come_oldest_first() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    for hours in (2, 0, 1):
        keep(at + timedelta(hours=hours), model=str(hours))
    keep(at, user_id="43")

    assert [exchange.model for exchange in exchanges.iterate_exchanges("42")] == ["0", "1", "2"]


def test_who_is_erased_is_erased_from_what_waits_as_well() -> None:
    keep()
    keep(user_id="43")
    record_exchange(RECORD)

    exchanges.erase_exchanges("42")

    assert exchanges.flush_exchanges()
    assert Exchange.objects.get().user_id == "43"


def test_what_another_process_writes_meanwhile_is_erased_in_the_end() -> None:
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        keep()

    exchanges.erase_late_exchanges("42", wait=wait)

    assert waited == [SETTLED_S]
    assert not Exchange.objects.exists()


def read_expiry() -> int:
    indexes = connection.get_collection("llm_exchanges").index_information()  # type: ignore[attr-defined]
    return int(indexes["exchange_created_at_ttl"]["expireAfterSeconds"])


def test_another_age_of_exchanges_is_applied_by_a_migration(settings: Any) -> None:
    ages = []
    for days in (30, 90):
        settings.EXCHANGE_TTL_DAYS = days
        call_command("migrate", verbosity=0)
        ages.append(read_expiry())

    assert ages == [30 * 86_400, 90 * 86_400]
