from __future__ import annotations

import re
import threading

import pytest

from llm.errors import BadAnswer, ModelNotFound
from llm.provider_settings import is_http_url
from llm.providers.base import ModelDescription, Usage
from llm.providers.openai_compatible import OpenAICompatibleProvider
from llm.providers.openai_format.client import normalise_url
from llm.providers.openai_format.wire import completion_of
from llm.trace_context import trace_headers
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import answer_marker
from tests.harness.processes import wait_until
from tests.llm.conftest import ask, persona, read_stream

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_whole_answer_has_text_usage_and_reason(provider: OpenAICompatibleProvider):
    completion = provider.generate(ask("Как дела?", sections=(persona("Вы дворецкий"),)))

    assert completion.text == f"{answer_marker('Как дела?')} Вы сказали: Как дела?"
    assert completion.usage == Usage(prompt_tokens=4, completion_tokens=5, is_estimated=False)
    assert (completion.model, completion.provider, completion.finish_reason) == (
        "standin-7b",
        "openai_compatible",
        "stop",
    )


def test_a_streamed_answer_arrives_in_pieces(provider: OpenAICompatibleProvider):
    with provider.stream(ask("Как дела?")) as stream:
        deltas = list(stream)

    assert len(deltas) == 5
    assert stream.completion.text == "".join(deltas) == f"{answer_marker('Как дела?')} Вы сказали: Как дела?"
    assert stream.completion.usage == Usage(prompt_tokens=2, completion_tokens=5, is_estimated=False)


