"""Background work for operators."""

from __future__ import annotations

from typing import Any

import structlog
from celery import Task, shared_task
from celery.signals import task_prerun
from redis.exceptions import RedisError

from observability import figures
from observability.infrastructure import metrics, signs

log = structlog.get_logger(__name__)


@shared_task(name="observability.compute_figures")
def compute_figures() -> int:
    """Bring the figures by the hour up to date; return how many hours were computed."""
    return figures.compute_figures()


@shared_task(name="observability.answer_ping")
def answer_ping(token: str) -> None:
    """Tell who checks on this queue that a worker is at it."""
    signs.answer_ping(token)


@task_prerun.connect
def note_beat(*, task: Task, **_: Any) -> None:
    """Note that beat is at work whenever something is begun that it has sent."""
    if not getattr(task.request, "celery_beat_task", False):
        return
    metrics.BEAT_TASKS.inc()
    try:
        signs.note_beat()
    except RedisError as error:
        log.warning("sign of beat not left", error=type(error).__name__)
