"""Metrics of the Butler core. No label carries an id."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("personalized_requests_total", "Messages answered or failed", ["source", "status"])
PROMPT_TOKENS = Counter("personalized_prompt_tokens_total", "Estimated tokens of assembled prompts")
REPLY_SECONDS = Histogram(
    "personalized_reply_seconds",
    "From the message to the whole reply, model included",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
PROFILE_READS = Counter("user_profile_reads_total", "Profiles read")
PROFILE_WRITES = Counter("user_profile_writes_total", "Profiles written")
MEMORY_EVENTS = Counter("user_memory_events_total", "Memory events stored", ["role"])
# MemoryCompressionFailures counts the statuses `rejected`, `unavailable` and `crashed`.
COMPRESSIONS = Counter("user_memory_compressions_total", "Compressions of one person's memory", ["status"])
COMPRESSION_SECONDS = Histogram(
    "user_memory_compression_duration_seconds",
    "Compression of one person's memory",
    buckets=(0.1, 0.5, 1, 2, 5, 10),
)
COMPRESSION_RUNS = Counter("memory_compression_runs_total", "Compressions of everybody's memory", ["outcome"])
COMPRESSION_USERS = Counter("memory_compression_users_total", "People whom these runs came to", ["status"])
COMPRESSION_RUN_SECONDS = Histogram(
    "memory_compression_run_seconds",
    "Compression of everybody's memory",
    buckets=(1, 10, 60, 300, 900, 1_800, 3_600, 7_200, 18_000),
)
# 0 until there was one. Each worker knows of its own runs, and of earlier ones since its start: take the maximum.
COMPRESSION_LAST_SUCCESS = Gauge(
    "memory_compression_last_success_timestamp_seconds",
    "When everybody's memory was last seen to, in Unix seconds",
    multiprocess_mode="max",
)
