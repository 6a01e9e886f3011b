"""Calls of tasks that may be lost: what they are about is found in the database, by the next sweep at the latest."""

from __future__ import annotations

from typing import Any

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

BROKER_ERRORS = (OperationalError, RedisError, ConnectionError)


def send_call(task_name: str, *arguments: str | int, **options: Any) -> bool:
    """Hand a task to the broker; False if that is away, which does no harm."""
    try:
        current_app.send_task(task_name, arguments, retry=False, ignore_result=True, **options)
    except BROKER_ERRORS as error:
        log.warning("task not sent", task=task_name, error=type(error).__name__)
        return False
    return True
