from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command

from botgateway.domain import windows
from botgateway.domain.admin_sessions import (
    LOCK_S,
    WRONG_OF_EVERYBODY,
    WRONG_PER_PERSON,
    Login,
    is_logged_in,
    log_in,
    log_out,
)
from redis_connection import redis_client
from tests.harness.guarded_stack import hash_quickly

PASSWORD = "бергамот и овсянка"


@pytest.fixture(autouse=True)
def _clean_house(settings: Any) -> None:
    redis_client().flushdb()
    settings.ADMIN_PASSWORD_HASH = hash_quickly(PASSWORD)


def test_a_session_begins_with_the_password_and_ends_by_itself_or_by_logging_out() -> None:
    assert log_in("42", PASSWORD, attempt_key="1") == Login(is_open=True)

    assert is_logged_in("42")
    assert not is_logged_in("43")
    assert 0 < redis_client().ttl("admin-session:42") <= 1_800
    log_out("42")
    assert not is_logged_in("42")


def test_after_five_wrong_passwords_none_is_looked_at_for_a_quarter_of_an_hour() -> None:
    began_at = time.monotonic()
    wrong = [log_in("42", "guess", attempt_key=str(number)) for number in range(WRONG_PER_PERSON)]
    locked = log_in("42", PASSWORD, attempt_key="right")

    assert wrong == [Login(is_open=False)] * WRONG_PER_PERSON
    assert not locked.is_open
    assert LOCK_S - (time.monotonic() - began_at) - 0.1 <= locked.locked_s <= LOCK_S
    assert log_in("43", PASSWORD, attempt_key="other").is_open


def test_a_right_password_clears_the_count() -> None:
    for round_number in range(3):
        for number in range(WRONG_PER_PERSON - 1):
            log_in("42", "guess", attempt_key=f"{round_number}-{number}")
        assert log_in("42", PASSWORD, attempt_key=f"right-{round_number}").is_open


def test_guessing_under_many_names_locks_everybody_but_an_admin_by_configuration() -> None:
    for number in range(WRONG_OF_EVERYBODY):
        assert not log_in(str(number), "guess", attempt_key=str(number)).locked_s

    assert log_in("42", PASSWORD, attempt_key="right").locked_s > 0
    assert log_in("7", PASSWORD, attempt_key="owner", is_known_admin=True).is_open


def test_a_repeated_attempt_counts_once() -> None:
    for _ in range(2 * WRONG_PER_PERSON):
        assert not log_in("42", "guess", attempt_key="the same").locked_s


def test_a_window_admits_exactly_its_limit_however_many_come_at_once() -> None:
    began_at = time.monotonic()

    with ThreadPoolExecutor(16) as threads:
        waits = list(
            threads.map(lambda number: windows.admit("w", str(number), limit=5, window_s=60), range(64))
        )

    assert waits.count(0.0) == 5
    soonest = 60 - (time.monotonic() - began_at) - 0.1  # Redis rounds, and has a clock of its own
    assert all(soonest <= wait <= 60 for wait in waits if wait)
    assert redis_client().scard("window:w") == 5


def test_the_command_reads_a_password_from_standard_input_and_prints_its_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output, hints = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

    call_command("hash_admin_password", stdout=output, stderr=hints)

    (line,) = output.getvalue().splitlines()
    assert check_password(PASSWORD, line)
    assert "quotes" in hints.getvalue()


def test_the_command_refuses_a_weak_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("12345\n"))

    with pytest.raises(CommandError):
        call_command("hash_admin_password")