def test_options_and_trace_reach_the_server(provider: OpenAICompatibleProvider, standin: LLMStandIn):
    prompt = ask("Привет", sections=(persona(),))
    with provider.stream(
        prompt, model="standin-72b", max_tokens=7, temperature=0.5, trace_id=TRACE_ID
    ) as stream:
        list(stream)

    (request,) = standin.requests()
    assert request["messages"] == prompt.as_chat_messages()
    assert request["body"] == {
        "model": "standin-72b",
        "max_tokens": 7,
        "temperature": 0.5,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert request["headers"]["authorization"] == "Bearer sk-secret-key"
    assert re.fullmatch(rf"00-{TRACE_ID}-[0-9a-f]{{16}}-01", request["headers"]["traceparent"])


@pytest.mark.parametrize("split_bytes", [1, 3, 7])
def test_a_stream_split_inside_characters_is_read_whole(
    provider: OpenAICompatibleProvider, standin: LLMStandIn, split_bytes: int
):
    text = "Ёжик 😀 пьёт чай"
    standin.script({"kind": "answer", "text": text, "split_bytes": split_bytes})

    with provider.stream(ask("?")) as stream:
        assert "".join(stream) == text


def test_a_server_that_refuses_usage_is_asked_without_it_from_then_on(
    provider: OpenAICompatibleProvider, standin: LLMStandIn
):
    standin.script({"kind": "no_usage", "times": 0})

    for _ in range(2):
        with provider.stream(ask("Привет")) as stream:
            list(stream)

    assert stream.completion.usage.is_estimated
    assert ["stream_options" in request["body"] for request in standin.requests()] == [True, False, False]


def test_the_first_listed_model_is_used_when_none_is_configured(standin: LLMStandIn):
    provider = OpenAICompatibleProvider(url=standin.root)

    assert provider.generate(ask("?")).model == "standin-7b"
    assert provider.generate(ask("?")).model == "standin-7b"
    assert standin.stats()["models"] == 1
    assert provider.list_models() == [
        ModelDescription("standin-7b", "openai_compatible"),
        ModelDescription("standin-72b", "openai_compatible"),
    ]


def test_a_listed_model_that_is_gone_makes_way_for_what_is_listed_now(standin: LLMStandIn):
    provider = OpenAICompatibleProvider(url=standin.root)
    provider.generate(ask("?"))
    standin.configure(models=["newer-7b"])
    standin.script({"kind": "status", "status": 404, "message": "The model does not exist."})

    with pytest.raises(ModelNotFound):
        provider.generate(ask("?"))

    assert provider.generate(ask("?")).model == "newer-7b"


@pytest.mark.parametrize("tokens", [-5, 10**30, "7", None])
def test_a_count_of_tokens_that_cannot_be_is_estimated_instead(tokens: object):
    body = {
        "choices": [{"message": {"content": "Да."}}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": 1},
    }

    assert completion_of(body, prompt=ask("?"), model="m", provider="p").usage.is_estimated


def test_leaving_a_stream_early_ends_it_at_the_server(
    provider: OpenAICompatibleProvider, standin: LLMStandIn
):
    standin.script({"kind": "slow", "text": "слово " * 5_000, "chunk_s": 0.02})

    with provider.stream(ask("?")) as stream:
        next(stream)

    wait_until(lambda: standin.stats().get("aborted"), what="the end at the server")
    assert standin.stats()["aborted"] == 1
    with pytest.raises(RuntimeError):
        _ = stream.completion


def test_threads_share_a_provider_and_get_their_own_answers(provider: OpenAICompatibleProvider):
    answers: dict[str, str] = {}

    def talk(question: str) -> None:
        with provider.stream(ask(question)) as stream:
            answers[question] = "".join(stream)

    threads = [threading.Thread(target=talk, args=(f"вопрос {number}",)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {question: answer_marker(question) in answer for question, answer in answers.items()} == {
        f"вопрос {number}": True for number in range(32)
    }


def test_a_connection_is_used_again(provider: OpenAICompatibleProvider):
    for _ in range(3):
        with provider.stream(ask("?")) as stream:
            list(stream)

    pool = provider._sdk_client()._client._transport._pool  # type: ignore[attr-defined]
    assert len(pool.connections) == 1


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("https://host/proxy/v1/chat/completions", "https://host/proxy/v1"),
        ("https://host/v1beta/openai", "https://host/v1beta/openai"),
    ],
)
def test_an_endpoint_is_given_as_root_or_with_its_version(given: str, base: str):
    assert normalise_url(given) == base


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://host", "http://", "http://host:port/v1", "http://[::1", "http://a..b"],
)
def test_what_is_no_address_is_recognised(url: str):
    assert not is_http_url(url)


@pytest.mark.parametrize(
    "trace_id", ["", "0" * 32, "4BF92F3577B34DA6A3CE929D0E0E4736", "short", TRACE_ID + "\n"]
)
def test_what_is_no_trace_id_is_not_sent(trace_id: str):
    assert trace_headers(trace_id) == {}


def test_what_a_reasoning_model_of_openais_refuses_is_asked_its_way_from_then_on(
    provider: OpenAICompatibleProvider, standin: LLMStandIn
):
    length = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    warmth = "Unsupported value: 'temperature' does not support 0.5 with this model."
    standin.script(
        {"kind": "status", "status": 400, "code": "unsupported_parameter", "message": length},
        {"kind": "status", "status": 400, "code": "unsupported_value", "message": warmth},
    )

    for _ in range(2):
        assert provider.generate(ask("?"), max_tokens=7, temperature=0.5).text

    assert [request["body"] for request in standin.requests()] == [
        {"model": "standin-7b", "max_tokens": 7, "temperature": 0.5},
        {"model": "standin-7b", "max_completion_tokens": 7, "temperature": 0.5},
        {"model": "standin-7b", "max_completion_tokens": 7},
        {"model": "standin-7b", "max_completion_tokens": 7},
    ]


def test_a_thought_written_before_the_answer_is_no_part_of_it(
    provider: OpenAICompatibleProvider, standin: LLMStandIn
):
    standin.script({"kind": "answer", "text": "Да, сударь.", "thought": "Хм.", "split_bytes": 3, "times": 2})

    with provider.stream(ask("?")) as stream:
        streamed = "".join(stream)

    assert streamed == stream.completion.text == provider.generate(ask("?")).text == "Да, сударь."


def test_an_answer_that_is_nothing_but_thought_is_a_bad_answer(
    provider: OpenAICompatibleProvider, standin: LLMStandIn
):
    standin.script({"kind": "answer", "text": "<think>Хм", "times": 2})

    with pytest.raises(BadAnswer):
        provider.generate(ask("?"))
    with pytest.raises(BadAnswer):
        read_stream(provider)


def test_text_that_only_looks_like_a_thought_is_passed_on_at_the_end(
    provider: OpenAICompatibleProvider, standin: LLMStandIn
):
    standin.script({"kind": "answer", "text": "<thi"})

    assert read_stream(provider) == "<thi"
