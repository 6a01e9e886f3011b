"""Metrics of the gateway. No label carries an id."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

UPDATES = Counter("telegram_updates_total", "Updates received", ["kind", "result"])
UPDATES_PARKED = Counter("telegram_updates_parked_total", "Updates given up after repeated failures")
WAKE_FAILURES = Counter(
    "telegram_wake_failures_total", "Wake-up calls the broker did not take; the sweeper makes up for them"
)
SWEPT_CHATS = Counter("telegram_swept_chats_total", "Chats handed to a worker again by the sweeper")
API_CALLS = Counter("telegram_api_calls_total", "Calls of the Bot API", ["method", "outcome"])
DEFERRED_SENDS = Counter(
    "telegram_deferred_sends_total", "Complete messages put off because of Telegram's limits"
)
RETRY_AFTER = Counter("telegram_retry_after_total", "Messages and edits that Telegram refused as too many")
LIMITED_QUESTIONS = Counter(
    "limited_questions_total", "Questions refused to people who had asked enough", ["limit"]
)
ACCESS_REFUSED = Counter(
    "access_refused_updates_total", "Updates of people without access, by where they stand", ["state"]
)
REPORTS = Counter(
    "admin_reports_total", "Reports to the admins: filed, or no more than counted", ["kind", "result"]
)
BROADCAST_MESSAGES = Counter(
    "broadcast_messages_total", "Copies of broadcasts: sent, failed, left_out or cancelled", ["outcome"]
)
ANSWER_SECONDS = Histogram(
    "telegram_answer_seconds",
    "From an update's receipt to its answer at Telegram, model included",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
