"""Structured logs: one JSON object a line on standard error, with the trace id of the message being handled.

Logs carry ids and counts, never the words of a conversation (`discretion`). The trace id travels in structlog's context
variables: bound by the webhook, stored with the update, bound again by the worker, sent to the language model.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import Any

import structlog
from prometheus_client import Counter

from butler_project.discretion import (
    MASK,
    build_mask,
    find_secrets,
    is_worth_a_line,
    name_kind,
    render_exception,
    withhold_values,
)
from observability.spans.process import BEAT, BOT, WEB, WORKER, find_process_name

STRUCTURED_LOGS = Counter("structured_logs_total", "Log lines written", ["level"])

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# Libraries that prepare a line for every request, command or task, below this level: nobody would get to see them.
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
    "opentelemetry": "ERROR",  # a collector that is away is tried again, with a warning each time
    "asyncio": "WARNING",
    "django.db.backends": "WARNING",
    "django.template": "WARNING",
    "py.warnings": "CRITICAL",  # they quote; see log_what_nobody_catches
}
# These come with handlers of their own, which write plain text.
TAKEN_OVER = {
    "django": {"level": "INFO"},
    "django.server": {"level": "WARNING", "propagate": True},
    "gunicorn.error": {"level": "WARNING", "propagate": True},
}

SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    render_exception,
]

log = structlog.get_logger(__name__)


class LineFormatter(structlog.stdlib.ProcessorFormatter):
    """Writes a record as a line of JSON: once, however many handlers ask for it, and then it is counted."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__(
            foreign_pre_chain=SHARED_PROCESSORS,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=name_kind),
            ],
        )
        self._mask = build_mask(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Never raises: what logging prints then are the arguments."""
        written: str | None = getattr(record, "json_line", None)
        if written is None:
            written = record.json_line = self._mask_secrets(self._write(record))
            STRUCTURED_LOGS.labels(level=record.levelname.lower()).inc()
        return written

    def _write(self, record: logging.LogRecord) -> str:
        try:
            return super().format(withhold_values(record))
        except Exception as error:
            fields = {"event": "line not written", "error": type(error).__name__, "logger": record.name}
            return json.dumps({**fields, "level": record.levelname.lower()})

    def _mask_secrets(self, line: str) -> str:
        return self._mask.sub(MASK, line) if self._mask else line


def build_formatter() -> LineFormatter:
    """Return the formatter of this process; it knows the secrets if there are settings, in Django's processes."""
    from django.conf import settings  # noqa: PLC0415 - the settings load this module

    return LineFormatter(find_secrets(settings) if settings.configured else [])


def build_logging(level: str, *, is_shipped: bool = True) -> dict[str, Any]:
    """Return the `logging.config.dictConfig` in which `level` and everything above is written as JSON.

    Lines also go to Loki if `is_shipped` and LOKI_URL is set; the settings are read when the configuration is applied.
    A level that there is not counts as INFO here; the system checks then stop the start and name it.
    """
    level = level if level in LEVELS else "INFO"
    stderr = {"class": "logging.StreamHandler"}
    loki = {"()": "observability.log_shipping.build_handler"}
    handlers = {"stderr": stderr, **({"loki": loki} if is_shipped else {})}
    quiet = {name: {"level": lowest} for name, lowest in QUIET_LOGGERS.items()}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "butler_project.logging.build_formatter"}},
        "handlers": {
            name: {**handler, "formatter": "json", "filters": [is_worth_a_line]}
            for name, handler in handlers.items()
        },
        "root": {"handlers": list(handlers), "level": level},
        "loggers": {**quiet, **TAKEN_OVER},
    }


def configure_structlog() -> None:
    """Send structlog's events through the standard library's handlers, so that there is one stream of logs.

    In a process that serves, what nobody has caught goes there as well. At a terminal it stays as Python prints it.
    """
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
    if find_process_name(sys.argv) in (WEB, BOT, BEAT) or WORKER in sys.argv:
        log_what_nobody_catches()


def log_what_nobody_catches() -> None:
    """Have exceptions at the end of a process or thread, and Python's warnings, written as lines of ours."""
    sys.excepthook = _log_end_of_process
    threading.excepthook = _log_end_of_thread
    sys.unraisablehook = _log_unraisable
    logging.captureWarnings(True)  # so that Celery does not: it would take the next line's place
    warnings.showwarning = _log_warning  # type: ignore[assignment]  # the last two say where else to write
    logging.raiseExceptions = False  # what it prints of a handler's failure are the line's arguments


def _log_end_of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("process ended by an error", exc_info=error)


def _log_end_of_thread(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_type is not SystemExit:
        log.error("thread ended by an error", exc_info=failure.exc_value or failure.exc_type())


def _log_unraisable(failure: Any) -> None:
    log.error("error that could not be raised", exc_info=failure.exc_value)


def _log_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any
) -> None:
    log.warning("python warning", kind=category.__name__, file=filename, line=lineno)
