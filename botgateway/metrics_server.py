"""/metrics of the processes that serve no web: the workers and the bot."""

from __future__ import annotations

import structlog
from django.conf import settings
from prometheus_client import start_http_server

log = structlog.get_logger(__name__)


def serve_metrics(port: int) -> None:
    """Serve the process's metrics on METRICS_HOST; 0 leaves it out. A port in use is logged and changes nothing."""
    if not port:
        return
    try:
        start_http_server(port, addr=settings.METRICS_HOST)
    except OSError as error:
        log.warning("metrics not served", port=port, error=error.strerror)
