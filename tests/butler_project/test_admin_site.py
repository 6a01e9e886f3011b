"""The admin site's door: passwords are looked at so often, staff still get in, nobody else learns anything."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.http import HttpRequest
from django.test import Client
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

import redis_connection
from butler_project.admin_site import BROWSER_COOKIE
from butler_project.login_limits import (
    LOCK_S,
    NAME_WINDOW_S,
    WRONG_PER_ADDRESS,
    WRONG_PER_BROWSER,
    WRONG_PER_NAME,
    WRONG_PER_PAIR,
)
from redis_connection import redis_client

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/?next=/admin/"
PASSWORD = "бергамот и овсянка"
HERE = "203.0.113.9"
WITHOUT_END = -1  # how Redis says so


@pytest.fixture(autouse=True)
def _house(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a guess costs nothing
    redis_client().flushdb()
    User.objects.create_user("anna", password=PASSWORD, is_staff=True)


def try_password(client: Client, password: str, *, name: str = "anna", address: str = HERE) -> Any:
    return client.post(LOGIN, {"username": name, "password": password}, REMOTE_ADDR=address)


def guess(times: int, **visitor: str) -> list[int]:
    """Guess in a new browser each time; return the codes of the answers."""
    return [try_password(Client(), f"guess {number}", **visitor).status_code for number in range(times)]


def leave(client: Client) -> None:
    """Log out as people do: the browser keeps its other cookies."""
    client.post("/admin/logout/")


def is_in(client: Client) -> bool:
    return bool(client.get("/admin/").status_code == 200)


def end_windows() -> None:
    """Let time pass: Redis forgets all windows at their ends."""
    for key in redis_client().scan_iter("window:*"):
        assert redis_client().ttl(key) != WITHOUT_END
        assert redis_client().ttl(key) <= LOCK_S
        redis_client().expire(key, 0)


def let_a_minute_pass() -> None:
    for key in redis_client().scan_iter("window:*:name:*"):
        redis_client().delete(key)


def count_logins() -> dict[str, float]:
    return {
        outcome: REGISTRY.get_sample_value("admin_logins_total", {"outcome": outcome}) or 0.0
        for outcome in ("ok", "wrong", "refused")
    }


def test_after_ten_wrong_passwords_none_is_looked_at_until_the_window_ends(client: Client) -> None:
    assert guess(WRONG_PER_PAIR) == [200] * WRONG_PER_PAIR

    refused = try_password(client, PASSWORD)

    assert refused.status_code == 429
    assert LOCK_S - 60 < int(refused["Retry-After"]) <= LOCK_S
    assert "Следующий будет проверен через 15 минут." in refused.content.decode()
    assert not is_in(client)
    end_windows()
    assert try_password(client, PASSWORD).status_code == 302
    assert is_in(client)


def test_a_refusal_is_said_in_the_language_of_the_browser() -> None:
    guess(WRONG_PER_PAIR)

    page = try_password(Client(headers={"Accept-Language": "en"}), PASSWORD).content.decode()

    assert "I shall look at the next one in 15 minutes." in page


def test_what_is_refused_to_one_is_not_refused_to_another(client: Client) -> None:
    User.objects.create_user("boris", password=PASSWORD, is_staff=True)
    guess(WRONG_PER_PAIR)
    let_a_minute_pass()

    assert try_password(Client(), PASSWORD, address="198.51.100.7").status_code == 302
    assert try_password(Client(), PASSWORD, name="boris").status_code == 302


class DatabaseIsAway:
    """A backend of Django's that cannot say whether a password is right."""

    def authenticate(self, request: HttpRequest, **credentials: str) -> None:
        raise DatabaseError("no server")


def test_tries_while_the_database_is_away_count_for_nothing(settings: Any) -> None:
    backends = settings.AUTHENTICATION_BACKENDS
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.{DatabaseIsAway.__name__}"]
    away = Client(raise_request_exception=False)
    assert {try_password(away, PASSWORD).status_code for _ in range(WRONG_PER_PAIR + 1)} == {500}

    settings.AUTHENTICATION_BACKENDS = backends

    assert guess(WRONG_PER_PAIR) == [200] * WRONG_PER_PAIR
    assert guess(1) == [429]


def test_a_right_password_clears_the_count() -> None:
    for _ in range(3):
        assert guess(WRONG_PER_PAIR - 1) == [200] * (WRONG_PER_PAIR - 1)
        assert try_password(Client(), PASSWORD).status_code == 302
        let_a_minute_pass()


