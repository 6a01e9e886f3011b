from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.errors import (
    AnswerRefused,
    AuthenticationRejected,
    BadAnswer,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TimedOut,
    Unavailable,
)
from llm.retry import LONGEST_PAUSE_S, WINDOW_S, Attempts, RetryPolicy, find_long_wait, is_worth_retrying
from tests.harness.chains import Clock

GONE = Unavailable("no connection", provider="p")


def limited(retry_after_s: float | None) -> RateLimited:
    return RateLimited("status 429", provider="p", retry_after_s=retry_after_s)


@pytest.mark.parametrize(
    "error", [GONE, limited(None), limited(2.0), limited(LONGEST_PAUSE_S), BadAnswer("cut", provider="p")]
)
def test_what_may_soon_pass_is_tried_again(error: LLMError):
    assert is_worth_retrying(error)
    assert find_long_wait(error) == 0


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("no answer in time", provider="p"),
        limited(LONGEST_PAUSE_S + 1),
        AnswerRefused("withheld", provider="p"),
        Rejected("status 400", provider="p"),
        AuthenticationRejected("status 401", provider="p"),
        QuotaExhausted("status 402", provider="p"),
        ModelNotFound("status 404", provider="p"),
        ContextTooLong("too long", provider="p"),
    ],
)
def test_what_stays_as_it_is_or_has_taken_its_time_is_not(error: LLMError):
    assert not is_worth_retrying(error)
    assert RetryPolicy(5).find_pause(error, retried=0, elapsed_s=0.0) is None


def test_the_interval_doubles_up_to_its_longest():
    policy = RetryPolicy(10, random=lambda: 1.0)

    pauses = [policy.find_pause(GONE, retried=retried, elapsed_s=0.0) for retried in range(7)]

    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_the_vendor_is_not_asked_earlier_than_it_wants_and_not_by_all_at_once():
    policy = RetryPolicy(2, random=lambda: 0.5)

    assert policy.find_pause(limited(3.0), retried=0, elapsed_s=0.0) == 3.25
    assert policy.find_pause(limited(0.0), retried=0, elapsed_s=0.0) == 0.25


def test_no_call_begins_after_the_window_or_beyond_the_number():
    policy = RetryPolicy(2, random=lambda: 1.0)

    assert policy.find_pause(GONE, retried=0, elapsed_s=WINDOW_S - 0.5) == 0.5
    assert policy.find_pause(GONE, retried=0, elapsed_s=WINDOW_S - 0.4) is None
    assert policy.find_pause(GONE, retried=2, elapsed_s=0.0) is None
    assert RetryPolicy(0).find_pause(GONE, retried=0, elapsed_s=0.0) is None


@given(
    retries=st.integers(0, 2_000),
    draws=st.floats(0, 1, exclude_max=True),
    asked_s=st.none() | st.floats(0, LONGEST_PAUSE_S),
    call_s=st.floats(0.01, WINDOW_S),
)
def test_every_pause_is_within_its_bounds_and_every_call_within_the_window(
    retries: int, draws: float, asked_s: float | None, call_s: float
):
    clock = Clock()
    attempts = Attempts(RetryPolicy(retries, random=lambda: draws), clock=clock)
    began_at, calls = clock.now, 1

    clock.now += call_s
    while (pause_s := attempts.find_pause(limited(asked_s))) is not None:
        assert (asked_s or 0.0) <= pause_s <= (asked_s or 0.0) + LONGEST_PAUSE_S
        clock.now += pause_s
        assert clock.now - began_at <= WINDOW_S + 1e-6
        calls += 1
        clock.now += call_s

    assert calls <= retries + 1
