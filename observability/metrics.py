"""Metrics of the installation as a whole, shown by the web process. No label carries an id."""

from __future__ import annotations

from prometheus_client import Gauge

from observability.infrastructure.outcomes import read_outcomes

# Several web processes all show what was kept last.
INFRASTRUCTURE = Gauge(
    "shared_infra_bootstrap_status",
    "1 if a service was as it should be when check_infra last looked, else 0",
    ["service"],
    multiprocess_mode="mostrecent",
)
CHECKED_AT = Gauge(
    "shared_infra_check_timestamp_seconds",
    "When check_infra last looked, in Unix seconds",
    multiprocess_mode="mostrecent",
)


def show_infrastructure() -> None:
    """Set the gauges to what was kept last; nothing is shown of services before the first look."""
    kept = read_outcomes()
    if kept is None:
        return
    CHECKED_AT.set(kept.checked_at)
    for service, is_ok in kept.is_ok.items():
        INFRASTRUCTURE.labels(service).set(is_ok)
