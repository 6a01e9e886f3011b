from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from butler_project.checks import check_values
from tests.harness.prepared_django import PreparedDjango
from tests.services import environment

RunCheck = Callable[..., subprocess.CompletedProcess[str]]
PRODUCTION = {
    "MONGODB_URL": "mongodb://db.example/butler",
    "SECRET_KEY": "k" * 64,
    "ALLOWED_HOSTS": "butler.example",
    "TELEGRAM_BOT_TOKEN": "1:token",
}


@pytest.fixture(scope="module")
def django() -> Iterator[PreparedDjango]:
    with PreparedDjango() as found:
        yield found


@pytest.fixture
def run_check(django: PreparedDjango, tmp_path: Path) -> RunCheck:
    """Run `manage.py check` with variables of the test's own."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return django.run(["check", *arguments], environment=environment(DATA_DIR=str(tmp_path), **variables))

    return run


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({**PRODUCTION, "SECRET_KEY": ""}, "SECRET_KEY"),
        ({**PRODUCTION, "SECRET_KEY": "short"}, "SECRET_KEY"),
        ({**PRODUCTION, "ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({**PRODUCTION, "DEBUG": "true"}, "DEBUG"),
        ({**PRODUCTION, "TELEGRAM_BOT_TOKEN": ""}, "TELEGRAM_BOT_TOKEN"),
        ({"DEBUG": "false"}, "SECRET_KEY"),
        ({"ACCESS_POLICY": "sometimes"}, "ACCESS_POLICY"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL"),
        ({"LLM_API_URL": "localhost/v1"}, "LLM_API_URL"),
        ({"LLM_API_URL": "http://127.0.0.1:1/v1", "LLM_TIMEOUT_S": "-1"}, "LLM_TIMEOUT_S"),
        ({"LLM_ENDPOINTS": "local"}, "LLM_LOCAL_API_URL"),
        ({"LLM_ENDPOINTS": "local", "LLM_LOCAL_API_URL": "localhost:8000"}, "LLM_LOCAL_API_URL"),
        ({"LLM_ENDPOINTS": "Not A Name"}, "LLM_ENDPOINTS"),
        ({"LLM_DEFAULT": "nobody"}, "LLM_DEFAULT"),
        ({"LLM_FALLBACK": "offline,mistral:mistral-small-latest"}, "LLM_FALLBACK"),
        ({"LLM_RETRIES": "-1"}, "LLM_RETRIES"),
        ({"LLM_BREAKER_PAUSE_S": "0"}, "LLM_BREAKER_PAUSE_S"),
        ({"EXCHANGE_TTL_DAYS": "0"}, "EXCHANGE_TTL_DAYS"),
        ({"MISTRAL_API_KEY": "k", "MISTRAL_API_URL": "api.mistral.ai"}, "MISTRAL_API_URL"),
        ({"GEMINI_API_KEY": "k", "GEMINI_API_URL": "ftp://gemini"}, "GEMINI_API_URL"),
        ({"DEEPSEEK_API_KEY": "k", "DEEPSEEK_API_URL": "http://"}, "DEEPSEEK_API_URL"),
        ({"REFRESH_CRON": "at night"}, "REFRESH_CRON"),
        ({"COMPRESSION_CRON": "nightly"}, "COMPRESSION_CRON"),
        ({"COMPRESSION_CONCURRENCY": "0"}, "COMPRESSION_CONCURRENCY"),
        ({"DIGEST_HOUR": "24"}, "DIGEST_HOUR"),
        ({"DIGEST_REVIEWER": "nobody"}, "DIGEST_REVIEWER"),
        ({"POST_TTL_DAYS": "0"}, "POST_TTL_DAYS"),
        ({"TRACE_SAMPLE_RATIO": "1.5"}, "TRACE_SAMPLE_RATIO"),
        ({"SPAN_TTL_DAYS": "0"}, "SPAN_TTL_DAYS"),
        ({"LOKI_URL": "loki:3100"}, "LOKI_URL"),
        ({"READER_METRICS_PORT": "99999"}, "READER_METRICS_PORT"),
        ({"WEB_PORT": "99999"}, "WEB_PORT"),
        ({"MEMORY_CAP": "0"}, "MEMORY_CAP"),
        ({"MEMORY_KEEP_LAST": "60"}, "MEMORY_KEEP_LAST"),
        ({"TELEGRAM_BOT_TOKEN": "no-token"}, "TELEGRAM_BOT_TOKEN"),
        ({"WEBHOOK_SECRET": "not allowed!"}, "WEBHOOK_SECRET"),
        ({"MEMORY_CAP": "many"}, "MEMORY_CAP"),
        ({"ADMIN_CHAT_ID": "1,me"}, "ADMIN_CHAT_ID"),
        ({"ADMIN_PASSWORD_HASH": "swordfish"}, "ADMIN_PASSWORD_HASH"),
        ({"RATE_LIMIT_PER_MINUTE": "-1"}, "RATE_LIMIT_PER_MINUTE"),
        ({"SPEECH_TRANSCRIBER": "nowhere.build"}, "SPEECH_TRANSCRIBER"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_setting_stops_the_start_and_is_named(
    run_check: RunCheck, variables: dict[str, str], name: str
) -> None:
    finished = run_check(**variables)

    assert finished.returncode != 0
    assert name in finished.stderr
    assert "short" not in finished.stderr.replace("shorter", "")


def test_the_defaults_are_sound(run_check: RunCheck) -> None:
    assert run_check().returncode == 0


def test_production_passes_the_deployment_checks(run_check: RunCheck) -> None:
    finished = run_check(
        "--deploy", "--fail-level", "WARNING", **{**PRODUCTION, "SECRET_KEY": os.urandom(48).hex()}
    )

    assert finished.returncode == 0, finished.stderr


def test_a_secret_can_come_from_a_file(run_check: RunCheck, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("no-token\n")

    finished = run_check(TELEGRAM_BOT_TOKEN_FILE=str(secret))

    assert "TELEGRAM_BOT_TOKEN" in finished.stderr


@pytest.mark.parametrize("vendor", ["MISTRAL", "DEEPSEEK", "GEMINI"])
def test_a_vendor_without_its_key_is_left_out_and_the_variable_named(
    run_check: RunCheck, vendor: str
) -> None:
    result = run_check(**{f"{vendor}_MODEL": "some-model"})

    assert result.returncode == 0
    assert f"{vendor}_API_KEY is not set: the provider {vendor.lower()} is left out." in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("LOKI_URL", "http://loki:3100", True),
        ("LOKI_URL", "https://user:p@ss@[::1]:3100/under", True),
        ("LOKI_URL", "http://loki:99999", False),
        ("LOKI_URL", "http://loki:0", False),
        ("LOKI_URL", "http://loki:abc", False),
        ("LOKI_URL", "http://[loki", False),
        ("LOKI_URL", "http://:3100", False),
        ("REDIS_URL", "unix:///run/redis.sock", True),
        ("REDIS_URL", "redis://:password@redis:6379/0", True),
        ("REDIS_URL", "redis://redis:six", False),
        ("MONGODB_URL", "mongodb://u:p@db1:27017,db2/butler?replicaSet=rs0", True),
        ("MONGODB_URL", "mongodb+srv://u:p@cluster.example/butler", True),
        ("MONGODB_URL", "mongodb://db1:27017,db2:270170/butler", False),
        ("MONGODB_URL", "mongodb://db1,,db2/butler", False),
    ],
)
def test_an_address_has_hosts_and_ports_that_can_be(
    settings: Settings, name: str, value: str, is_one: bool
) -> None:
    setattr(settings, name, value)

    complaints = [error.msg for error in check_values() if error.id == "butler.E011"]

    assert [name in complaint for complaint in complaints] == ([] if is_one else [True])
    assert value not in str(complaints)
