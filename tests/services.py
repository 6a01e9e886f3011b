"""Pytest plugin: one embedded MongoDB and one Redis for each pytest process, up before the settings load.

Loaded by `addopts = -p tests.services`, so pytest is run as `python -m pytest` from the project's directory.
With pytest-xdist each worker has its own pair and the controller none. Nothing is shared with a running
`make run`: ports are free ones, data is in a temporary directory, `.env` and the developer's own variables
are left out.
"""

from __future__ import annotations

import argparse
import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.unmeasured import unmeasured

if TYPE_CHECKING:  # imported for good below, once pytest-cov looks on
    from butler_project.embedded.discovery import Endpoints
    from butler_project.embedded.services import EmbeddedService

# Nothing listens on port 1: the settings load, and whatever connects all the same is told so at once.
NO_MONGODB_URL = "mongodb://127.0.0.1:1/butler?directConnection=true"
NO_REDIS_URL = "redis://127.0.0.1:1/0"
# Of the machine: every server of a test is this machine, and no proxy knows the way to it.
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
CONFIGURATION = (
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_API_URL",
    "WEBHOOK_BASE_URL",
    "WEBHOOK_SECRET",
    "MONGODB_URL",
    "REDIS_URL",
    "LLM_API_URL",
    "LLM_API_KEY",
    "LLM_MODEL",
    "LLM_DEFAULT",
    "LLM_FALLBACK",
    "LLM_RETRIES",
    "LLM_BREAKER_FAILURES",
    "LLM_BREAKER_PAUSE_S",
    "LLM_ENDPOINTS",
    "EXCHANGE_TTL_DAYS",
    "LLM_TIMEOUT_S",
    "LLM_CONNECT_TIMEOUT_S",
    "LLM_MAX_ANSWER_TOKENS",
    "GEMINI_API_KEY",
    "GEMINI_API_URL",
    "GEMINI_MODEL",
    "MISTRAL_API_KEY",
    "MISTRAL_API_URL",
    "MISTRAL_MODEL",
    "DEEPSEEK_API_KEY",
    "DEEPSEEK_API_URL",
    "DEEPSEEK_MODEL",
    "PERSONALIZATION_ENABLED",
    "ACCESS_POLICY",
    "ADMIN_CHAT_ID",
    "ADMIN_PASSWORD_HASH",
    "ADMIN_SESSION_S",
    "JOIN_WAIT_S",
    "RATE_LIMIT_PER_MINUTE",
    "DAILY_TOKEN_BUDGET",
    "TELEGRAM_RATE_PER_S",
    "TELEGRAM_CHAT_RATE_PER_S",
    "WHISPER_MODEL",
    "WHISPER_COMPUTE_TYPE",
    "SPEECH_MAX_DURATION_S",
    "SPEECH_TRANSCRIBER",
    "COMPRESSION_CRON",
    "REFRESH_CRON",
    "MEMORY_CAP",
    "MEMORY_KEEP_LAST",
    "MEMORY_TTL_DAYS",
    "PROMPT_BUDGET_TOKENS",
    "DATA_DIR",
    "MEDIA_ROOT",
    "WEB_PORT",
    "WEB_HOST",
    "SANDBOX_PORT",
    "WORKER_CONCURRENCY",
    "WEB_CONCURRENCY",
    "SWEEP_INTERVAL_S",
    "OVERDUE_AFTER_S",
    "TURN_LEASE_S",
    "TIME_ZONE",
    "LOG_LEVEL",
    "DEBUG",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "COMPRESSION_CONCURRENCY",
    "TRACE_SAMPLE_RATIO",
    "DIGEST_HOUR",
    "DIGEST_DELIVERY_HOUR",
    "DIGEST_CONCURRENCY",
    "DIGEST_SWEEP_S",
    "DIGEST_REVIEWER",
    "POST_TTL_DAYS",
    "SPAN_TTL_DAYS",
    "LOKI_URL",
    "PROMETHEUS_URL",
    "ALERTMANAGER_URL",
    "GRAFANA_URL",
    "METRICS_HOST",
    "WORKER_METRICS_PORT",
    "READER_METRICS_PORT",
    "BOT_METRICS_PORT",
    "LLM_SUPPORTS_IMAGES",
    "OFFLINE_CHUNK_DELAY_S",
)


