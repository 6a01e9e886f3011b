from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from llm.breaker import LONGEST_PAUSE_S, Breaker, Breakers, Permit
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
from tests.harness.chains import Clock

PAUSE_S = 30.0
GONE = Unavailable("no connection", provider="p")


def breaker_of(clock: Clock, *, failures_to_open: int = 3, name: str = "p") -> Breaker:
    return Breaker(name, failures_to_open=failures_to_open, pause_s=PAUSE_S, clock=clock)


def call(breaker: Breaker, error: LLMError | None = None) -> bool:
    """Make a call that ends like this; return whether it was let through."""
    permit = breaker.admit()
    if permit is None:
        return False
    with permit:
        permit.end(error)
    return True


def admitted(breaker: Breaker) -> Permit:
    permit = breaker.admit()
    assert permit is not None
    return permit


def opened(clock: Clock) -> Breaker:
    breaker = breaker_of(clock)
    for _ in range(3):
        call(breaker, GONE)
    return breaker


@pytest.mark.parametrize(
    "error",
    [
        GONE,
        TimedOut("no answer in time", provider="p"),
        RateLimited("status 429", provider="p"),
        AuthenticationRejected("status 401", provider="p"),
        QuotaExhausted("status 402", provider="p"),
    ],
)
def test_failures_in_a_row_open_it_for_the_pause(error: LLMError):
    clock = Clock()
    breaker = breaker_of(clock)

    assert [call(breaker, error) for _ in range(4)] == [True, True, True, False]

    clock.now += PAUSE_S - 0.1
    assert breaker.is_open
    clock.now += 0.1
    assert not breaker.is_open
    assert call(breaker)


@pytest.mark.parametrize(
    "error",
    [
        None,
        BadAnswer("empty", provider="p"),
        AnswerRefused("withheld", provider="p"),
        Rejected("status 400", provider="p"),
        ModelNotFound("status 404", provider="p"),
        ContextTooLong("too long", provider="p"),
    ],
)
def test_whoever_answers_is_there_whatever_the_answer(error: LLMError | None):
    breaker = breaker_of(Clock())

    for ending in (GONE, GONE, error, GONE, GONE):
        assert call(breaker, ending)

    assert not breaker.is_open


def test_after_the_pause_one_call_tries_and_its_success_lets_everybody_in():
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE_S

    probe = admitted(breaker)
    assert breaker.admit() is None
    with probe:
        probe.end()

    assert [call(breaker, GONE), call(breaker, GONE), call(breaker)] == [True, True, True]


def test_each_try_that_fails_doubles_the_pause_up_to_its_longest():
    clock = Clock()
    breaker = opened(clock)
    pauses = []

    for _ in range(6):
        opened_at = clock.now
        while breaker.is_open:
            clock.now += 1
        pauses.append(clock.now - opened_at)
        assert call(breaker, GONE)
        assert breaker.admit() is None

    assert pauses == [30, 60, 120, 240, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    clock.now += LONGEST_PAUSE_S
    assert call(breaker)
    assert [call(breaker, GONE) for _ in range(3)] == [True, True, True]
    clock.now += PAUSE_S
    assert not breaker.is_open


def test_a_try_that_is_left_early_hands_over_to_the_next():
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE_S

    with admitted(breaker):
        assert breaker.is_open

    assert call(breaker)
    assert not breaker.is_open


def test_a_first_token_ends_the_pause_but_the_next_failure_is_one_too_many():
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE_S

    with admitted(breaker) as probe:
        probe.note_first_token()
        assert call(breaker, BadAnswer("cut", provider="p"))
    for _ in range(2):
        call(breaker, GONE)
    assert not breaker.is_open
    call(breaker, GONE)
    assert breaker.is_open

    clock.now += PAUSE_S
    with admitted(breaker) as probe:
        probe.note_first_token()
        probe.end(GONE)
    assert breaker.is_open


def test_what_was_asked_before_it_opened_says_nothing_about_now():
    clock = Clock()
    breaker = breaker_of(clock)
    early, late = admitted(breaker), admitted(breaker)
    for _ in range(3):
        call(breaker, GONE)
    clock.now += PAUSE_S - 1

    early.end()
    late.end(GONE)

    assert breaker.is_open
    clock.now += 1
    assert call(breaker)


@pytest.mark.parametrize(("asked_s", "kept_s"), [(60.0, 60.0), (86_400.0, LONGEST_PAUSE_S)])
def test_a_long_wait_that_the_vendor_asks_for_is_kept_from_the_first_time(asked_s: float, kept_s: float):
    clock = Clock()
    breaker = breaker_of(clock)

    call(breaker, RateLimited("status 429", provider="p", retry_after_s=asked_s))

    clock.now += kept_s - 1
    assert breaker.is_open
    clock.now += 1
    assert not breaker.is_open


def test_zero_switches_it_off():
    breaker = breaker_of(Clock(), failures_to_open=0)
    patience = RateLimited("status 429", provider="p", retry_after_s=60.0)

    assert all(call(breaker, error) for error in [GONE] * 50 + [patience] * 2)
    assert not breaker.is_open


def test_each_provider_has_its_own_which_says_how_it_stands():
    clock = Clock()
    breakers = Breakers(failures_to_open=1, pause_s=PAUSE_S, clock=clock)

    with capture_logs() as logs:
        call(breakers.of_provider("dead"), GONE)
        assert gauge("dead") == 1
        assert call(breakers.of_provider("alive"))
        clock.now += PAUSE_S
        assert gauge("dead") == 0  # nobody has asked yet, but whoever does is let through
        call(breakers.of_provider("dead"))

    assert (gauge("dead"), gauge("alive")) == (0, 0)
    assert logs == [
        {
            "event": "llm provider left alone",
            "log_level": "warning",
            "provider": "dead",
            "outcome": "unavailable",
            "pause_s": 30,
        },
        {"event": "llm provider asked again", "log_level": "info", "provider": "dead"},
    ]


def test_of_many_threads_one_alone_tries():
    threads = 8
    clock = Clock()
    breaker = opened(clock)
    at_once = threading.Barrier(threads)

    def try_once(_: int) -> Permit | None:
        at_once.wait()
        return breaker.admit()

    with ThreadPoolExecutor(threads) as pool:
        for _ in range(50):
            clock.now += LONGEST_PAUSE_S
            permits = [permit for permit in pool.map(try_once, range(threads)) if permit]
            assert len(permits) == 1
            permits[0].end(GONE)


def gauge(provider: str) -> float | None:
    return REGISTRY.get_sample_value("llm_breaker_open", {"provider": provider})
