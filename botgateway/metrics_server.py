"""/metrics of the processes that serve no web: the workers and the bot."""

from __future__ import annotations

import structlog
from django.conf import settings
from prometheus_client import start_http_server

from personalization.enums import MemorySource
from personalization.metrics import COMPRESSIONS, REQUESTS

log = structlog.get_logger(__name__)

FAILED_REPLY = "error"
FAILED_COMPRESSIONS = ("rejected", "unavailable", "crashed")


def serve_metrics(port: int) -> None:
    """Serve the process's metrics on METRICS_HOST; 0 leaves it out. A port in use is logged and changes nothing."""
    if not port:
        return
    begin_series()
    try:
        start_http_server(port, addr=settings.METRICS_HOST)
    except OSError as error:
        log.warning("metrics not served", port=port, error=error.strerror)


def begin_series() -> None:
    """Let what alerts count begin at 0: to Prometheus a series that appears with its first failures has not grown."""
    for source in MemorySource.values:
        REQUESTS.labels(source, FAILED_REPLY)
    for status in FAILED_COMPRESSIONS:
        COMPRESSIONS.labels(status)
