"""Are the services there that watch Butler, and do they see it?"""

from __future__ import annotations

from dataclasses import dataclass

import requests
from django.conf import settings

from observability.infrastructure.outcomes import Unfit

TIMEOUT_S = 3


@dataclass(frozen=True)
class Target:
    """What Prometheus asks for metrics."""

    job: str
    instance: str
    is_up: bool


def check_prometheus() -> str:
    return _check_ready(f"{settings.PROMETHEUS_URL.rstrip('/')}/-/ready")


def check_alertmanager() -> str:
    return _check_ready(f"{settings.ALERTMANAGER_URL.rstrip('/')}/-/ready")


def check_grafana() -> str:
    return _check_ready(f"{settings.GRAFANA_URL.rstrip('/')}/api/health")


def check_loki() -> str:
    return _check_ready(f"{settings.LOKI_URL.rstrip('/')}/ready")


def check_targets() -> str:
    """Raise `Unfit` unless Prometheus gets metrics from everything that it is to ask."""
    targets = list_targets()
    if not targets:
        raise Unfit("Prometheus has none")
    down = [f"{target.job} at {target.instance}" for target in targets if not target.is_up]
    if down:
        raise Unfit(f"not up: {', '.join(sorted(down))}")
    return f"{len(targets)} up"


def list_targets() -> list[Target]:
    """Return what Prometheus asks for metrics. Raises `requests.RequestException` if it does not answer."""
    response = requests.get(
        f"{settings.PROMETHEUS_URL.rstrip('/')}/api/v1/targets", params={"state": "active"}, timeout=TIMEOUT_S
    )
    response.raise_for_status()
    return [
        Target(found["labels"]["job"], found["labels"]["instance"], is_up=found["health"] == "up")
        for found in response.json()["data"]["activeTargets"]
    ]


def _check_ready(url: str) -> str:
    response = requests.get(url, timeout=TIMEOUT_S)
    if not response.ok:
        raise Unfit(f"answers with {response.status_code}")
    return "ready"
