from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.processes import wait_until
from tests.harness.stack import Stack


@pytest.fixture
def stack(stack: Stack) -> Iterator[Stack]:
    """The stack of all; after the test everything that it killed, stopped or ordered is as before."""
    yield stack
    stack.forget_orders()
    for child in (stack.web, stack.worker):
        if not child.is_running:
            child.start()
    wait_until(stack.is_web_up, what="the web process")
    stack.worker.wait_for_output("ready")  # its metrics are read at the beginning of tests
    stack.wait_until_settled()


@pytest.fixture
def only_these_people(stack: Stack) -> None:
    """Forget whom earlier tests have left: a run over everybody meets the people of the test alone."""
    for name in ("user_memory", "user_profiles"):
        stack.database()[name].delete_many({})
