"""What an endpoint refuses to be asked, and the same request without it.

Servers differ in a few fields that only an answer tells apart: some know no `stream_options`; OpenAI's reasoning models
take `max_completion_tokens` for `max_tokens` and no `temperature` but their own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from llm.providers.openai_format.verdict import Refusal

REFUSING_FIELD = {400, 422}


class Adaptation(StrEnum):
    WITHOUT_USAGE = "without_usage"
    COMPLETION_TOKENS = "completion_tokens"
    WITHOUT_TEMPERATURE = "without_temperature"


def adapt(request: dict[str, Any], adaptations: frozenset[Adaptation]) -> dict[str, Any]:
    """Return a request as the endpoint takes it."""
    adapted = dict(request)
    if Adaptation.WITHOUT_USAGE in adaptations:
        adapted.pop("stream_options", None)
    if Adaptation.WITHOUT_TEMPERATURE in adaptations:
        adapted.pop("temperature", None)
    if Adaptation.COMPLETION_TOKENS in adaptations and "max_tokens" in adapted:
        adapted["max_completion_tokens"] = adapted.pop("max_tokens")
    return adapted


def find_adaptation(refusal: Refusal, request: dict[str, Any]) -> Adaptation | None:
    """Return what a refused request may succeed with; None if it was refused for something else."""
    if refusal.status not in REFUSING_FIELD:
        return None
    if "stream_options" in request and "stream_options" in refusal.wording:
        return Adaptation.WITHOUT_USAGE
    if "max_tokens" in request and "max_completion_tokens" in refusal.wording:
        return Adaptation.COMPLETION_TOKENS
    is_unsupported = refusal.is_named({"unsupported_value", "unsupported_parameter"})
    if "temperature" in request and is_unsupported and "'temperature'" in refusal.wording:
        return Adaptation.WITHOUT_TEMPERATURE
    return None
