"""Health, metrics, and the bot's own check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from butler_project.embedded.discovery import Endpoints, write_endpoints
from tests.harness.processes import PATIENCE_S, wait_until
from tests.harness.stack import TOKEN, Stack
from tests.harness.telegram import SandboxClient

NOBODY_MONGODB = "mongodb://127.0.0.1:1/butler?directConnection=true"
NOBODY_REDIS = "redis://127.0.0.1:1/0"

# SPEC O-02, as far as its features exist.
METRICS = (
    "personalized_requests_total",
    "personalized_prompt_tokens_total",
    "user_profile_reads_total",
    "user_profile_writes_total",
    "user_memory_events_total",
    "user_memory_compressions_total",
    "user_memory_compression_duration_seconds",
    "structured_logs_total",
)


def test_health_answers_while_the_process_lives(stack: Stack) -> None:
    response = requests.get(f"{stack.web_url}/health", timeout=PATIENCE_S)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_names_every_part_that_is_within_reach(stack: Stack) -> None:
    """A part that takes longer than three seconds to answer is rightly called unavailable until it does."""
    shown: dict[str, str] = {}

    def is_ready() -> bool:
        response = requests.get(f"{stack.web_url}/health/ready", timeout=PATIENCE_S)
        shown.clear()
        shown.update(response.json())
        return response.status_code == 200

    wait_until(is_ready, what=lambda: f"readiness after {shown}")
    assert shown == {"status": "ok", "database": "ok", "broker": "ok", "llm": "ok"}


@pytest.mark.parametrize("process", ["web", "worker", "bot"])
def test_every_process_shows_the_specified_metrics(stack: Stack, process: str) -> None:
    shown = set(re.findall(r"^# TYPE (\w+)", stack.read_metrics(process), flags=re.MULTILINE))

    assert [name for name in METRICS if name not in shown] == []


def test_the_web_process_shows_how_the_last_check_of_all_services_ended(stack: Stack) -> None:
    assert "# TYPE shared_infra_bootstrap_status gauge" in stack.read_metrics("web")


def test_an_answered_message_is_counted_by_the_worker(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    def read() -> dict[str, float]:
        lines = (line.rpartition(" ") for line in stack.read_metrics("worker").splitlines() if line[0] != "#")
        return {name: float(value) for name, _, value in lines}

    stack.wait_until_settled()  # what an earlier test did not wait for
    before = read()
    telegram.write(chat_id, "Посчитайте меня")
    telegram.wait_for_answers(chat_id, 1)
    stack.wait_until_settled()

    after = read()
    counters = (
        'personalized_requests_total{source="text",status="ok"}',
        'user_memory_events_total{role="user"}',
        'user_memory_events_total{role="assistant"}',
    )
    assert [after[name] - before.get(name, 0) for name in counters] == [1, 1, 1]


def test_no_metric_carries_a_person_or_a_chat(telegram: SandboxClient, stack: Stack) -> None:
    chat_id = 987_654_321_012
    telegram.write(chat_id, "Привет")
    telegram.wait_for_answers(chat_id, 1)

    assert [name for name in ("web", "worker", "bot") if str(chat_id) in stack.read_metrics(name)] == []


def test_the_bots_check_passes_when_database_and_broker_answer(stack: Stack) -> None:
    assert stack.manage("runbot", "--ping").strip() == "Bot ready"


@pytest.mark.parametrize("missing", ["database", "broker"])
def test_the_bots_check_fails_when_a_part_is_away(stack: Stack, tmp_path: Path, missing: str) -> None:
    mongodb_url = NOBODY_MONGODB if missing == "database" else stack.mongodb.url
    redis_url = NOBODY_REDIS if missing == "broker" else stack.redis.url
    write_endpoints(tmp_path, Endpoints(mongodb_url, redis_url, stack.telegram.url, TOKEN))

    with pytest.raises(RuntimeError, match=f"ended with 1:(.|\n)*{missing} unavailable"):
        stack.manage("runbot", "--ping", DATA_DIR=str(tmp_path))


def test_the_bots_check_fails_on_a_wrong_setting(stack: Stack) -> None:
    with pytest.raises(RuntimeError, match="ACCESS_POLICY"):
        stack.manage("runbot", "--ping", ACCESS_POLICY="perhaps")
