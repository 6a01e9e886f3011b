"""The chain over HTTP: endpoints that are dead, busy, or break off."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from llm.errors import BadAnswer, RateLimited
from llm.provider_settings import Limits
from llm.providers.openai_compatible import OpenAICompatibleProvider
from tests.harness.chains import Trial
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import PATIENCE_S

Endpoint = OpenAICompatibleProvider


@pytest.fixture
def dead() -> Iterator[Endpoint]:
    """An endpoint of a port that is taken but not listened to: nobody else can begin to answer there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield endpoint("dead", f"http://127.0.0.1:{taken.getsockname()[1]}/v1")


@pytest.fixture
def alive(standin: LLMStandIn) -> Endpoint:
    return endpoint("alive", standin.url)


@pytest.fixture
def silent() -> Iterator[Endpoint]:
    """An endpoint that takes connections and never answers; it takes nothing out of a script either."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        yield endpoint("slow", f"http://127.0.0.1:{mute.getsockname()[1]}/v1", timeout_s=0.2)


def endpoint(name: str, url: str, *, timeout_s: float = PATIENCE_S) -> Endpoint:
    limits = Limits(connect_timeout_s=PATIENCE_S, timeout_s=timeout_s)
    return Endpoint(name=name, url=url, model="standin-7b", limits=limits)


def test_a_dead_endpoint_is_replaced_and_then_left_alone(
    standin: LLMStandIn, dead: Endpoint, alive: Endpoint
):
    standin.script({"kind": "answer", "text": "Слушаю", "times": 2})
    trial = Trial(dead, alive, retries=2, failures_to_open=3)

    assert [trial.ask(), trial.ask()] == ["Слушаю", "Слушаю"]

    assert trial.outcomes == [("dead", "unavailable")] * 3 + [("alive", "ok")] * 2
    assert trial.clock.pauses == [0.5, 1.0]
    assert not any(record.is_estimated for record in trial.records)


def test_retry_after_is_waited_for_if_it_is_short(standin: LLMStandIn, alive: Endpoint):
    standin.script({"kind": "status", "status": 429, "retry_after": 4}, {"kind": "answer", "text": "Слушаю"})
    trial = Trial(alive, retries=1, failures_to_open=3)

    assert trial.ask() == "Слушаю"
    assert trial.clock.pauses == [4.5]


def test_a_long_retry_after_is_kept_without_another_call(standin: LLMStandIn, alive: Endpoint):
    standin.script({"kind": "status", "status": 429, "retry_after": 90}, {"kind": "answer", "text": "Слушаю"})
    trial = Trial(alive, retries=1, failures_to_open=3)

    with pytest.raises(RateLimited):
        trial.ask()
    trial.clock.now += 89
    assert trial.breakers.of_provider("alive").is_open
    trial.clock.now += 1

    assert trial.ask() == "Слушаю"
    assert (len(standin.requests()), trial.clock.pauses) == (2, [])


def test_an_answer_cut_off_in_the_middle_is_final(standin: LLMStandIn, alive: Endpoint, dead: Endpoint):
    standin.configure(chunk_s=0.001)
    standin.script({"kind": "cut_stream", "text": "Добрый день, сэр, чем могу служить?"})
    trial = Trial(alive, dead, retries=2)

    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream, pytest.raises(BadAnswer):
        list(stream)

    assert (len(standin.requests()), trial.outcomes) == (1, [("alive", "bad_answer")])
    assert (stream.candidate, stream.failures) == (trial.chain.route.first, [])
    assert (trial.records[0].is_estimated, trial.records[0].first_token_s is not None) == (True, True)


def test_an_endpoint_that_does_not_answer_in_time_is_not_asked_again(
    standin: LLMStandIn, silent: Endpoint, alive: Endpoint
):
    standin.script({"kind": "answer", "text": "Слушаю"})
    trial = Trial(silent, alive, retries=2)

    assert trial.ask() == "Слушаю"
    assert trial.outcomes == [("slow", "timed_out"), ("alive", "ok")]
