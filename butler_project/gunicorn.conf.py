# ruff: noqa: N999 - the name that gunicorn looks for
"""gunicorn: the web process (webhook, admin, /health, /metrics)."""

from __future__ import annotations

import os

_host = os.environ.get("WEB_HOST", "127.0.0.1")
_port = os.environ.get("WEB_PORT", "8000")

bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"
worker_class = "gthread"
# One process: the counters of /metrics live in memory. More webhook receivers are more containers.
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = 8
timeout = 60
graceful_timeout = 3  # seconds; Telegram delivers again what was cut off
keepalive = 30
# The worker's heartbeat file: on a disk it could make the worker wait. gunicorn makes a private file there.
_memory = "/dev/shm"  # noqa: S108  # nosec B108
worker_tmp_dir = _memory if os.path.isdir(_memory) else None  # noqa: PTH112
accesslog = None  # addresses may hold tokens, and Django logs what matters
loglevel = "warning"
control_socket_disable = True