class _Services:
    """What this pytest process started, and undoes at its end."""

    def __init__(self) -> None:
        self.data_dir: Path | None = None
        self.mongodb_url = NO_MONGODB_URL
        self.redis_url = NO_REDIS_URL
        self.started: list[EmbeddedService] = []

    def start(self, *, is_needed: bool) -> None:
        self.data_dir = Path(tempfile.mkdtemp(prefix="butler-tests-"))
        atexit.register(self.stop)  # for an error so early that pytest_unconfigure is not called
        _isolate_environment(self.data_dir)
        if is_needed:
            self._start_servers(self.data_dir)
        from butler_project.embedded.discovery import write_endpoints

        write_endpoints(self.data_dir, self.find_endpoints())

    def _start_servers(self, directory: Path) -> None:
        from butler_project.embedded.services import mongodb_service, redis_service

        mongodb, redis = mongodb_service(directory), redis_service(directory)
        self.started = [mongodb, redis]
        with unmeasured():  # tests/embedded measures servers of its own
            self.mongodb_url, self.redis_url = mongodb.start(), redis.start()

    def find_endpoints(self) -> Endpoints:
        from butler_project.embedded.discovery import Endpoints

        return Endpoints(mongodb_url=self.mongodb_url, redis_url=self.redis_url)

    def stop(self) -> None:
        while self.started:
            self.started.pop().stop()
        if self.data_dir is not None:
            shutil.rmtree(self.data_dir, ignore_errors=True)
            self.data_dir = None


_services = _Services()


def endpoints() -> Endpoints:
    """Return the addresses of this process's servers; port 1 where none was started (`--collect-only`)."""
    return _services.find_endpoints()


def data_dir() -> Path:
    """Return this process's temporary `DATA_DIR`."""
    if _services.data_dir is None:
        raise RuntimeError("the plugin tests.services has not started")
    return _services.data_dir


def mongodb() -> EmbeddedService:
    """Return this process's embedded MongoDB, for tests that take it away for a while."""
    return _find_started("mongodb")


def redis() -> EmbeddedService:
    """Return this process's embedded Redis, for tests that take it away for a while."""
    return _find_started("redis")


def environment(**changes: str) -> dict[str, str]:
    """Return the environment for a child process of a test: the same servers, nothing of the developer's."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", **changes}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the servers after pytest-cov began to look on, and before pytest-django loads the settings."""
    _services.start(is_needed=_is_needed(early_config.known_args_namespace))


def pytest_unconfigure() -> None:
    _services.stop()


def pytest_report_header() -> str:
    return f"services: {_services.mongodb_url} {_services.redis_url}"


def _is_needed(options: argparse.Namespace) -> bool:
    """Tell whether this process will run tests: not as pytest-xdist's controller, nor to show help."""
    is_only_asked = options.help or options.version or options.collectonly or options.markers
    is_only_asked = is_only_asked or getattr(options, "showfixtures", False)
    is_controller = bool(getattr(options, "numprocesses", None) or getattr(options, "tx", None))
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    return not is_only_asked and (is_worker or not is_controller)


def _isolate_environment(directory: Path) -> None:
    for name in CONFIGURATION:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    for name in PROXIES:
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)
    os.environ["DATA_DIR"] = str(directory)
    os.environ["BUTLER_ENV_FILE"] = ""


def _find_started(name: str) -> EmbeddedService:
    for service in _services.started:
        if service.name == name:
            return service
    raise RuntimeError(f"no embedded {name} was started in this process")
