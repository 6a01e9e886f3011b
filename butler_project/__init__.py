"""Wiring of Butler: settings, addresses, the Celery app, logs, checks and the embedded servers."""

from __future__ import annotations

import sys

# redis-py loads OpenTelemetry's metrics wherever they are installed, to have them ready: 2 MB in every process, and
# ours go to Prometheus. What is not to be found it does without. This is the one module that all processes load first.
sys.modules.setdefault("opentelemetry.sdk.metrics", None)  # type: ignore[arg-type]
