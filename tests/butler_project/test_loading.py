"""What processes load, and what they are spared."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.harness.processes import PROJECT_DIR

SPARED = {
    "aiohttp",
    "cryptography.x509",
    "opentelemetry.sdk.metrics._internal",
    "opentelemetry.sdk.trace",
    "rich.console",
}
CODE = f"""
import sys; sys.argv = ['manage.py', 'runbot']
import django; django.setup()
from opentelemetry import trace
import tracing
print(type(trace.get_tracer_provider()).__name__)
import openai
print(sorted({SPARED} & set(sys.modules)))
import gc
from butler_project import wsgi
tracing.warm_up()
print(gc.get_freeze_count() > 100_000, 'opentelemetry.sdk.trace' in sys.modules)
"""


@pytest.fixture(scope="module")
def printed() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=PROJECT_DIR,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_process_that_records_nothing_is_traced_and_does_not_load_the_sdk_for_it(
    printed: list[str],
) -> None:
    provider, loaded = printed[:2]
    assert provider == "LazyProvider"
    assert "opentelemetry.sdk.trace" not in loaded


def test_what_libraries_load_because_it_is_there_is_not_loaded(printed: list[str]) -> None:
    assert printed[1] == "[]"


def test_a_process_that_serves_does_not_search_its_modules_for_garbage(printed: list[str]) -> None:
    assert printed[2] == "True True"
