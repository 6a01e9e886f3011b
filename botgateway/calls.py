"""Calls to workers. None is needed for anything to happen in the end: what it is about is in the database."""

from __future__ import annotations

from typing import Any

import structlog
from celery import current_app
from celery.exceptions import OperationalError as CeleryOperationalError
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from botgateway import metrics

log = structlog.get_logger(__name__)

BROKER_ERRORS = (OperationalError, CeleryOperationalError, RedisError, ConnectionError)


def call(task_name: str, *arguments: str | int, **options: Any) -> None:
    """Hand a task to the broker; one that is away does no harm, the sweeper makes up for it."""
    try:
        current_app.send_task(task_name, arguments, retry=False, ignore_result=True, **options)
    except BROKER_ERRORS as error:
        metrics.WAKE_FAILURES.inc()
        log.warning("task not sent", task=task_name, error=type(error).__name__)