def test_an_address_that_tries_many_names_is_refused_them_all() -> None:
    for number in range(WRONG_PER_ADDRESS):
        assert guess(1, name=f"name {number}") == [200]

    assert guess(1, name="another") == [429]
    assert try_password(Client(), PASSWORD).status_code == 429
    assert try_password(Client(), PASSWORD, address="198.51.100.7").status_code == 302
    assert not list(redis_client().scan_iter("*pair*another*"))


def test_guesses_from_everywhere_slow_new_browsers_down_and_do_not_concern_a_known_one(
    client: Client,
) -> None:
    try_password(client, PASSWORD)
    leave(client)
    for number in range(WRONG_PER_NAME):
        assert guess(1, address=f"198.51.100.{number}") == [200]

    refused = try_password(Client(), PASSWORD)

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= NAME_WINDOW_S
    assert try_password(client, PASSWORD).status_code == 302


def test_a_known_browser_has_a_count_of_its_own(client: Client) -> None:
    try_password(client, PASSWORD)
    leave(client)
    for number in range(WRONG_PER_BROWSER):
        assert try_password(client, f"guess {number}").status_code == 200

    assert try_password(client, PASSWORD).status_code == 429
    assert try_password(Client(), PASSWORD).status_code == 302


def test_a_browser_is_known_under_the_name_that_it_logged_in_with_and_by_our_signature(
    client: Client,
) -> None:
    User.objects.create_user("boris", password=PASSWORD, is_staff=True)
    try_password(client, PASSWORD, name="boris")
    leave(client)
    guess(WRONG_PER_PAIR)

    assert try_password(client, PASSWORD).status_code == 429
    client.cookies[BROWSER_COOKIE] = client.cookies[BROWSER_COOKIE].value + "x"
    assert try_password(client, PASSWORD).status_code == 429


def test_somebody_who_is_no_staff_learns_no_more_than_a_guesser() -> None:
    User.objects.create_user("guest", password=PASSWORD)

    answers = [try_password(Client(), PASSWORD, name="guest").status_code for _ in range(WRONG_PER_PAIR + 1)]

    assert answers == [200] * WRONG_PER_PAIR + [429]


def test_a_form_with_an_empty_field_is_no_guess(client: Client) -> None:
    for _ in range(WRONG_PER_PAIR + 1):
        assert try_password(client, "").status_code == 200

    assert try_password(client, PASSWORD).status_code == 302


def test_every_try_is_counted_and_logged_without_what_was_typed(client: Client) -> None:
    before = count_logins()

    with capture_logs() as lines:
        guess(WRONG_PER_PAIR + 1)
        redis_client().flushdb()
        try_password(client, PASSWORD)

    after = count_logins()
    assert {outcome: after[outcome] - before[outcome] for outcome in after} == {
        "ok": 1,
        "wrong": WRONG_PER_PAIR,
        "refused": 1,
    }
    wrong, refused, entered = lines[0], lines[-2], lines[-1]
    assert wrong == {"event": "admin password wrong", "address": HERE, "log_level": "warning"}
    assert LOCK_S - 60 < refused.pop("wait_s") <= LOCK_S
    assert refused == {
        "event": "admin login refused",
        "bound": "pair",
        "address": HERE,
        "log_level": "warning",
    }
    assert entered["staff_id"] == str(User.objects.get(username="anna").pk)
    assert "anna" not in str(lines) + str(list(redis_client().scan_iter()))
    assert "guess" not in str(lines)


@pytest.fixture
def _without_redis(settings: Any) -> Any:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    forget_connection()
    yield
    forget_connection()


def forget_connection() -> None:
    redis_connection.redis_client.cache_clear()
    redis_connection.redis_script.cache_clear()


@pytest.mark.usefixtures("_without_redis")
def test_without_redis_staff_get_in_and_the_log_says_that_nobody_counts(client: Client) -> None:
    with capture_logs() as lines:
        wrong = guess(WRONG_PER_PAIR + 1)
        right = try_password(client, PASSWORD)

    assert wrong == [200] * (WRONG_PER_PAIR + 1)
    assert right.status_code == 302
    assert is_in(client)
    assert lines[0] == {
        "event": "admin logins not limited",
        "error": "ConnectionError",
        "log_level": "warning",
    }
