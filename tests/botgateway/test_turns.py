from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from botgateway.domain.turns import Attempt, Turn, take_turns
from botgateway.errors import TurnLost
from redis_connection import redis_client
from tests import services
from tests.harness.processes import wait_until


@pytest.fixture(autouse=True)
def _empty_redis() -> Iterator[None]:
    redis_client().flushdb()
    yield
    redis_client().flushdb()  # of turns that nobody gives back


def let_run_out(turn: Turn, settings: Any) -> None:
    """Let a turn's lease run out, in Redis and by its holder's clock: the next one lasts."""
    settings.TURN_LEASE_S = 0.0
    turn.renew()
    redis_client().delete(f"turn:{turn.chat_id}")
    settings.TURN_LEASE_S = 10.0


def test_one_worker_at_a_time_has_the_turn() -> None:
    first, second = Turn("42"), Turn("42")

    assert first.try_take() is True
    assert second.try_take() is False
    assert Turn("43").try_take() is True


def test_a_worker_that_came_in_vain_leaves_a_note() -> None:
    first, second = Turn("42"), Turn("42")
    first.try_take()
    second.try_take()

    assert first.give_back() is True
    assert first.try_take() is True
    assert first.give_back() is False


def test_a_note_left_meanwhile_makes_the_holder_look_again() -> None:
    looks = []

    def answer(_turn: Turn) -> None:
        looks.append(1)
        if len(looks) == 1:
            assert take_turns("42", answer) is False

    assert take_turns("42", answer) is True
    assert len(looks) == 2


def test_no_wake_up_is_lost_however_many_come_at_once() -> None:
    pending: list[int] = []
    answered: list[int] = []
    is_busy = threading.Lock()

    def answer(_turn: Turn) -> None:
        assert is_busy.acquire(blocking=False)
        while pending:
            answered.append(pending.pop())
        is_busy.release()

    def arrive(number: int) -> None:
        pending.append(number)
        take_turns("42", answer)

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(arrive, range(200)))

    assert sorted(answered) == list(range(200))


def test_a_failure_gives_the_turn_back() -> None:
    def fail(_turn: Turn) -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        take_turns("42", fail)

    assert Turn("42").try_take() is True


def test_a_lease_that_ran_out_is_taken_by_the_next_worker(settings: Any) -> None:
    settings.TURN_LEASE_S = 0.05
    killed = Turn("42")
    killed.try_take()
    threading.Event().wait(0.1)
    settings.TURN_LEASE_S = 10.0

    assert Turn("42").try_take() is True
    with pytest.raises(TurnLost):
        killed.ensure_held()


def test_a_lease_that_ran_out_unnoticed_is_taken_anew(settings: Any) -> None:
    turn = Turn("42")
    turn.try_take()
    let_run_out(turn, settings)

    turn.ensure_held()

    assert Turn("42").try_take() is False


@pytest.mark.parametrize("is_undone", [True, False])
def test_who_slept_past_the_lease_goes_on_only_if_nobody_else_has_done_it(
    settings: Any, is_undone: bool
) -> None:
    asleep = Turn("42")
    asleep.try_take()
    asleep.ensure_held(is_undone=lambda: False)  # not asked: nobody else can have come
    let_run_out(asleep, settings)
    assert take_turns("42", lambda _turn: None)

    for _ in range(2):
        with nullcontext() if is_undone else pytest.raises(TurnLost):
            asleep.ensure_held(is_undone=lambda: is_undone)


def test_a_renewal_that_is_late_does_not_take_a_turn_that_was_given_back() -> None:
    first, second = Turn("42"), Turn("42")
    first.try_take()
    first.give_back()

    first.renew()

    assert second.try_take() is True
    second.give_back()
    assert first.try_take() is True
    first.renew()
    assert second.try_take() is False


def test_the_lease_is_renewed_for_as_long_as_the_answer_takes(settings: Any) -> None:
    settings.TURN_LEASE_S = 0.3

    def answer(_turn: Turn) -> None:
        for _ in range(4):  # its end taken away, only a renewal gives it one again
            wait_until(lambda: redis_client().persist("turn:42"), what="a lease that ends")

    assert take_turns("42", answer) is True


def test_attempts_are_told_apart() -> None:
    turn = Turn("42")

    assert turn.begin_attempt("a") is Attempt.FIRST
    assert turn.begin_attempt("a") is Attempt.AFTER_FAILURE
    assert turn.begin_attempt("b") is Attempt.FIRST
    turn.note_outage("b")
    assert turn.begin_attempt("b") is Attempt.AFTER_OUTAGE
    turn.note_wait("b")
    assert turn.begin_attempt("b") is Attempt.AFTER_WAIT
    assert turn.begin_attempt("b") is Attempt.AFTER_FAILURE


def test_the_client_speaks_to_the_tests_own_redis() -> None:
    port = int(services.endpoints().redis_url.rsplit(":", 1)[1].split("/")[0])

    assert redis_client().connection_pool.connection_kwargs["port"] == port
