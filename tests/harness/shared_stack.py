"""One stack for all tests of a pytest process that leave it as they found it: starting one takes seconds."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from tests.harness.stack import Stack

# What beat begins once a day is of no test: it is six hours away or more, in Moscow and in the zones of `days`.
IN_HALF_A_DAY = f"0 {(datetime.now(UTC) + timedelta(hours=12)).hour} * * *"

# Recovery within seconds, so that tests need not wait as long as people may.
QUICK = {
    "SWEEP_INTERVAL_S": "1",
    "OVERDUE_AFTER_S": "1",
    "TURN_LEASE_S": "3",
    "LLM_TIMEOUT_S": "6",  # some seconds more than a busy machine lets anything wait
    "LLM_CONNECT_TIMEOUT_S": "6",
    "LLM_RETRIES": "0",
    "LLM_BREAKER_FAILURES": "0",
    "JOIN_WAIT_S": "0.4",
    "RATE_LIMIT_PER_MINUTE": "0",
    "DAILY_TOKEN_BUDGET": "0",
    "TELEGRAM_RATE_PER_S": "10000",
    "TELEGRAM_CHAT_RATE_PER_S": "1000",
    "SPEECH_TRANSCRIBER": "tests.harness.transcriber.build_transcriber",
    "COMPRESSION_CRON": IN_HALF_A_DAY,
    "REFRESH_CRON": IN_HALF_A_DAY,
}

_chat_ids = count(1_000)


@cache
def shared_stack(config: pytest.Config) -> Stack:
    """Return the running stack of this pytest process."""
    return start_stack(config, **QUICK)


def new_chat_id() -> int:
    """Return the id of a chat, and of its person, that no other test of this process uses."""
    return next(_chat_ids)


def start_stack(config: pytest.Config, **settings: str) -> Stack:
    """Start a stack that stops, and leaves nothing, when the pytest process ends."""
    directory = Path(tempfile.mkdtemp(prefix="butler-stack-"))
    stack = Stack(directory, **settings)
    config.add_cleanup(lambda: _stop(stack, directory))
    return stack.__enter__()


def _stop(stack: Stack, directory: Path) -> None:
    stack.stop()
    shutil.rmtree(directory, ignore_errors=True)
