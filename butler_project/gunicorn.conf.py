# ruff: noqa: N999 - the name that gunicorn looks for
"""gunicorn: the web process (webhook, admin, /health, /metrics)."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

_host = os.environ.get("WEB_HOST", "127.0.0.1")
_port = os.environ.get("WEB_PORT", "8000")

bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = 8
timeout = 60
graceful_timeout = 3  # seconds; Telegram delivers again what was cut off
keepalive = 30
# The worker's heartbeat file: on a disk it could make the worker wait. gunicorn makes a private file there.
_memory = "/dev/shm"  # noqa: S108  # nosec B108
worker_tmp_dir = _memory if os.path.isdir(_memory) else None  # noqa: PTH112
# Several processes count in files that /metrics adds up; prometheus_client looks at the name as it is imported.
_METRICS_DIR, _OURS = "PROMETHEUS_MULTIPROC_DIR", "butler-metrics-"
if workers > 1 and _METRICS_DIR not in os.environ:
    os.environ[_METRICS_DIR] = tempfile.mkdtemp(prefix=_OURS, dir=worker_tmp_dir)

from gunicorn.glogging import Logger  # type: ignore[import-untyped]  # noqa: E402

from butler_project.logging import build_logging  # noqa: E402


class LoggerWithoutAccess(Logger):  # type: ignore[misc]
    """gunicorn's, which takes any configuration of logs for a wish to have each request written down."""

    access_log_enabled = False


accesslog = None  # addresses may hold tokens, and Django logs what matters
logger_class = LoggerWithoutAccess
loglevel = "warning"
# Of the process that starts the others; each of these applies the settings' own. It has no thread, which a fork would
# not take along, and so ships nothing. Imported here: see above.
logconfig_dict = build_logging(loglevel.upper(), is_shipped=False)
control_socket_disable = True


def on_exit(_server: Any) -> None:
    """Leave no counters behind: the next start counts from zero, as any process does."""
    if _OURS in (directory := os.environ.get(_METRICS_DIR, "")):
        shutil.rmtree(directory, ignore_errors=True)
