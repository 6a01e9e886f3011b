from __future__ import annotations

from collections.abc import Iterator

import pytest

from llm.provider_settings import Limits
from llm.providers.gemini import GeminiProvider
from tests.harness.gemini_standin import GeminiStandIn
from tests.harness.processes import PATIENCE_S

KEY = "AIzaSecretKey"
LIMITS = Limits(connect_timeout_s=PATIENCE_S, timeout_s=PATIENCE_S)


@pytest.fixture(scope="session")
def running_standin() -> Iterator[GeminiStandIn]:
    with GeminiStandIn("--api-key", KEY) as standin:
        yield standin


@pytest.fixture
def standin(running_standin: GeminiStandIn) -> GeminiStandIn:
    running_standin.clear()
    return running_standin


@pytest.fixture
def provider(standin: GeminiStandIn) -> GeminiProvider:
    return GeminiProvider(api_key=KEY, url=standin.root, limits=LIMITS)
