"""Calls to workers. None is needed for anything to happen in the end: what it is about is in the database."""

from __future__ import annotations

from typing import Any

from botgateway import metrics
from task_calls import send_call


def call(task_name: str, *arguments: str | int, **options: Any) -> None:
    """Hand a task to the broker; one that is away is counted, the sweeper makes up for it."""
    if not send_call(task_name, *arguments, **options):
        metrics.WAKE_FAILURES.inc()
