"""Who is asked and in which order, by vendors that follow a script."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from llm.chain import Failure
from llm.errors import (
    AnswerRefused,
    AuthenticationRejected,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    RateLimited,
    Rejected,
    TimedOut,
    Unavailable,
)
from llm.prompt import Prompt
from llm.route import Candidate
from tests.harness.chains import Trial, Vendor, cut, prompt_of

GONE = Unavailable("no connection", provider="a")
NO_MODEL = ModelNotFound("status 404", provider="a")
TOO_LONG = ContextTooLong("status 400", provider="a")


def counted(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


def test_the_first_that_answers_is_the_only_one_asked():
    a, b = Vendor("a", ("Добрый ", "день")), Vendor("b", "Hello")
    trial = Trial(Candidate(a, "a-large"), b)

    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream:
        assert stream.candidate is None
        assert list(stream) == ["Добрый ", "день"]

    assert stream.candidate == Candidate(a, "a-large")
    assert (stream.completion.text, stream.completion.model) == ("Добрый день", "a-large")
    assert (stream.failures, stream.used_tokens) == ([], 12)
    assert a.asked == [(prompt_of("подробно"), "a-large")]
    assert b.asked == []


@pytest.mark.parametrize(
    "error",
    [
        GONE,
        TimedOut("no answer in time", provider="a"),
        RateLimited("status 429", provider="a"),
        Rejected("status 400", provider="a"),
        AuthenticationRejected("status 401", provider="a"),
        NO_MODEL,
        cut("a"),
    ],
)
def test_another_answers_for_one_that_does_not(error: LLMError):
    a, b, c = Vendor("a", error), Vendor("b", "Слушаю"), Vendor("c", "Hello")
    trial = Trial(a, b, c)
    answered_before = counted("llm_fallbacks_total", provider="b")

    with capture_logs() as logs, trial.chain.stream(trial.build_prompt, trial.asking()) as stream:
        assert list(stream) == ["Слушаю"]

    assert stream.candidate == Candidate(b)
    assert stream.failures == [Failure(Candidate(a), error.outcome)]
    assert trial.prompts == [("a", False), ("b", False)]
    assert c.asked == []
    assert counted("llm_fallbacks_total", provider="b") == answered_before + 1
    assert logs[-1] == {
        "event": "llm fallback",
        "log_level": "info",
        "provider": "b",
        "asked_first": "a",
        "outcome": error.outcome,
    }


def test_when_nobody_answers_the_first_error_is_raised():
    trial = Trial(Vendor("a", GONE), Vendor("b", NO_MODEL), Vendor("c", cut("c")))

    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream, pytest.raises(Unavailable):
        list(stream)

    assert [failure.outcome for failure in stream.failures] == [
        "unavailable",
        "model_not_found",
        "bad_answer",
    ]
    assert stream.candidate is None


def test_the_house_steps_in_for_a_model_that_is_gone_and_for_nothing_else():
    a, b = Vendor("a", NO_MODEL, "Я здесь"), Vendor("b", "Hello")
    house = Candidate(a)

    assert Trial(Candidate(a, "a-old"), b, house=house).ask() == "Я здесь"
    assert [model for _, model in a.asked] == ["a-old", None]

    assert Trial(Candidate(Vendor("a", GONE), "a-old"), b, house=house).ask() == "Hello"


def test_nobody_is_asked_twice():
    a, b = Vendor("a", NO_MODEL), Vendor("b", GONE)
    by_name = [Candidate(a, "a-1"), Candidate(b), Candidate(b, "b-1"), Candidate(b, "b-2")]
    trial = Trial(a, *by_name, house=Candidate(a, "a-1"))

    with pytest.raises(ModelNotFound):
        trial.ask()

    assert [model for _, model in a.asked + b.asked] == [None, None, "b-2"]


def test_a_whole_answer_follows_the_same_rules():
    a, b = Vendor("a", GONE), Vendor("b", ("Слу", "шаю"))
    trial = Trial(a, b, retries=1)

    completion = trial.chain.generate(trial.build_prompt, trial.asking())

    assert (completion.text, completion.provider, completion.usage.total_tokens) == ("Слушаю", "b", 12)
    assert (len(a.asked), len(b.asked), trial.clock.pauses) == (2, 1, [0.5])
    with pytest.raises(Unavailable):
        Trial(Vendor("a", GONE)).chain.generate(trial.build_prompt, trial.asking())


def test_a_prompt_too_long_is_shortened_once_for_each_model():
    a, b = Vendor("a", TOO_LONG), Vendor("b", TOO_LONG, cut("b"), "Слушаю")
    trial = Trial(a, b, retries=1)

    assert trial.ask() == "Слушаю"

    assert trial.prompts == [("a", False), ("a", True), ("b", False), ("b", True)]
    assert [prompt for prompt, _ in b.asked] == [
        prompt_of("подробно"),
        prompt_of("кратко"),
        prompt_of("кратко"),
    ]


@pytest.mark.parametrize("is_shortened", [False, True])
def test_a_prompt_that_cannot_be_short_enough_goes_to_the_next(is_shortened: bool):
    a, b = Vendor("a", TOO_LONG), Vendor("b", "Слушаю")
    trial = Trial(a, b, retries=3)

    def build_prompt(candidate: Candidate, **how: bool) -> Prompt:
        if candidate.provider is a and how["is_shortened"] is is_shortened:
            raise TOO_LONG
        return prompt_of("?")

    with trial.chain.stream(build_prompt, trial.asking()) as stream:
        assert list(stream) == ["Слушаю"]
    assert len(a.asked) == is_shortened


def test_a_refused_answer_is_not_taken_to_another_vendor():
    b = Vendor("b", "Hello")
    trial = Trial(Vendor("a", GONE), Vendor("c", AnswerRefused("withheld", provider="c")), b, retries=1)

    with pytest.raises(AnswerRefused):
        trial.ask()

    assert b.asked == []


def test_what_is_no_fault_of_a_model_ends_the_chain():
    def build_prompt(candidate: Candidate, *, is_shortened: bool) -> Prompt:
        raise LookupError

    b = Vendor("b", "Hello")
    trial = Trial(Vendor("a", ZeroDivisionError()), b, retries=3)

    with pytest.raises(ZeroDivisionError):
        trial.ask()
    with pytest.raises(LookupError):
        list(trial.chain.stream(build_prompt, trial.asking()))
    assert (b.asked, trial.outcomes) == ([], [("a", "crashed")])
