"""A running stack, and a chat with somebody in it whom no other test knows."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.harness.grouping import LoadGroupOfFiles, begin_with_processes, make_scheduler
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.shared_stack import new_chat_id, shared_stack
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient

# No example fails because the machine is busy, and a change is judged by the same examples as the one before it.
# Others are searched for with --hypothesis-profile=searching.
settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("searching", settings.get_profile("patient"), derandomize=False, max_examples=3_000)
settings.load_profile("patient")


@pytest.hookimpl(optionalhook=True)  # pytest runs without pytest-xdist as well
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadGroupOfFiles | None:
    return make_scheduler(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    begin_with_processes(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Forget the exchanges that wait to be written, before the database is emptied for the next test."""
    from llm.exchanges import discard_exchanges  # there are settings only by now

    discard_exchanges()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Set the test database up as pytest-django does, and empty it in a quicker way."""
    from tests.harness.emptying import empty_quickly  # there are settings only by now

    empty_quickly()


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Let memory go by reference counts alone, as between two runs of the collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The whole product by webhook, with a scripted model; faults and scripts go with the test."""
    found = shared_stack(request.config)
    yield found
    found.forget_orders()


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
