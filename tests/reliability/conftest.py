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
    stack.wait_until_settled()
