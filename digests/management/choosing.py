"""Which model a command asks: one that is named, alone, and nobody in its place."""

from __future__ import annotations

from django.conf import settings

from llm.catalogue import find_route
from llm.chain import Chain
from llm.exchanges import record_exchange
from llm.provider_settings import InvalidSetting
from llm.providers.offline import OfflineProvider
from llm.registry import configured_registry
from llm.retry import RetryPolicy
from llm.route import Candidate, Route, read_candidates, write_candidate


def find_model(choice: str, *, option: str) -> Candidate:
    """Return whom `<provider>` or `<provider>:<model>` names.

    Raises `InvalidSetting` that names the option if no such provider is configured, or it is known not to have the
    model.
    """
    if choice.partition(":")[0] == OfflineProvider.name:
        return Candidate(OfflineProvider())  # the configured one pauses between words, for people to see
    (candidate,) = read_candidates([choice], configured_registry().all_providers(), setting=option)
    if not candidate.model_name:
        return candidate
    route = find_route(write_candidate(candidate))
    if route.is_vanished:
        raise InvalidSetting(option, f"{candidate.provider.name} has no model {candidate.model_name!r}")
    return route.first


def ask_alone(candidate: Candidate) -> Chain:
    """Return the chain that asks this model, LLM_RETRIES times again; calls are recorded as all others are."""
    return Chain(
        Route(candidate, candidate), record=record_exchange, policy=RetryPolicy(settings.LLM_RETRIES)
    )
