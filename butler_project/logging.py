"""Structured logs: one JSON object a line on standard error, with the trace id of the message being handled.

Logs carry ids and counts, never the words of a conversation. The trace id travels in structlog's context
variables: bound by the webhook, stored with the update, bound again by the worker, sent to the language model.
"""

from __future__ import annotations

from typing import Any

import structlog
from prometheus_client import Counter
from structlog.typing import EventDict, WrappedLogger

STRUCTURED_LOGS = Counter("structured_logs_total", "Log lines written", ["level"])

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# Libraries that log addresses with tokens in them, or a line for every request, below this level.
QUIET_LOGGERS = {
    "urllib3": "WARNING",
    "httpx": "WARNING",
    "httpx2": "WARNING",
    "faster_whisper": "WARNING",
    "httpcore": "WARNING",
    "openai": "WARNING",
    "pymongo": "WARNING",
    "TeleBot": "ERROR",
    "celery.app.trace": "WARNING",
    "celery.worker.strategy": "WARNING",
    "celery.beat": "WARNING",
    "kombu": "WARNING",
    "asyncio": "WARNING",
    "django.server": "WARNING",
}


def count_log(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Count a log line by its level."""
    STRUCTURED_LOGS.labels(level=event.get("level", method)).inc()
    return event


SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def build_logging(level: str) -> dict[str, Any]:
    """Return the `logging.config.dictConfig` in which `level` and everything above is written as JSON.

    A level that there is not counts as INFO here; the system checks then stop the start and name it.
    """
    level = level if level in LEVELS else "INFO"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED_PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    count_log,
                    structlog.processors.JSONRenderer(ensure_ascii=False),
                ],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {name: {"level": quiet} for name, quiet in QUIET_LOGGERS.items()},
    }


def configure_structlog() -> None:
    """Send structlog's events through the standard library's handlers, so that there is one stream of logs."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
