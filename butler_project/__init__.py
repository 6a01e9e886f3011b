"""Wiring of Butler: settings, addresses, the Celery app, logs, checks and the embedded servers."""

from __future__ import annotations

import sys

# What libraries load because it happens to be installed, and do without where it is not to be found: 23 MB of each
# worker, 16 of every other process. This is the one module that all processes load first.
UNUSED_MODULES = (
    "opentelemetry.sdk.metrics",  # redis-py has them ready; ours go to Prometheus. 2 MB
    "pymongo.pyopenssl_context",  # reads 8 MB of `cryptography` before it misses pyOpenSSL, which would be for OCSP
    "openai._vendor.httpx_aiohttp",  # for asynchronous calls, as telebot brings aiohttp; ours are none. 8 MB
    "rich",  # structlog's tracebacks in colours, where a tool of `make lint` has brought it; ours are JSON. 4 MB
)
for _name in UNUSED_MODULES:
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]
