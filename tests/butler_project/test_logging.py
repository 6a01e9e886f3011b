"""What a process writes to its standard error, read from processes that do so."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.harness.processes import PROJECT_DIR
from tests.services import environment

PRELUDE = """
import logging, os, sys, threading, warnings
os.environ["DJANGO_SETTINGS_MODULE"] = "butler_project.settings"
import django, structlog
django.setup()
log = structlog.get_logger("ours")
"""
# One process for all that DEBUG has to show: each takes seconds to start.
EVERYTHING = """
from prometheus_client import REGISTRY
warned_before = REGISTRY.get_sample_value("structured_logs_total", {"level": "warning"}) or 0
with structlog.contextvars.bound_contextvars(trace_id="abc"):
    log.info("update stored", update_id=5)

logging.getLogger("some.library").warning("slow: %s, %d s", "disk", 5)
for name in ("urllib3", "httpx", "TeleBot", "openai", "django.db.backends", "one.that.nobody.knows"):
    logging.getLogger(name).info("https://api.telegram.org/bot77:top-secret/getMe")
    logging.getLogger(name).debug("https://api.telegram.org/bot77:top-secret/getMe")
for name in ("django.request", "django.server", "gunicorn.error"):
    logging.getLogger(name).error("taken over %d", 1)

for logger in (log, logging.getLogger("django.request")):
    try:
        {}[str(5 * 5)]
    except KeyError:
        logger.exception("failed")

import datetime
log.error("careless", failure=ValueError("private"), raw=b"private", at=datetime.date(2026, 1, 2), ids=[7])
endless = []; endless.append(endless)
log.error("endless", value=endless)
log.error("asked https://api.telegram.org/bot77:top-secret/getMe with key-of-mistral")
log.error(f"warned {REGISTRY.get_sample_value('structured_logs_total', {'level': 'warning'}) - warned_before:g}")

from butler_project.logging import log_what_nobody_catches
log_what_nobody_catches()

class Unlucky:
    def __del__(self):
        raise ValueError("private")

def fail():
    raise ValueError("private")

Unlucky()
warnings.simplefilter("always")
warnings.warn("private")
thread = threading.Thread(target=fail)
thread.start(); thread.join()
fail()
"""


def run(code: str, *, status: int = 0, **variables: str) -> list[dict[str, Any]]:
    """Run `code` in a process with Butler's settings; return the lines it logged."""
    finished = subprocess.run(
        [sys.executable, "-c", PRELUDE + code],
        cwd=PROJECT_DIR,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == status, finished.stderr
    return [json.loads(line) for line in finished.stderr.splitlines()]


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    secrets = {"TELEGRAM_BOT_TOKEN": "77:top-secret", "MISTRAL_API_KEY": "key-of-mistral"}
    return run(EVERYTHING, status=1, LOG_LEVEL="DEBUG", DEBUG="true", **secrets)


def test_a_line_is_json_with_the_trace_id(lines: list[dict[str, Any]]) -> None:
    [line] = [line for line in lines if line["event"] == "update stored"]

    assert (line["update_id"], line["trace_id"]) == (5, "abc")
    assert (line["level"], line["logger"]) == ("info", "ours")
    assert line["timestamp"].endswith("Z")


def test_the_standard_librarys_lines_are_json_too(lines: list[dict[str, Any]]) -> None:
    [line] = [line for line in lines if line["logger"] == "some.library"]

    assert (line["event"], line["level"]) == ("slow: …, 5 s", "warning")


def test_what_libraries_say_below_warnings_is_not_written(lines: list[dict[str, Any]]) -> None:
    assert [line for line in lines if "getMe" in line["event"] and line["logger"] != "ours"] == []


def test_django_and_gunicorn_write_no_lines_of_their_own(lines: list[dict[str, Any]]) -> None:
    taken = [line["logger"] for line in lines if line["event"] == "taken over 1"]

    assert taken == ["django.request", "django.server", "gunicorn.error"]


def test_an_exception_is_one_line_without_its_text(lines: list[dict[str, Any]]) -> None:
    failed = [line for line in lines if line["event"] == "failed"]

    assert [line["logger"] for line in failed] == ["ours", "django.request"]
    for line in failed:
        assert line["exception"].splitlines()[0] == "Traceback (most recent call last):"
        assert line["exception"].splitlines()[-1] == "KeyError"


def test_of_a_value_that_is_no_json_only_its_kind_is_written(lines: list[dict[str, Any]]) -> None:
    [line] = [line for line in lines if line["event"] == "careless"]

    assert (line["failure"], line["raw"]) == ("ValueError", "bytes")
    assert (line["at"], line["ids"]) == ("2026-01-02", [7])


def test_a_line_that_cannot_be_written_is_replaced_by_one_that_says_so(lines: list[dict[str, Any]]) -> None:
    [line] = [line for line in lines if line["event"] == "line not written"]

    assert (line["error"], line["level"], line["logger"]) == ("ValueError", "error", "ours")


def test_a_secret_of_the_configuration_is_masked_wherever_it_comes_from(lines: list[dict[str, Any]]) -> None:
    assert "asked https://api.telegram.org/bot***/getMe with ***" in [line["event"] for line in lines]


def test_lines_are_counted_by_level(lines: list[dict[str, Any]]) -> None:
    assert "warned 1" in [line["event"] for line in lines]


def test_what_nobody_catches_is_a_line_in_a_process_that_serves(lines: list[dict[str, Any]]) -> None:
    last = lines[-4:]

    assert [line["event"] for line in last] == [
        "error that could not be raised",
        "python warning",
        "thread ended by an error",
        "process ended by an error",
    ]
    assert [line["exception"].splitlines()[-1] for line in last if "exception" in line] == ["ValueError"] * 3
    assert "private" not in str(last).replace('raise ValueError("private")', "")  # the source


def test_the_level_is_a_setting() -> None:
    code = 'log.info("quiet"); log.error("loud")'

    assert [line["event"] for line in run(code, LOG_LEVEL="ERROR")] == ["loud"]
