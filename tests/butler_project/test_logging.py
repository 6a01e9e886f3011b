"""What a process writes to its standard error, read from processes that do so."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.harness.processes import PROJECT_DIR
from tests.services import environment

PRELUDE = """
import logging, os
os.environ["DJANGO_SETTINGS_MODULE"] = "butler_project.settings"
import django, structlog
django.setup()
log = structlog.get_logger("test.logging")
"""


def run(code: str, **variables: str) -> list[dict[str, Any]]:
    """Run `code` in a process with Butler's settings; return the lines it logged."""
    finished = subprocess.run(
        [sys.executable, "-c", PRELUDE + code],
        cwd=PROJECT_DIR,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in finished.stderr.splitlines()]


def test_a_line_is_json_with_the_trace_id() -> None:
    code = """
with structlog.contextvars.bound_contextvars(trace_id="abc"):
    log.info("update stored", update_id=5)
"""
    [line] = run(code)

    assert (line["event"], line["update_id"], line["trace_id"]) == ("update stored", 5, "abc")
    assert (line["level"], line["logger"]) == ("info", "test.logging")
    assert line["timestamp"].endswith("Z")


def test_the_standard_librarys_lines_are_json_too() -> None:
    [line] = run('logging.getLogger("some.library").warning("slow: %s", "disk")')

    assert (line["event"], line["level"], line["logger"]) == ("slow: disk", "warning", "some.library")


def test_an_exception_is_one_line() -> None:
    code = """
try:
    {}["missing"]
except KeyError:
    log.exception("failed")
"""
    [line] = run(code)

    assert "KeyError: 'missing'" in line["exception"]


def test_libraries_that_log_addresses_are_kept_quiet() -> None:
    code = """
for name in ("urllib3", "httpx", "TeleBot", "openai"):
    logging.getLogger(name).info("https://api.telegram.org/bot1:secret/getMe")
"""
    assert run(code) == []


def test_the_level_is_a_setting() -> None:
    code = 'log.info("quiet"); log.error("loud")'

    assert [line["event"] for line in run(code, LOG_LEVEL="ERROR")] == ["loud"]


def test_lines_are_counted_by_level() -> None:
    code = """
log.warning("one"); log.warning("two")
from prometheus_client import REGISTRY
log.error(str(REGISTRY.get_sample_value("structured_logs_total", {"level": "warning"})))
"""
    assert run(code)[-1]["event"] == "2.0"
