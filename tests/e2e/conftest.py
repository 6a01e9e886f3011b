from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import guarded_stack as guarded
from tests.harness.stack import Stack


@pytest.fixture
def guarded_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A house to which its admins admit people; what a test guessed wrong does not lock the next one out."""
    found = guarded.guarded_stack(request.config)
    yield found
    found.forget_orders()
    for key in found.broker().scan_iter("window:admin-wrong*"):
        found.broker().delete(key)
