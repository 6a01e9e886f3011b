from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from butler_project.embedded.services import EmbeddedService, mongodb_service, redis_service


@pytest.fixture
def mongodb(tmp_path: Path) -> Iterator[EmbeddedService]:
    """A server of the test's own, which it may kill."""
    service = mongodb_service(tmp_path, options=["--ttl-sweep-s", "0.5"])
    service.start()
    yield service
    service.stop()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[EmbeddedService]:
    service = redis_service(tmp_path)
    service.start()
    yield service
    service.stop()
