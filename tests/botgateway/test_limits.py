from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from botgateway.domain.limits import WINDOW_S, Refusal, admit, spend_tokens
from botgateway.wording.limits import LimitsPhrase
from botgateway.wording.phrase import say_plain
from llm import exchanges
from llm.call import ExchangeRecord
from llm.models import Exchange
from llm.prompt import Purpose
from personalization.enums import Language
from redis_connection import redis_client
from tests.harness.days import OFFSETS, find_quiet_zone

pytestmark = pytest.mark.django_db

TOAST_MAX_CHARS = 200  # core.telegram.org/bots/api#answercallbackquery
QUESTIONS = "limit:questions:7"


@pytest.fixture(autouse=True)
def _three_a_minute(settings: Any) -> None:
    redis_client().flushdb()
    settings.TIME_ZONE = find_quiet_zone()
    settings.RATE_LIMIT_PER_MINUTE = 3
    settings.DAILY_TOKEN_BUDGET = 100


def ask(key: object, *, user_id: str = "7") -> Refusal | None:
    return admit(user_id, question_key=str(key))


def answer(tokens: int, *, user_id: str = "7") -> None:
    """Let an answer have cost so much: that is recorded, to be written a moment later, and counted."""
    call = ExchangeRecord(
        user_id=user_id,
        provider="vendor",
        model="best",
        purpose=Purpose.REPLY,
        outcome="ok",
        completion_tokens=tokens,
    )
    exchanges.record_exchange(call)
    spend_tokens(user_id, tokens)


def let_pass(seconds: float) -> None:
    """Let the questions so far have been asked that much earlier."""
    for key, asked_at_ms in redis_client().zrange(QUESTIONS, 0, -1, withscores=True):
        redis_client().zadd(QUESTIONS, {key: asked_at_ms - seconds * 1000})


def test_so_many_questions_a_minute_and_no_more() -> None:
    assert [ask(number) for number in range(3)] == [None, None, None]

    refusal = ask(3)

    assert refusal is not None
    assert not refusal.is_budget
    assert timezone.now() < refusal.retry_at <= timezone.now() + timedelta(seconds=WINDOW_S)
    assert ask(3, user_id="8") is None


def test_the_window_slides() -> None:
    ask(0)
    let_pass(WINDOW_S / 2)
    ask(1)
    ask(2)
    assert ask(3) is not None

    let_pass(WINDOW_S / 2 + 1)

    assert ask(4) is None
    assert ask(5) is not None


def test_a_question_counts_once_however_often_it_is_asked_about() -> None:
    for _ in range(5):
        assert ask(0) is None
    assert [ask(1), ask(2)] == [None, None]
    answer(1_000)

    assert [ask(number) for number in range(3)] == [None, None, None]


def test_of_many_at_once_exactly_as_many_get_in_as_may() -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(24)))

    assert answers.count(None) == 3


def test_the_rate_is_told_once_and_to_the_question_that_told_it_again() -> None:
    for number in range(3):
        ask(number)

    told = [refusal.is_told for key in (3, 4, 3, 5) if (refusal := ask(key))]

    assert told == [False, True, False, True]


def test_tokens_of_the_day_are_a_budget_of_their_own() -> None:
    answer(60)
    assert ask(0) is None
    answer(60)

    refusals = [ask(1), ask(2)]

    assert [(refusal.is_budget, refusal.is_told) for refusal in refusals if refusal] == [
        (True, False),
        (True, True),
    ]
    assert ask(1, user_id="8") is None


def test_the_budget_holds_when_redis_is_lost_in_the_middle_of_the_day() -> None:
    assert ask(0) is None
    answer(60)
    redis_client().flushdb()
    answer(60)  # of a question that was let in before

    assert [refusal.is_budget for number in (1, 2) if (refusal := ask(number))] == [True, True]
    assert ask(1, user_id="8") is None


def test_what_was_read_once_is_counted_on_from_there() -> None:
    answer(60)
    assert ask(0) is None
    answer(30)
    assert ask(1) is None
    answer(30)

    assert ask(2) is not None


def test_only_replies_of_today_count_towards_the_budget() -> None:
    answer(1_000)
    exchanges.flush_exchanges()
    Exchange.objects.update(created_at=exchanges.begin_day() - timedelta(seconds=1))
    Exchange.objects.create(
        user_id="7", provider="vendor", purpose="summary", outcome="ok", prompt_tokens=1_000
    )

    assert ask(0) is None


def test_without_a_budget_no_tokens_are_read_or_counted(settings: Any) -> None:
    settings.DAILY_TOKEN_BUDGET = 0

    assert ask(0) is None
    answer(1_000)

    assert redis_client().keys("limit:tokens:*") == []


def test_the_budget_is_renewed_at_midnight_of_the_configured_zone(settings: Any) -> None:
    answer(100)

    refusal = ask(0)

    assert refusal is not None
    assert f"{refusal.retry_at:%H:%M %z}" == f"00:00 {OFFSETS[settings.TIME_ZONE]}"
    assert timedelta(0) < refusal.retry_at - datetime.now(UTC) <= timedelta(days=1)
    (key,) = redis_client().keys("limit:tokens:*")
    assert 0 < redis_client().ttl(key) <= 25 * 3_600


@pytest.mark.parametrize("limit", ["RATE_LIMIT_PER_MINUTE", "DAILY_TOKEN_BUDGET"])
def test_zero_switches_one_limit_off_and_leaves_the_other(settings: Any, limit: str) -> None:
    setattr(settings, limit, 0)
    numbers = count()
    answer(1_000)

    refusals = [refusal for _ in range(5) if (refusal := ask(next(numbers)))]

    assert {refusal.is_budget for refusal in refusals} == {limit == "RATE_LIMIT_PER_MINUTE"}


def test_without_limits_redis_is_not_asked(settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = settings.DAILY_TOKEN_BUDGET = 0

    assert ask(0) is None
    answer(1_000)

    assert redis_client().keys("limit:*") == []


def test_nothing_of_a_person_stays_for_longer_than_a_day_and_an_hour() -> None:
    for number in range(5):
        ask(number)
    answer(100)
    ask(9)

    keys = redis_client().keys("limit:*")

    assert len(keys) == 4
    assert all(0 < redis_client().ttl(key) <= 25 * 3_600 for key in keys)


def test_what_is_told_fits_into_a_toast() -> None:
    for language in Language.values:
        slots = {"time": "00:00", "zone": say_plain(LimitsPhrase.MOSCOW_TIME, language=language)}

        for phrase in (LimitsPhrase.TOO_FAST, LimitsPhrase.DAY_SPENT):
            assert len(say_plain(phrase, language=language, **slots)) <= TOAST_MAX_CHARS
