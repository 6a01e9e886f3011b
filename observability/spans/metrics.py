"""Metrics of tracing. No label carries an id."""

from __future__ import annotations

from prometheus_client import Counter

SPANS_WRITTEN = Counter("spans_written_total", "Spans written to the database")
SPANS_DROPPED = Counter(
    "spans_dropped_total", "Spans given up: too many waited, or the database did not take them", ["reason"]
)

FULL, REFUSED = "full", "refused"
for _reason in (FULL, REFUSED):
    SPANS_DROPPED.labels(_reason)  # to Prometheus a series that appears with its first count has not grown
