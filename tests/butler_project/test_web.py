from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.harness.configuration import forget_configuration

pytestmark = pytest.mark.django_db


@pytest.fixture
def _fresh_registry() -> Any:
    forget_configuration()
    yield
    forget_configuration()


def test_liveness_asks_nobody_else(client: Client) -> None:
    response = client.get("/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_readiness_names_the_state_of_each_part(client: Client) -> None:
    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "broker": "ok", "llm": "ok"}


@pytest.mark.usefixtures("_fresh_registry")
def test_readiness_fails_with_the_part_that_is_away(client: Client, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    settings.LLM_API_URL = "http://127.0.0.1:1/v1"

    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "database": "ok",
        "broker": "unavailable",
        "llm": "unavailable",
    }


@pytest.mark.usefixtures("_fresh_registry")
def test_readiness_goes_by_whoever_answers(client: Client, settings: Any) -> None:
    settings.LLM_API_URL = "http://127.0.0.1:1/v1"
    settings.LLM_FALLBACK = ["offline"]

    assert client.get("/health/ready").json()["llm"] == "ok"


def test_metrics_are_served_without_ids(client: Client) -> None:
    text = client.get("/metrics").content.decode()

    for name in (
        "personalized_requests_total",
        "personalized_prompt_tokens_total",
        "user_profile_reads_total",
        "user_profile_writes_total",
        "user_memory_events_total",
        "user_memory_compressions_total",
        "user_memory_compression_duration_seconds_bucket",
        "structured_logs_total",
    ):
        assert name in text
    assert "user_id=" not in text
    assert "chat_id=" not in text


def test_every_response_carries_a_trace_id_of_its_own(client: Client) -> None:
    first, second = (client.get("/health")["X-Trace-Id"] for _ in range(2))

    assert len(first) == len(second) == 32
    assert first != second
