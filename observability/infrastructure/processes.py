"""Are Butler's own processes there, and at work?"""

from __future__ import annotations

import time
from typing import Any, cast

import requests
from celery import current_app
from django.conf import settings

from observability.infrastructure import signs
from observability.infrastructure.monitoring import list_targets
from observability.infrastructure.outcomes import Unfit

# The readiness page asks the model, which has time to answer.
WEB_TIMEOUT_S = 15
METRICS_TIMEOUT_S = 3
PING_TASK = "observability.answer_ping"
ANSWER_WAIT_S = 4  # below the time after which the connection to Redis is given up
BEAT_SLACK_S = 15.0  # a sweep waits for a free thread and for others before it
EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 # nosec B104


def check_web() -> str:
    """Raise `Unfit` unless the web process of this machine answers, and reaches database and broker."""
    states = _read_readiness()
    away = [part for part in ("database", "broker") if states.get(part) != "ok"]
    if away:
        raise Unfit(f"does not reach: {', '.join(away)}")
    return f"answers on port {settings.WEB_PORT}"


def check_llm() -> str:
    """Raise `Unfit` unless the web process reaches the house's own model."""
    if _read_readiness().get("llm") != "ok":
        raise Unfit("does not answer")
    return "answers"


def _read_readiness() -> dict[str, Any]:
    host = EVERYWHERE.get(settings.WEB_HOST, settings.WEB_HOST)
    # The first host by which it may be called; behind a dot stands any subdomain, or none.
    known_as = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    response = requests.get(
        f"http://{host}:{settings.WEB_PORT}/health/ready", headers={"Host": known_as}, timeout=WEB_TIMEOUT_S
    )
    if response.status_code not in (requests.codes.ok, requests.codes.service_unavailable):
        raise Unfit(f"answers with {response.status_code}")
    return cast(dict[str, Any], response.json())


def check_bot() -> str:
    """Raise `Unfit` unless the bot is up: by Prometheus where there is one, else by its metrics on this machine."""
    if settings.PROMETHEUS_URL:
        if not any(target.job == "bot" and target.is_up for target in list_targets()):
            raise Unfit("is not up, Prometheus says")
        return "up, Prometheus says"
    requests.get(
        f"http://127.0.0.1:{settings.BOT_METRICS_PORT}/metrics", timeout=METRICS_TIMEOUT_S
    ).raise_for_status()
    return "shows its metrics"


def list_queues() -> list[str]:
    """Return the names of the queues that there are workers for."""
    return sorted(current_app.amqp.queues)


def check_queue(queue: str) -> str:
    """Raise `Unfit` unless a worker takes a task from the queue and answers."""
    token = signs.new_token()
    started = time.monotonic()
    current_app.send_task(PING_TASK, args=[token], queue=queue, expires=ANSWER_WAIT_S, retry=False)
    if not signs.wait_for_answer(token, timeout_s=ANSWER_WAIT_S):
        raise Unfit(f"no worker answered within {ANSWER_WAIT_S} s: none, or none with a thread to spare")
    return f"a worker answered in {(time.monotonic() - started) * 1_000:.0f} ms"


def check_beat() -> str:
    """Raise `Unfit` unless a task that beat has sent was begun lately: the sweep comes every SWEEP_INTERVAL_S."""
    age_s = signs.find_beat_age_s()
    if age_s is None:
        raise Unfit("has sent nothing yet")
    if age_s > settings.SWEEP_INTERVAL_S + BEAT_SLACK_S:
        raise Unfit(f"has sent nothing for {age_s:.0f} s, or no worker of its queue took it")
    return f"has sent something {age_s:.0f} s ago"
