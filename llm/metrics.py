"""Prometheus metrics of calls to language models. No label carries a user, chat or trace id."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

LATENCY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120)

REQUESTS = Counter(
    "llm_requests_total", "Calls to a language model by how they ended.", ("provider", "outcome")
)
FIRST_TOKEN = Histogram(
    "llm_first_token_seconds",
    "Seconds from a streamed call to its first text.",
    ("provider",),
    buckets=LATENCY_BUCKETS_S,
)
DURATION = Histogram(
    "llm_duration_seconds",
    "Seconds from a call to its end, however it ended.",
    ("provider",),
    buckets=LATENCY_BUCKETS_S,
)

OUTCOME_OK = "ok"
OUTCOME_CLOSED = "closed"
OUTCOME_CRASHED = "crashed"
