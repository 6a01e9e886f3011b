"""Metrics of the shipping of logs. No label carries an id."""

from __future__ import annotations

from prometheus_client import Counter

LOGS_SHIPPED = Counter("logs_shipped_total", "Log lines that Loki has taken")
LOGS_DROPPED = Counter(
    "logs_dropped_total",
    "Log lines that Loki has not got: too many waited, it refused them, one was too long, or the process ended",
    ["reason"],
)

FULL, REFUSED, TOO_LONG, ENDED = "full", "refused", "too_long", "ended"
for _reason in (FULL, REFUSED, TOO_LONG, ENDED):
    LOGS_DROPPED.labels(_reason)  # to Prometheus a series that appears with its first count has not grown
