"""What is put on record of the calls of a chain: each once, whatever its end."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from llm.call import ExchangeRecord
from llm.chain import Chain
from llm.errors import (
    AnswerRefused,
    AuthenticationRejected,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    RateLimited,
    TimedOut,
    Unavailable,
)
from llm.prompt import Purpose
from llm.route import Candidate
from llm.usage import estimate_usage
from tests.harness.chains import ASKING, PROMPT_TOKENS, Answer, Clock, Trial, Vendor, cut, prompt_of

GONE = Unavailable("no connection", provider="a")
LIMITED = RateLimited("status 429", provider="a", retry_after_s=1.0)
TIMED_OUT = TimedOut("no answer in time", provider="a")
PROMPT = prompt_of("подробно")


def record_of(*answers: Answer) -> tuple[ExchangeRecord, Trial]:
    """Return the one record of a call that ends like this."""
    trial = Trial(Vendor("a", *answers))
    with pytest.raises(LLMError):
        trial.ask()
    (record,) = trial.records
    return record, trial


def test_an_answer_is_recorded_with_the_vendors_count_and_its_times():
    clock = Clock()
    trial = Trial(Vendor("a", ("Добрый ", "день"), takes_s=2.0, clock=clock), clock=clock)
    before = REGISTRY.get_sample_value("llm_tokens_total", {"provider": "a", "direction": "in"}) or 0.0

    trial.ask()

    assert trial.records == [
        ExchangeRecord(
            user_id="42",
            provider="a",
            model="a-1",
            purpose=Purpose.REPLY,
            outcome="ok",
            prompt_tokens=PROMPT_TOKENS,
            completion_tokens=2,
            first_token_s=2.0,
            duration_s=4.0,
            trace_id=ASKING.trace_id,
        )
    ]
    after = REGISTRY.get_sample_value("llm_tokens_total", {"provider": "a", "direction": "in"})
    assert after == before + PROMPT_TOKENS


@pytest.mark.parametrize("error", [GONE, LIMITED, AuthenticationRejected("status 401", provider="a")])
def test_a_call_that_the_vendor_refused_or_never_got_costs_nothing(error: LLMError):
    record, _ = record_of(error)

    assert (record.outcome, record.first_token_s, record.is_estimated) == (error.outcome, None, False)
    assert (record.prompt_tokens, record.completion_tokens) == (0, 0)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (TIMED_OUT, ""),
        (cut("a"), ""),
        (("Добрый ", GONE), "Добрый "),
        (("Добрый ", TIMED_OUT), "Добрый "),
        (("", " "), " "),
    ],
)
def test_what_was_read_and_said_before_a_failure_is_estimated(answer: Answer, text: str):
    record, _ = record_of(answer)

    usage = estimate_usage(PROMPT, text, model="a-1")
    assert (record.prompt_tokens, record.completion_tokens) == (usage.prompt_tokens, usage.completion_tokens)
    assert record.is_estimated


def test_what_came_until_somebody_left_is_estimated():
    vendor = Vendor("a", ("Добрый ", "день"))
    trial = Trial(vendor)

    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream:
        next(iter(stream))
        assert trial.records == []

    (record,) = trial.records
    usage = estimate_usage(PROMPT, "Добрый ", model="a-1")
    assert (record.outcome, record.is_estimated, vendor.released) == ("stopped", True, 1)
    assert record.prompt_tokens + record.completion_tokens == usage.total_tokens == stream.used_tokens
    stream.close()
    assert len(trial.records) == 1


def test_all_calls_of_a_chain_add_up():
    trial = Trial(Vendor("a", TIMED_OUT), Vendor("b", LIMITED, ("Слу", "шаю")), retries=1)

    with trial.chain.stream(trial.build_prompt, trial.asking()) as stream:
        list(stream)

    lost = estimate_usage(PROMPT, "", model="a-1").total_tokens
    assert trial.outcomes == [("a", "timed_out"), ("b", "rate_limited"), ("b", "ok")]
    assert stream.used_tokens == lost + PROMPT_TOKENS + 2


def test_nobody_is_named_who_has_been_forgotten_meanwhile():
    trial = Trial(Vendor("a", "Слушаю"))

    trial.ask(is_known=lambda: False)
    trial.ask(is_known=lambda: True)

    assert [record.user_id for record in trial.records] == ["", "42"]


def test_a_record_that_cannot_be_kept_spoils_no_answer():
    def fail(record: ExchangeRecord) -> None:
        raise OSError("Слушаю")  # whatever it says

    trial = Trial(Vendor("a", "Слушаю"))
    lost_before = REGISTRY.get_sample_value("llm_exchanges_lost_total") or 0.0

    with capture_logs() as logs:
        completion = Chain(trial.chain.route, record=fail).generate(trial.build_prompt, trial.asking())

    assert completion.text == "Слушаю"
    assert logs == [
        {
            "event": "exchange not recorded",
            "log_level": "warning",
            "provider": "a",
            "error": "OSError",
        }
    ]
    assert REGISTRY.get_sample_value("llm_exchanges_lost_total") == lost_before + 1


def answers() -> st.SearchStrategy[Answer]:
    errors = st.sampled_from(
        [
            GONE,
            LIMITED,
            TIMED_OUT,
            cut("a"),
            RateLimited("status 429", provider="a", retry_after_s=60.0),
            ModelNotFound("status 404", provider="a"),
            ContextTooLong("status 400", provider="a"),
            AnswerRefused("withheld", provider="a"),
            ZeroDivisionError(),
        ]
    )
    text = st.lists(st.sampled_from(["", " ", "да ", "нет"]), max_size=3)
    return st.builds(lambda said, end: (*said, *end), text, st.lists(errors, max_size=1))


@settings(phases=[Phase.generate], max_examples=300, deadline=None)
@given(
    scripts=st.lists(st.lists(answers(), min_size=1, max_size=4), min_size=1, max_size=3),
    retries=st.integers(0, 3),
    failures_to_open=st.integers(0, 2),
    leaves_after=st.none() | st.integers(0, 3),
    is_whole=st.booleans(),
)
def test_every_call_is_recorded_once_and_only_one_is_heard(
    scripts: list[list[Answer]], retries: int, failures_to_open: int, leaves_after: int | None, is_whole: bool
):
    vendors = [Vendor(f"v{place}", *script) for place, script in enumerate(scripts)]
    trial = Trial(*vendors, retries=retries, failures_to_open=failures_to_open)
    stream = trial.chain.stream(trial.build_prompt, trial.asking())
    heard = ""

    try:
        if is_whole:
            heard = trial.chain.generate(trial.build_prompt, trial.asking()).text
        else:
            with stream:
                for place, piece in enumerate(stream):
                    heard += piece
                    if place == leaves_after:
                        break
    except (LLMError, ZeroDivisionError):
        pass

    asked = [vendor.name for vendor in vendors for _ in vendor.asked]
    assert [record.provider for record in trial.records] == asked
    assert all(vendor.released == len(vendor.asked) <= retries + 2 for vendor in vendors)
    assert sum(record.first_token_s is not None for record in trial.records) == bool(heard)
    assert all(record.outcome not in ("ok", "stopped") for record in trial.records[:-1])
    if not is_whole:
        spent = sum(record.prompt_tokens + record.completion_tokens for record in trial.records)
        assert stream.used_tokens == spent
        assert (stream.candidate is not None) == bool(heard)
        assert [failure.candidate for failure in stream.failures] == [
            Candidate(vendor) for vendor in vendors[: len(stream.failures)]
        ]
