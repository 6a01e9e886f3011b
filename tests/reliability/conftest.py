from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import wait_until
from tests.harness.shared_stack import new_chat_id, shared_stack
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The whole product; after the test everything that it killed, stopped or ordered is as before."""
    found = shared_stack(request.config)
    yield found
    found.telegram.forget_faults()
    if found.model:
        found.model.forget_script()
    for child in (found.web, found.worker):
        if not child.is_running:
            child.start()
    wait_until(found.is_web_up, what="the web process")
    found.wait_until_settled()


@pytest.fixture
def telegram(stack: Stack) -> SandboxClient:
    return stack.telegram


@pytest.fixture
def model(stack: Stack) -> LLMStandIn:
    assert stack.model is not None
    return stack.model


@pytest.fixture
def chat_id() -> int:
    return new_chat_id()
