"""What endpoints of OpenAI's format say each in their own words; what all vendors share: `test_vendor_errors`."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from llm.errors import (
    AnswerRefused,
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
from llm.providers.openai_compatible import OpenAICompatibleProvider
from llm.providers.openai_format.wire import AnswerInPieces, completion_of, parse_json
from tests.harness.llm_standin_process import LLMStandIn
from tests.llm.conftest import ask, read_stream

Fields = dict[str, Any]

VLLM_TOO_LONG = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens"
LLAMA_TOO_LONG = "the request exceeds the available context size, try increasing it"
VLLM_NO_MODEL = "The model `standin-7b` does not exist."
NO_MONEY = "You exceeded your current quota, please check your plan and billing details."
OPENAI_TOO_FAST = "Rate limit reached. Add a payment method at https://platform.openai.com/account/billing."

REFUSALS: list[tuple[Fields, type[LLMError]]] = [
    ({"status": 400, "message": VLLM_TOO_LONG}, ContextTooLong),
    ({"status": 400, "message": LLAMA_TOO_LONG}, ContextTooLong),
    ({"status": 400, "code": "content_filter"}, AnswerRefused),
    ({"status": 400, "message": "the model is busy"}, Rejected),
    ({"status": 403, "code": "content_policy_violation"}, AnswerRefused),
    ({"status": 404, "code": "no_such_path"}, Rejected),
    ({"status": 404, "code": "404", "message": VLLM_NO_MODEL}, ModelNotFound),
    ({"status": 429, "code": "insufficient_quota", "message": NO_MONEY}, QuotaExhausted),
    ({"status": 429, "code": "429", "message": NO_MONEY}, QuotaExhausted),
    ({"status": 429, "message": OPENAI_TOO_FAST}, RateLimited),
]

# What stands under `error` in an answer of status 200, as OpenRouter and vLLM send it.
ERRORS_WITHIN: list[tuple[object, type[LLMError]]] = [
    ({"code": 429, "message": "slow down"}, RateLimited),
    ({"code": 402, "message": "no credits"}, QuotaExhausted),
    ({"code": 502, "message": "the upstream failed"}, Unavailable),
    ({"code": 400, "type": "BadRequestError", "message": VLLM_TOO_LONG}, ContextTooLong),
    ({"code": "context_length_exceeded"}, ContextTooLong),
    ({"type": "rate_limit_error"}, RateLimited),
    ({"code": "5" * 5000}, Unavailable),
    ("something", Unavailable),
]
BEYOND_REASON = "Mon, 01 Jan 2029 00:00:00 +99999999999999"


@pytest.mark.parametrize(("fields", "expected"), REFUSALS)
def test_a_refusal_is_known_by_its_code_or_its_words(
    provider: OpenAICompatibleProvider, standin: LLMStandIn, fields: Fields, expected: type[LLMError]
):
    standin.script({"kind": "status", **fields})

    with pytest.raises(LLMError) as caught:
        provider.generate(ask("?"))

    assert type(caught.value) is expected


@pytest.mark.parametrize(("error", "expected"), ERRORS_WITHIN)
def test_an_error_inside_an_answer_is_judged_as_one_outside(
    provider: OpenAICompatibleProvider, standin: LLMStandIn, error: object, expected: type[LLMError]
):
    standin.script({"kind": "status", "status": 200, "body": {"error": error}})

    with pytest.raises(LLMError) as caught:
        provider.generate(ask("?"))
    with pytest.raises(LLMError) as streamed:
        AnswerInPieces(prompt=ask("?"), model="m", provider="p").take(json.dumps({"error": error}).encode())

    assert (type(caught.value), type(streamed.value)) == (expected, expected)


def test_what_nests_without_end_is_no_answer():
    with pytest.raises(BadAnswer):
        AnswerInPieces(prompt=ask("?"), model="m", provider="p").take(b"[" * 100_000)
    assert parse_json(b"[" * 100_000) is None


def test_a_message_that_says_why_there_is_no_answer_is_a_refusal():
    whole = {"choices": [{"message": {"content": None, "refusal": "I will not"}, "finish_reason": "stop"}]}
    answer = AnswerInPieces(prompt=ask("?"), model="m", provider="p")
    answer.take(b'{"choices": [{"delta": {"refusal": "I will not"}}]}')
    answer.take(b'{"choices": [{"delta": {}, "finish_reason": "stop"}]}')

    with pytest.raises(AnswerRefused):
        completion_of(whole, prompt=ask("?"), model="m", provider="p")
    with pytest.raises(AnswerRefused):
        answer.completion()


def test_waiting_for_the_next_token_ends_in_time(provider: OpenAICompatibleProvider, standin: LLMStandIn):
    standin.script({"kind": "stall", "text": "раз два три четыре"})

    with pytest.raises(TimedOut):
        read_stream(provider, timeout_s=0.3)


def test_a_slow_answer_with_steady_tokens_is_waited_for(
    provider: OpenAICompatibleProvider, standin: LLMStandIn
):
    text = "слово" + " слово" * 14  # longer in all than the wait for any of them
    standin.script({"kind": "slow", "text": text, "chunk_s": 0.25})

    assert read_stream(provider, timeout_s=3) == text


def test_a_refused_connection_is_unavailable():
    with socket.socket() as taken:  # but not listened to: nobody else can begin to answer there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        provider = OpenAICompatibleProvider(url=f"http://127.0.0.1:{port}", model="m")

        for call in (
            lambda: provider.generate(ask("?")),
            lambda: read_stream(provider),
            provider.list_models,
        ):
            with pytest.raises(Unavailable) as caught:
                call()
            assert type(caught.value) is Unavailable  # and not out of time


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), (None, None), ("soon", None), (BEYOND_REASON, None)],
)
def test_retry_after_is_read(
    provider: OpenAICompatibleProvider, standin: LLMStandIn, header: str | None, seconds: float | None
):
    standin.script({"kind": "status", "status": 429, "retry_after": header})

    with pytest.raises(RateLimited) as caught:
        provider.generate(ask("?"))

    assert caught.value.retry_after_s == seconds


def test_retry_after_may_be_told_in_milliseconds(provider: OpenAICompatibleProvider, standin: LLMStandIn):
    standin.script(
        {"kind": "status", "status": 429, "headers": {"retry-after-ms": "250"}, "retry_after": "1"}
    )

    with pytest.raises(RateLimited) as caught:
        provider.generate(ask("?"))

    assert caught.value.retry_after_s == 0.25


def test_retry_after_may_be_a_date(provider: OpenAICompatibleProvider, standin: LLMStandIn):
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=60)
    standin.script({"kind": "status", "status": 429, "retry_after": format_datetime(at, usegmt=True)})

    with pytest.raises(RateLimited) as caught:
        provider.generate(ask("?"))

    assert caught.value.retry_after_s is not None
    assert (at - datetime.now(UTC)).total_seconds() <= caught.value.retry_after_s <= 60
