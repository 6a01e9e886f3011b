"""How long one model is waited for: asked again, passed over, left; by vendors that follow a script."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from prometheus_client import REGISTRY

from llm.breaker import configured_breakers
from llm.call import Asking
from llm.chain import Chain, configured_chain
from llm.errors import (
    AnswerRefused,
    LLMError,
    RateLimited,
    Rejected,
    TimedOut,
    Unavailable,
)
from llm.route import Candidate
from tests.harness.chains import Clock, Trial, Vendor, cut

GONE = Unavailable("no connection", provider="a")


def counted(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


def test_what_may_soon_pass_is_tried_again_after_growing_pauses():
    a = Vendor("a", GONE, RateLimited("status 429", provider="a", retry_after_s=3.0), cut("a"), "Слушаю")
    trial = Trial(a, Vendor("b", "Hello"), retries=3)
    retried_before = counted("llm_retries_total", provider="a")

    assert trial.ask() == "Слушаю"

    assert trial.clock.pauses == [0.5, 4.0, 2.0]
    assert counted("llm_retries_total", provider="a") == retried_before + 3


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("no answer in time", provider="a"),
        RateLimited("status 429", provider="a", retry_after_s=60.0),
        Rejected("status 400", provider="a"),
    ],
)
def test_what_is_not_worth_waiting_for_goes_to_the_next_at_once(error: LLMError):
    a = Vendor("a", error)
    trial = Trial(a, Vendor("b", "Слушаю"), retries=3)

    assert trial.ask() == "Слушаю"
    assert (len(a.asked), trial.clock.pauses) == (1, [])


def test_an_answer_that_breaks_off_is_not_begun_again():
    a = Vendor("a", ("Добрый ", GONE))
    trial = Trial(a, Vendor("b", "Hello"), retries=3)
    heard: list[str] = []

    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream, pytest.raises(Unavailable):
        heard.extend(stream)

    assert (stream.candidate, stream.failures, len(a.asked)) == (Candidate(a), [], 1)
    assert heard == ["Добрый "]
    with pytest.raises(RuntimeError):
        _ = stream.completion


def test_blank_pieces_are_held_back_and_go_with_their_attempt():
    a = Vendor("a", ("\n", " ", cut("a")), (" ", "\n", "Слушаю", " ", "Вас"))
    trial = Trial(a, retries=1)

    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream:
        assert list(stream) == [" \nСлушаю", " ", "Вас"]


def test_a_provider_that_keeps_failing_is_passed_over_and_then_tried_again():
    a, b = Vendor("a", GONE, GONE, "Я здесь"), Vendor("b", "Слушаю")
    trial = Trial(a, b, retries=5, failures_to_open=2)

    assert [trial.ask(), trial.ask()] == ["Слушаю", "Слушаю"]

    assert (len(a.asked), trial.clock.pauses) == (2, [0.5])
    assert trial.prompts == [("a", False), ("b", False), ("b", False)]
    assert [name for name, _ in trial.outcomes] == ["a", "a", "b", "b"]
    trial.clock.now += 30
    assert trial.ask() == "Я здесь"


def test_a_vendor_that_wants_to_be_left_alone_is_and_the_error_comes_at_once():
    a = Vendor("a", RateLimited("status 429", provider="a", retry_after_s=60.0), "Слушаю")
    trial = Trial(a, failures_to_open=5)

    with pytest.raises(RateLimited):
        trial.ask()
    with pytest.raises(Unavailable, match="left alone after failures"):
        trial.ask()
    assert len(trial.records) == 1
    trial.clock.now += 60
    assert trial.ask() == "Слушаю"


def test_a_probe_that_is_left_early_does_not_keep_others_out():
    a = Vendor("a", GONE, ("Добрый ", "день"))
    trial = Trial(a, failures_to_open=1)
    with pytest.raises(Unavailable):
        trial.ask()
    trial.clock.now += 30

    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream:
        next(iter(stream))

    assert trial.ask() == "Добрый день"


def test_stopping_ends_a_pause_at_once_and_without_an_error():
    a, b, clock = Vendor("a", GONE), Vendor("b", "Hello"), Clock()
    trial = Trial(a, b, retries=3, clock=clock)
    stream = trial.chain.stream(trial.build_prompt, trial.asking())
    clock.while_waiting = stream.stop

    with stream:
        assert list(stream) == []

    assert (len(a.asked), b.asked, trial.outcomes) == (1, [], [("a", "unavailable")])


@pytest.mark.parametrize("error", [GONE, AnswerRefused("withheld", provider="a")])
def test_whoever_has_stopped_hears_of_no_failure(error: LLMError):
    a, b = Vendor("a", error), Vendor("b", "Hello")
    trial = Trial(a, b)
    chain = Chain(trial.chain.route, record=lambda record: stream.stop())
    stream = chain.stream(trial.build_prompt, trial.asking())

    assert list(stream) == []
    assert (len(a.asked), b.asked) == (1, [])


def test_stopping_from_another_thread_ends_a_real_pause_and_a_growing_answer():
    a = Vendor("a", RateLimited("status 429", provider="a", retry_after_s=8.0), "Слушаю")
    waiting = Trial(a, retries=1)
    chain = Chain(waiting.chain.route, record=waiting.records.append, policy=waiting.chain.policy)
    stream = chain.stream(waiting.build_prompt, waiting.asking())
    threading.Timer(0.05, stream.stop).start()
    assert list(stream) == []

    talking = Trial(Vendor("b", ("Добрый ", "день")))
    with talking.chain.stream(talking.build_prompt, talking.asking()) as stream:
        for piece in stream:
            assert piece == "Добрый "
            stream.stop()
    assert talking.outcomes == [("b", "stopped")]


def test_an_answer_nobody_asked_for_costs_nothing():
    a = Vendor("a", "Слушаю")
    trial = Trial(a)

    with trial.chain.stream(trial.build_prompt, Asking(user_id="42")) as stream:
        pass

    assert (a.asked, trial.records, stream.used_tokens) == ([], [], 0)


def test_the_settings_hold_for_every_chain_of_the_process(settings: Any):
    settings.LLM_RETRIES, settings.LLM_BREAKER_FAILURES, settings.LLM_BREAKER_PAUSE_S = 7, 1, 60.0
    route = Trial(Vendor("settled", GONE)).chain.route
    configured_breakers.cache_clear()
    try:
        chain = configured_chain(route)
        permit = chain.breakers.of_provider("settled").admit()
        assert permit
        permit.end(GONE)

        assert configured_chain(route).breakers.of_provider("settled").is_open
        assert chain.policy.retries == 7
    finally:
        configured_breakers.cache_clear()
