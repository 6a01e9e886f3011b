"""What a process keeps of its configuration, forgotten by a test that changes settings."""

from __future__ import annotations

from llm.breaker import configured_breakers
from llm.catalogue import configured_catalogue
from llm.registry import configured_registry


def forget_configuration() -> None:
    """Have providers, catalogue and breakers made anew by whoever asks for them next."""
    for configured in (configured_registry, configured_catalogue, configured_breakers):
        configured.cache_clear()
