"""Every class of error, through Google's SDK over HTTP, whole and streamed.

The errors are those of https://ai.google.dev/gemini-api/docs/generate-content/api-errors, their details those of
https://cloud.google.com/apis/design/errors; refusals are `finishReason` and `promptFeedback` of
https://ai.google.dev/api/generate-content.
"""

from __future__ import annotations

import socket
import weakref
from contextlib import suppress
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
from llm.providers.gemini import GeminiProvider
from tests.harness.gemini_standin import GeminiStandIn
from tests.llm.conftest import ask

TOO_LONG = "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576)."
NO_MODEL = "models/gemini-1.0 is not found for API version v1beta, or is not supported for generateContent."
EXHAUSTED = "You exceeded your current quota, please check your plan and billing details."
WORDS = "раз два три четыре пять шесть"


def quota(name: str) -> dict[str, Any]:
    violation = {"quotaMetric": "generativelanguage.googleapis.com/requests", "quotaId": name}
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}


def retry_info(delay: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


PER_MINUTE = quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
PER_DAY = quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")

STATUS_ERRORS: list[tuple[dict[str, Any], type[LLMError]]] = [
    ({"status": 400}, Rejected),
    ({"status": 400, "code": "API_KEY_INVALID"}, AuthenticationRejected),
    ({"status": 400, "type": "FAILED_PRECONDITION"}, AuthenticationRejected),
    ({"status": 400, "message": TOO_LONG}, ContextTooLong),
    ({"status": 401}, AuthenticationRejected),
    ({"status": 402}, QuotaExhausted),
    ({"status": 403}, AuthenticationRejected),
    ({"status": 404, "message": NO_MODEL}, ModelNotFound),
    ({"status": 404, "body": "no such page"}, Rejected),
    ({"status": 429, "message": EXHAUSTED}, RateLimited),
    ({"status": 429, "details": [PER_MINUTE]}, RateLimited),
    ({"status": 429, "details": [PER_MINUTE, PER_DAY, retry_info("12s")]}, QuotaExhausted),
    ({"status": 400, "body": {"error": {"code": 400, "details": 5}}}, Rejected),
    ({"status": 429, "body": [{"error": {"code": 429, "details": "none"}}]}, RateLimited),
    ({"status": 500}, Unavailable),
    ({"status": 503}, Unavailable),
    ({"status": 504}, TimedOut),
]

SPOILED_STREAMS: list[tuple[dict[str, Any], type[LLMError]]] = [
    ({"kind": "empty"}, BadAnswer),
    ({"kind": "malformed_json"}, BadAnswer),
    ({"kind": "cut_stream"}, BadAnswer),
    ({"kind": "no_finish"}, BadAnswer),
    ({"kind": "html"}, BadAnswer),
    ({"kind": "answer", "extra": {"candidates": "none"}}, BadAnswer),
    ({"kind": "error_event", "status": 503}, Unavailable),
    ({"kind": "error_event", "status": 429}, RateLimited),
    ({"kind": "error_event", "type": ["odd"]}, Unavailable),
    ({"kind": "error_event", "status": 400, "details": [{"reason": []}]}, Rejected),
    ({"kind": "blocked", "reason": "PROHIBITED_CONTENT"}, AnswerRefused),
    *(
        ({"kind": "refusal", "finish": reason}, AnswerRefused)
        for reason in ("SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII")
    ),
    ({"kind": "answer", "text": WORDS, "finish": "SAFETY"}, AnswerRefused),
]

SPOILED_WHOLE: list[tuple[dict[str, Any], type[LLMError]]] = [
    ({"kind": "empty"}, BadAnswer),
    ({"kind": "malformed_json"}, BadAnswer),
    ({"kind": "cut_stream"}, Unavailable),
    ({"kind": "html"}, BadAnswer),
    ({"kind": "answer", "extra": {"candidates": None}}, BadAnswer),
    ({"kind": "blocked"}, AnswerRefused),
    ({"kind": "refusal"}, AnswerRefused),
    ({"kind": "timeout"}, TimedOut),
    ({"kind": "stall"}, TimedOut),
]


def read_stream(provider: GeminiProvider, **options: Any) -> str:
    with provider.stream(ask("?"), **options) as stream:
        return "".join(stream)


@pytest.mark.parametrize(("fields", "expected"), STATUS_ERRORS)
def test_each_status_has_its_error(
    provider: GeminiProvider, standin: GeminiStandIn, fields: dict[str, Any], expected: type[LLMError]
):
    standin.script({"kind": "status", **fields, "times": 2})

    with pytest.raises(LLMError) as whole:
        provider.generate(ask("?"))
    with pytest.raises(LLMError) as streamed:
        read_stream(provider)

    assert (type(whole.value), type(streamed.value)) == (expected, expected)
    assert str(fields.get("message")) not in str(whole.value)
    assert standin.stats()["chat"] == 2  # the SDK's own retries are off


@pytest.mark.parametrize(("behaviour", "expected"), SPOILED_STREAMS)
def test_a_spoiled_stream_is_an_error(
    provider: GeminiProvider, standin: GeminiStandIn, behaviour: dict[str, Any], expected: type[LLMError]
):
    standin.script({"text": WORDS, **behaviour})

    with pytest.raises(LLMError) as caught:
        read_stream(provider)

    assert type(caught.value) is expected
    assert standin.stats()["chat"] == 1  # nor does the SDK go on where the stream broke
    assert read_stream(provider)  # the next message works


@pytest.mark.parametrize(("behaviour", "expected"), SPOILED_WHOLE)
def test_a_spoiled_whole_answer_is_an_error(
    provider: GeminiProvider, standin: GeminiStandIn, behaviour: dict[str, Any], expected: type[LLMError]
):
    standin.script(behaviour)

    with pytest.raises(LLMError) as caught:
        provider.generate(ask("?"), timeout_s=0.3 if expected is TimedOut else None)

    assert type(caught.value) is expected


@pytest.mark.parametrize("kind", ["timeout", "stall"])
def test_waiting_for_a_token_ends_in_time(provider: GeminiProvider, standin: GeminiStandIn, kind: str):
    standin.script({"kind": kind, "text": WORDS})

    with pytest.raises(TimedOut):
        read_stream(provider, timeout_s=0.3)


def test_a_slow_answer_with_steady_tokens_is_waited_for(provider: GeminiProvider, standin: GeminiStandIn):
    text = "слово" + " слово" * 14  # longer in all than the wait for any of them
    standin.script({"kind": "slow", "text": text, "chunk_s": 0.25})

    assert read_stream(provider, timeout_s=3) == text


class Said(str):
    """Words whose end can be told."""


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("kind", ["answer", "status", "cut_stream", "html", "malformed_json"])
def test_nothing_of_what_was_asked_is_kept(
    provider: GeminiProvider, standin: GeminiStandIn, kind: str, is_whole: bool
):
    def ask_and_leave() -> weakref.ref[Said]:
        standin.script({"kind": kind, "text": WORDS})
        said = Said("Что на снимке?")
        with suppress(LLMError):
            provider.generate(ask(said)) if is_whole else "".join(provider.stream(ask(said)))
        return weakref.ref(said)

    assert ask_and_leave()() is None


def test_a_refused_connection_is_unavailable():
    with socket.socket() as taken:  # but not listened to: nobody else can begin to answer there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        provider = GeminiProvider(api_key="key", url=f"http://127.0.0.1:{port}")

        for call in (
            lambda: provider.generate(ask("?")),
            lambda: read_stream(provider),
            provider.list_models,
        ):
            with pytest.raises(Unavailable, match="no connection"):
                call()


def test_a_list_of_models_that_cannot_be_had_is_an_error(provider: GeminiProvider, standin: GeminiStandIn):
    standin.script({"kind": "status", "at": "models", "status": 403})
    with pytest.raises(AuthenticationRejected):
        provider.list_models()

    standin.script({"kind": "listed", "at": "models", "models": [{"name": 7}]})
    with pytest.raises(BadAnswer):
        provider.list_models()


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"details": [PER_MINUTE, retry_info("45.5s")]}, 45.5),
        ({"details": [retry_info("0s")], "retry_after": 9}, 0.0),
        ({"details": [retry_info("soon")]}, None),
        ({"retry_after": 9}, 9.0),
        ({}, None),
    ],
)
def test_what_the_vendor_asks_to_wait_is_read(
    provider: GeminiProvider, standin: GeminiStandIn, fields: dict[str, Any], seconds: float | None
):
    standin.script({"kind": "status", "status": 429, **fields})

    with pytest.raises(RateLimited) as caught:
        provider.generate(ask("?"))

    assert caught.value.retry_after_s == seconds
