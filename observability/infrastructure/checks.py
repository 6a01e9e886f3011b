"""Which services an installation has, and how each is checked."""

from __future__ import annotations

from functools import partial

from django.conf import settings

from observability.infrastructure import monitoring, processes, servers
from observability.infrastructure.outcomes import Check


def list_checks() -> dict[str, Check]:
    """Return the check of each service that is configured, in the order in which they need each other."""
    return {
        "mongodb": servers.check_mongodb,
        "redis": servers.check_redis,
        "web": processes.check_web,
        "llm": processes.check_llm,
        **({"bot": processes.check_bot} if settings.PROMETHEUS_URL or settings.BOT_METRICS_PORT else {}),
        "beat": processes.check_beat,
        **{f"queue-{queue}": partial(processes.check_queue, queue) for queue in processes.list_queues()},
        **_list_watchers(),
    }


def list_unconfigured() -> list[str]:
    """Return the variables that are unset, and with them what is not checked."""
    names = ("PROMETHEUS_URL", "ALERTMANAGER_URL", "LOKI_URL", "GRAFANA_URL")
    return [name for name in names if not getattr(settings, name)]


def _list_watchers() -> dict[str, Check]:
    found: dict[str, Check] = {}
    if settings.PROMETHEUS_URL:
        found |= {"prometheus": monitoring.check_prometheus, "targets": monitoring.check_targets}
    if settings.ALERTMANAGER_URL:
        found["alertmanager"] = monitoring.check_alertmanager
    if settings.LOKI_URL:
        found["loki"] = monitoring.check_loki
    if settings.GRAFANA_URL:
        found["grafana"] = monitoring.check_grafana
    return found
