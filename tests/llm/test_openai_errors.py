"""Every class of error, through the real SDK over HTTP, whole and streamed."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from llm.errors import (
    AnswerRefused,
    AuthenticationRejected,
    BadAnswer,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from llm.providers.openai_compatible import OpenAICompatibleProvider
from tests.harness.llm_standin_process import LLMStandIn
from tests.llm.conftest import ask

VLLM_TOO_LONG = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens"
LLAMA_TOO_LONG = "the request exceeds the available context size, try increasing it"
VLLM_NO_MODEL = "The model `standin-7b` does not exist."
DEEPSEEK_NO_MODEL = "Model Not Exist"

STATUS_ERRORS: list[tuple[dict[str, Any], type[LLMError], bool]] = [
    ({"status": 400}, Rejected, False),
    ({"status": 400, "code": "context_length_exceeded"}, ContextTooLong, False),
    ({"status": 400, "message": VLLM_TOO_LONG}, ContextTooLong, False),
    ({"status": 400, "message": LLAMA_TOO_LONG}, ContextTooLong, False),
    ({"status": 400, "code": "content_filter"}, AnswerRefused, False),
    ({"status": 401}, AuthenticationRejected, False),
    ({"status": 403}, AuthenticationRejected, False),
    ({"status": 404, "code": "no_such_path"}, Rejected, False),
    ({"status": 404, "code": "model_not_found"}, ModelNotFound, False),
    ({"status": 404, "code": "404", "message": VLLM_NO_MODEL}, ModelNotFound, False),
    ({"status": 400, "message": DEEPSEEK_NO_MODEL}, ModelNotFound, False),
    ({"status": 400, "message": "the model is busy"}, Rejected, False),
    ({"status": 408}, Unavailable, True),
    ({"status": 422}, Rejected, False),
    ({"status": 429}, RateLimited, True),
    ({"status": 500}, Unavailable, True),
    ({"status": 503}, Unavailable, True),
]

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


def read_stream(provider: OpenAICompatibleProvider, **options: Any) -> str:
    with provider.stream(ask("?"), **options) as stream:
        return "".join(stream)


@pytest.mark.parametrize(("fields", "expected", "is_transient"), STATUS_ERRORS)
def test_each_status_has_its_error(
    provider: OpenAICompatibleProvider,
    standin: LLMStandIn,
    fields: dict[str, Any],
    expected: type[LLMError],
    is_transient: bool,
):
    standin.script({"kind": "status", **fields, "times": 2})

    with pytest.raises(LLMError) as whole:
        provider.generate(ask("?"))
    with pytest.raises(LLMError) as streamed:
        read_stream(provider)

    assert (type(whole.value), type(streamed.value)) == (expected, expected)
    assert whole.value.is_transient is is_transient
    assert whole.value.provider == "openai_compatible"
    assert standin.stats()["chat"] == 2  # the SDK's own retries are off


@pytest.mark.parametrize(("kind", "expected", "is_transient"), SPOILED_STREAMS)
def test_a_spoiled_stream_is_an_error(
    provider: OpenAICompatibleProvider,
    standin: LLMStandIn,
    kind: str,
    expected: type[LLMError],
    is_transient: bool,
):
    standin.script({"kind": kind, "text": "раз два три четыре пять шесть"})

    with pytest.raises(LLMError) as caught:
        read_stream(provider)

    assert (type(caught.value), caught.value.is_transient) == (expected, is_transient)
    assert read_stream(provider)  # the next message works


@pytest.mark.parametrize(("kind", "expected", "is_transient"), SPOILED_WHOLE)
def test_a_spoiled_whole_answer_is_an_error(
    provider: OpenAICompatibleProvider,
    standin: LLMStandIn,
    kind: str,
    expected: type[LLMError],
    is_transient: bool,
):
    standin.script({"kind": kind})

    with pytest.raises(LLMError) as caught:
        provider.generate(ask("?"))

    assert (type(caught.value), caught.value.is_transient) == (expected, is_transient)


@pytest.mark.parametrize("kind", ["timeout", "stall"])
def test_waiting_for_a_token_ends_in_time(provider: OpenAICompatibleProvider, standin: LLMStandIn, kind: str):
    standin.script({"kind": kind, "text": "раз два три четыре"})
    started_at = time.monotonic()

    with pytest.raises(Unavailable):
        read_stream(provider, timeout_s=0.3)

    assert time.monotonic() - started_at < 2


def test_a_slow_answer_with_steady_tokens_is_waited_for(
    provider: OpenAICompatibleProvider, standin: LLMStandIn
):
    standin.script({"kind": "slow", "text": "раз два три четыре пять шесть", "chunk_s": 0.1})

    assert read_stream(provider, timeout_s=0.4) == "раз два три четыре пять шесть"


def test_a_whole_answer_is_not_waited_for_for_ever(provider: OpenAICompatibleProvider, standin: LLMStandIn):
    standin.script({"kind": "timeout"})

    with pytest.raises(Unavailable):
        provider.generate(ask("?"), timeout_s=0.3)


def test_a_refused_connection_is_unavailable():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    provider = OpenAICompatibleProvider(url=f"http://127.0.0.1:{port}", model="m")

    with pytest.raises(Unavailable):
        provider.generate(ask("?"))
    with pytest.raises(Unavailable):
        read_stream(provider)
    with pytest.raises(Unavailable):
        provider.list_models()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), (None, None), ("soon", None), ("nan", None)],
)
def test_retry_after_is_read(
    provider: OpenAICompatibleProvider, standin: LLMStandIn, header: str | None, seconds: float | None
):
    standin.script({"kind": "status", "status": 429, "retry_after": header})

    with pytest.raises(RateLimited) as caught:
        provider.generate(ask("?"))

    assert caught.value.retry_after_s == seconds


def test_retry_after_may_be_a_date(provider: OpenAICompatibleProvider, standin: LLMStandIn):
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    standin.script({"kind": "status", "status": 429, "retry_after": at})

    with pytest.raises(RateLimited) as caught:
        provider.generate(ask("?"))

    assert caught.value.retry_after_s == pytest.approx(60, abs=5)
