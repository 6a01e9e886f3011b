"""Every class of error of each vendor that speaks OpenAI's format, through the SDK over HTTP, whole and streamed.

Sources: https://platform.openai.com/docs/guides/error-codes, https://docs.mistral.ai/resources/error-glossary,
https://api-docs.deepseek.com/quick_start/error_codes.
"""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from llm.errors import (
    AnswerRefused,
    AuthenticationRejected,
    BadAnswer,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TimedOut,
    Unavailable,
)
from tests.llm.conftest import KEY, Vendor, ask, read_stream

Fields = dict[str, Any]

QUESTION = "Сколько стоит рояль?"
WORDS = "раз два три четыре пять шесть"

STATUS_ERRORS: list[tuple[Fields, type[LLMError], bool]] = [
    ({"status": 400}, Rejected, False),
    ({"status": 401}, AuthenticationRejected, False),
    ({"status": 402, "message": "Insufficient Balance"}, QuotaExhausted, False),
    ({"status": 403}, AuthenticationRejected, False),
    ({"status": 408}, Unavailable, True),
    ({"status": 413}, ContextTooLong, False),
    ({"status": 422}, Rejected, False),
    ({"status": 429, "retry_after": 7}, RateLimited, True),
    ({"status": 500}, Unavailable, True),
    ({"status": 502, "body": "<html>Bad Gateway</html>"}, Unavailable, True),
    ({"status": 503}, Unavailable, True),
]

TOO_LONG: dict[str, Fields] = {
    "openai_compatible": {"code": "context_length_exceeded"},
    "mistral": {
        "code": "3051",
        "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum "
        "context length",
    },
    "deepseek": {
        "message": "This model's maximum context length is 65536 tokens. However, you requested 70000"
    },
}

NO_MODEL: dict[str, Fields] = {
    "openai_compatible": {"status": 404, "code": "model_not_found"},
    "mistral": {"status": 400, "type": "invalid_model", "code": "1500", "message": "Invalid model: gone-9b"},
    "deepseek": {"status": 400, "message": "Model Not Exist"},
}

SPOILED_STREAMS: list[tuple[str, type[LLMError], bool]] = [
    ("empty", BadAnswer, True),
    ("malformed_json", BadAnswer, True),
    ("cut_stream", BadAnswer, True),
    ("no_finish", BadAnswer, True),
    ("html", BadAnswer, True),
    ("refusal", AnswerRefused, False),
    ("error_event", Unavailable, True),
]

SPOILED_WHOLE: list[tuple[str, type[LLMError], bool]] = [
    ("empty", BadAnswer, True),
    ("malformed_json", BadAnswer, True),
    ("cut_stream", Unavailable, True),
    ("html", BadAnswer, True),
    ("refusal", AnswerRefused, False),
]


def both_errors(vendor: Vendor, behaviour: Fields) -> tuple[LLMError, LLMError]:
    """Return what a whole and a streamed call raise."""
    vendor.standin.script({"kind": "status", **behaviour, "times": 2})
    with pytest.raises(LLMError) as whole:
        vendor.provider.generate(ask(QUESTION))
    with pytest.raises(LLMError) as streamed:
        read_stream(vendor.provider, QUESTION)
    return whole.value, streamed.value


@pytest.mark.parametrize(("fields", "expected", "is_transient"), STATUS_ERRORS)
def test_each_status_has_its_error(
    vendor: Vendor, fields: Fields, expected: type[LLMError], is_transient: bool
):
    whole, streamed = both_errors(vendor, {"message": f"«{QUESTION}» with {KEY}", **fields})

    assert (type(whole), type(streamed)) == (expected, expected)
    assert (whole.is_transient, whole.provider) == (is_transient, vendor.provider.name)
    assert getattr(whole, "retry_after_s", None) == fields.get("retry_after")
    assert vendor.standin.stats()["chat"] == 2  # the SDK's own retries are off
    for error in (whole, streamed):
        shown = "".join(traceback.format_exception(error))
        assert str(error).startswith(f"{vendor.provider.name}: status {fields['status']}")
        assert KEY not in shown
        assert QUESTION not in shown


def test_a_prompt_that_is_too_long_is_known_by_each_vendors_words(vendor: Vendor):
    errors = both_errors(vendor, {"status": 400, **TOO_LONG[vendor.provider.name]})

    assert [type(error) for error in errors] == [ContextTooLong, ContextTooLong]


def test_a_model_that_is_not_there_is_known_by_each_vendors_words(vendor: Vendor):
    errors = both_errors(vendor, NO_MODEL[vendor.provider.name])

    assert [type(error) for error in errors] == [ModelNotFound, ModelNotFound]


@pytest.mark.parametrize(("kind", "expected", "is_transient"), SPOILED_STREAMS)
def test_a_spoiled_stream_is_an_error(
    vendor: Vendor, kind: str, expected: type[LLMError], is_transient: bool
):
    vendor.standin.script({"kind": kind, "text": WORDS})

    with pytest.raises(LLMError) as caught:
        read_stream(vendor.provider)

    assert (type(caught.value), caught.value.is_transient) == (expected, is_transient)
    assert read_stream(vendor.provider)  # the next message works


@pytest.mark.parametrize(("kind", "expected", "is_transient"), SPOILED_WHOLE)
def test_a_spoiled_whole_answer_is_an_error(
    vendor: Vendor, kind: str, expected: type[LLMError], is_transient: bool
):
    vendor.standin.script({"kind": kind})

    with pytest.raises(LLMError) as caught:
        vendor.provider.generate(ask("?"))

    assert (type(caught.value), caught.value.is_transient) == (expected, is_transient)


def test_no_answer_in_time_is_an_error_whole_and_streamed(vendor: Vendor):
    vendor.standin.script({"kind": "timeout", "times": 2})

    with pytest.raises(TimedOut):
        vendor.provider.generate(ask("?"), timeout_s=0.2)
    with pytest.raises(TimedOut):
        read_stream(vendor.provider, timeout_s=0.2)


@pytest.mark.parametrize("kind", ["keep_alive", "stall"])
def test_what_keeps_a_connection_alive_is_no_answer(vendor: Vendor, kind: str):
    vendor.standin.script({"kind": kind, "times": 2})

    with pytest.raises(TimedOut):
        vendor.provider.generate(ask("?"), timeout_s=0.2)
    with pytest.raises(TimedOut):
        read_stream(vendor.provider, timeout_s=0.2)


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_list_of_models_fails_as_an_answer_does(vendor: Vendor, status: int):
    vendor.standin.script({"kind": "status", "status": status, "at": "models"})

    with pytest.raises(LLMError) as caught:
        vendor.provider.list_models()

    assert type(caught.value) is {401: AuthenticationRejected, 429: RateLimited, 500: Unavailable}[status]
