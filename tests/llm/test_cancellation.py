"""Whoever waits for a model can be told by another thread that the answer is not wanted any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from llm.cancellation import Cancellation
from llm.provider_settings import Limits
from llm.providers.base import Provider
from llm.providers.gemini import GeminiProvider
from llm.providers.openai_compatible import OpenAICompatibleProvider
from tests.harness.chains import Trial
from tests.harness.gemini_standin import GeminiStandIn
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import PATIENCE_S, wait_until

PATIENT = Limits(connect_timeout_s=PATIENCE_S, timeout_s=600)  # nobody waits for that


@pytest.fixture(scope="module")
def gemini_standin() -> Iterator[GeminiStandIn]:
    with GeminiStandIn() as running:
        yield running


@pytest.fixture(params=["openai", "gemini"])
def asked(
    request: pytest.FixtureRequest, standin: LLMStandIn, gemini_standin: GeminiStandIn
) -> tuple[LLMStandIn, Provider]:
    """A model that a test scripts, and who asks it."""
    if request.param == "openai":
        return standin, endpoint(standin)
    gemini_standin.clear()
    return gemini_standin, GeminiProvider(api_key="key", url=gemini_standin.root, limits=PATIENT)


def endpoint(standin: LLMStandIn) -> Provider:
    return OpenAICompatibleProvider(name="silent", url=standin.url, model="standin-7b", limits=PATIENT)


def closed_calls(provider: Provider) -> float:
    labels = {"provider": provider.name, "outcome": "closed"}
    return REGISTRY.get_sample_value("llm_requests_total", labels) or 0.0


def test_what_is_guarded_is_aborted_when_it_is_cancelled_or_has_been() -> None:
    aborted: list[str] = []
    cancellation = Cancellation()

    cancellation.guard(lambda: aborted.append("released"))
    cancellation.release()
    cancellation.guard(lambda: aborted.append("guarded"))
    cancellation.cancel()
    cancellation.guard(lambda: aborted.append("late"))

    assert aborted == ["guarded", "late"]
    assert cancellation.asked.is_set()


def test_a_model_that_falls_silent_is_not_waited_for_once_nobody_wants_its_answer(
    asked: tuple[LLMStandIn, Provider],
) -> None:
    standin, provider = asked
    standin.script({"kind": "stall", "text": "раз два три четыре"}, {"kind": "answer", "text": "Слушаю"})
    closed_before = closed_calls(provider)
    trial = Trial(provider, retries=2, failures_to_open=1)

    heard = ""
    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream:
        for piece in stream:
            heard += piece
            threading.Timer(0.1, stream.stop).start()

    assert heard in ("раз", "раз два")
    assert trial.outcomes == [(provider.name, "stopped")]
    assert closed_calls(provider) == closed_before + 1
    assert not trial.breakers.of_provider(provider.name).is_open
    assert trial.ask() == "Слушаю"  # by another connection


def test_a_model_that_only_shows_signs_of_life_is_not_waited_for_either(standin: LLMStandIn) -> None:
    standin.script({"kind": "keep_alive"}, {"kind": "answer", "text": "Слушаю"})
    trial = Trial(endpoint(standin), retries=2)

    def stop_once_asked() -> None:
        wait_until(standin.requests, what="the question")
        stream.stop()

    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream:
        threading.Thread(target=stop_once_asked).start()
        assert list(stream) == []

    assert trial.outcomes == [("silent", "stopped")]
    assert trial.ask() == "Слушаю"
