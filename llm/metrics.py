"""Prometheus metrics of calls to language models. No label carries a user, chat or trace id."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

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
RETRIES = Counter("llm_retries_total", "Calls repeated because the one before failed.", ("provider",))
FALLBACKS = Counter("llm_fallbacks_total", "Answers begun in place of the model asked first.", ("provider",))
BREAKER_OPEN = Gauge("llm_breaker_open", "1 while a provider is left alone after failures.", ("provider",))
TOKENS = Counter("llm_tokens_total", "Tokens by the vendor's count, or estimated.", ("provider", "direction"))
EXCHANGES_LOST = Counter("llm_exchanges_lost_total", "Calls of which no record could be kept.")

DIRECTION_IN = "in"
DIRECTION_OUT = "out"

OUTCOME_OK = "ok"
OUTCOME_CLOSED = "closed"
OUTCOME_STOPPED = "stopped"
OUTCOME_CRASHED = "crashed"
