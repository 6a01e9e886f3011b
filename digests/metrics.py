"""Metrics of channels and digests. No label carries a person's id; `channel` is the key of a benchmark's channel."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

POSTS = Counter("channel_posts_total", "Posts stored", ["source", "outcome"])
DIGESTS = Counter("channel_digests_total", "Digests written or not", ["status"])
DIGEST_SECONDS = Histogram(
    "channel_digest_seconds",
    "Writing of one digest, model included",
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 180),
)
STATEMENTS_DROPPED = Counter(
    "channel_digest_statements_dropped_total", "Statements of models that cited no post of the day"
)
REVIEWS = Counter("channel_digest_reviews_total", "Reviews of digests", ["status"])
BENCHMARK_RECORDS = Gauge(
    "benchmark_digest_records_total",
    "Digests of the benchmark's dataset",
    ["channel"],
    multiprocess_mode="mostrecent",
)
EXPORT_SECONDS = Histogram(
    "benchmark_export_duration_seconds",
    "Export of digests or review reports",
    ["kind"],
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
