"""Metrics of the Butler core. No label carries an id."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

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
COMPRESSIONS = Counter("user_memory_compressions_total", "Compressions of one person's memory", ["status"])
COMPRESSION_SECONDS = Histogram(
    "user_memory_compression_duration_seconds",
    "Compression of one person's memory",
    buckets=(0.1, 0.5, 1, 2, 5, 10),
)
