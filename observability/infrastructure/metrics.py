"""Metrics of what has none of its own. No label carries an id."""

from __future__ import annotations

from prometheus_client import Counter

BEAT_TASKS = Counter("beat_tasks_total", "Tasks begun that beat has sent")
