"""The Celery app: five queues, a static beat schedule, the project's own logging.

| queue | carries | acknowledged |
|---|---|---|
| `replies` | wake-up calls: look at the inbox of this chat | on receipt: the sweeper makes up for a lost one |
| `speech` | recognition of voice messages | when done; the sweeper asks again for one that is lost |
| `files` | fetching, storing and reading of files | likewise |
| `digests` | writing and reviewing of digests | when done; the next sweep finds what is due |
| `background` | compression, sweeping, what nobody waits for | when done |
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import structlog
from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import beat_init, celeryd_init, setup_logging, worker_init, worker_ready
from django.conf import settings
from kombu import Queue

import tracing
from botgateway.metrics_server import serve_metrics
from butler_project.broker import use_lean_transport
from butler_project.garbage import spare_what_is_loaded
from llm.registry import configured_registry

log = structlog.get_logger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "butler_project.settings")

use_lean_transport()
app = Celery("butler")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = (
    # Acknowledging costs the broker six commands a message and protects nothing that the inbox does not protect.
    Queue("replies", no_ack=True),
    Queue("speech"),
    Queue("files"),
    Queue("digests"),
    Queue("background"),
)
app.set_default()
app.autodiscover_tasks()


@setup_logging.connect
def keep_project_logging(**_: Any) -> None:
    """Stop Celery from configuring logs: Django has done so already."""


@celeryd_init.connect
def let_root_try(**_: Any) -> None:
    """Do not warn whoever tries Butler as root; in production it is logged."""
    if not settings.IS_PRODUCTION:
        warnings.simplefilter("ignore", SecurityWarning)


@beat_init.connect
def tell_of_beat(**_: Any) -> None:
    """Leave a line at the start of beat, which says nothing else while all is well."""
    log.info("beat begins")


@worker_init.connect
def prepare_worker(**_: Any) -> None:
    """Serve this worker's metrics, and load what answering takes before the first person waits for it."""
    serve_metrics(settings.WORKER_METRICS_PORT)
    if "replies" in app.amqp.queues.consume_from:
        configured_registry().house.provider.warm_up()
        tracing.warm_up()
    spare_what_is_loaded()


@worker_ready.connect
def sweep_at_once(**_: Any) -> None:
    """Look for what a killed worker left behind: now, and when the leases it held have run out."""
    for countdown in (0, settings.TURN_LEASE_S + 1):
        app.send_task("botgateway.sweep_inbox", queue="background", countdown=countdown, retry=False)


@worker_ready.connect
def refresh_models_at_once(**_: Any) -> None:
    """Ask for the models: at REFRESH_CRON a laptop may sleep, and who starts a worker may have named new providers.

    Of several workers that start together one asks, and none within a minute of another.
    """
    app.send_task("botgateway.refresh_models", queue="background", retry=False)
