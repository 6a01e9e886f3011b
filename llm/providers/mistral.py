"""Mistral's models (La Plateforme).

Sources: https://docs.mistral.ai/api ("Chat", "Models"), https://docs.mistral.ai/resources/error-glossary. It refuses
`stream_options` (422) and tells the usage of a stream in its last chunk unasked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from llm.provider_settings import MissingSetting, SettingLookup, read_key, read_limits, read_url
from llm.providers.base import Capabilities, ModelDescription, Provider
from llm.providers.openai_format.client import ChatCompletionsProvider
from llm.providers.openai_format.models import describe_model, entries_of

API_URL = "https://api.mistral.ai/v1"
MODEL = "mistral-small-latest"
LATEST = "-latest"


class MistralProvider(ChatCompletionsProvider):
    """Its general models see pictures and have this context at least; the list says what is otherwise."""

    name = "mistral"
    capabilities = Capabilities(supports_images=True, context_tokens=128_000)
    asks_for_usage = False

    def _read_models(self, body: object) -> list[ModelDescription]:
        """Each alias of a model is listed like a model of its own: one of them is enough."""
        current = [entry for entry in entries_of(body, provider=self.name) if not is_deprecated(entry)]
        kept = {self._choose_alias(entry, current) for entry in current}
        return [describe_model(entry, provider=self.name) for entry in current if entry["id"] in kept]

    def _choose_alias(self, entry: dict[str, Any], entries: Iterable[dict[str, Any]]) -> str:
        same = [str(other["id"]) for other in entries if _model_name(other) == _model_name(entry)]
        if self.default_model in same:
            return self.default_model
        return next((name for name in same if name.endswith(LATEST)), same[0])


def is_deprecated(entry: dict[str, Any]) -> bool:
    """Tell whether the day has come from which the vendor advises against a model (`deprecation`, ISO 8601)."""
    try:
        at = datetime.fromisoformat(entry["deprecation"])
    except (KeyError, TypeError, ValueError):
        return False
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) <= datetime.now(UTC)


def _model_name(entry: dict[str, Any]) -> str:
    return str(entry.get("name") or entry["id"])


def build_providers(lookup: SettingLookup) -> list[Provider]:
    api_key = read_key(lookup, "MISTRAL_API_KEY")
    if not api_key:
        raise MissingSetting("MISTRAL_API_KEY")
    return [
        MistralProvider(
            url=read_url(lookup, "MISTRAL_API_URL", API_URL),
            api_key=api_key,
            model=lookup("MISTRAL_MODEL", MODEL),
            limits=read_limits(lookup),
        )
    ]
