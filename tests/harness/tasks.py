"""Tasks handed to a stack's broker, as beat and the admin do it."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.harness.stack import Stack


def send_task(stack: Stack, name: str, *arguments: Any, queue: str = "background") -> None:
    with Celery("sender", broker=stack.redis.url, set_as_current=False) as sender:
        sender.send_task(name, arguments, queue=queue, ignore_result=True)
