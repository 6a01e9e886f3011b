"""Gemini through Google's SDK over HTTP.

The stand-in writes as the references say: https://ai.google.dev/api/generate-content and https://ai.google.dev/api/models.
"""

from __future__ import annotations

import hashlib
import re
import threading

import pytest

from llm.errors import Rejected
from llm.prompt import Media, Prompt, Purpose, Role, Section, SectionKind, Turn, render_transcript
from llm.providers.base import ModelDescription, Usage
from llm.providers.gemini import DEFAULT_MODEL, GeminiProvider
from tests.harness.gemini_standin import GeminiStandIn
from tests.harness.gemini_wire import MEDIA_TOKENS
from tests.harness.llm_wire import answer_marker
from tests.harness.processes import wait_until
from tests.llm.gemini.conftest import KEY

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PICTURE = Media(b"\x89PNG\r\n\x1a\n\x00\xff", "image/png")
RECORDING = Media(b"OggS\x00\xfe", "audio/ogg; codecs=opus")
DOCUMENT = Media(b"%PDF-1.7\n\xff", "application/pdf", "lease.pdf")


def ask(*contents: str, media: tuple[Media, ...] = (), system: str = "") -> Prompt:
    """Build a prompt of what user and assistant said in turn; the media are with the last."""
    roles = (Role.USER, Role.ASSISTANT)
    turns = [Turn(roles[place % 2], content) for place, content in enumerate(contents[:-1])]
    last = Turn(Role.USER, contents[-1], media)
    sections = (Section(SectionKind.PERSONA, system),) if system else ()
    return Prompt(sections, (*turns, last))


def test_models_of_all_pages_are_listed_but_for_those_that_do_not_chat(
    provider: GeminiProvider, standin: GeminiStandIn
):
    assert provider.list_models() == [
        ModelDescription("gemini-3.8-flash", "gemini", context_tokens=1_048_576),
        ModelDescription(
            "gemma-4-31b-it", "gemini", context_tokens=1_048_576, supports_files=False, supports_audio=False
        ),
    ]
    assert standin.stats()["models"] == 2


def test_an_empty_page_of_models_ends_no_list(provider: GeminiProvider, standin: GeminiStandIn):
    kinds = ["gemini-3-pro-image", "gemma-3-27b-it", "gemini-live-2.5-flash", "gemini-robotics-er-1.6"]
    models = [None, None, "gemini-flash-latest", *kinds, {"name": "models/unsaid"}]
    standin.script({"kind": "listed", "at": "models", "models": models, "times": 0})

    assert [model.id for model in provider.list_models()] == ["gemini-flash-latest"]


def test_a_whole_answer_has_text_usage_and_reason(provider: GeminiProvider, standin: GeminiStandIn):
    completion = provider.generate(ask("Как дела?", system="Вы дворецкий"))

    assert completion.text == f"{answer_marker('Как дела?')} Вы сказали: Как дела?"
    assert completion.usage == Usage(prompt_tokens=4, completion_tokens=5, is_estimated=False)
    assert (completion.model, completion.provider, completion.finish_reason) == (
        DEFAULT_MODEL,
        "gemini",
        "stop",
    )
    assert standin.requests()[0]["path"] == f"/v1beta/models/{DEFAULT_MODEL}:generateContent"


@pytest.mark.parametrize("split_bytes", [0, 1, 7])
def test_a_streamed_answer_arrives_in_pieces_however_the_bytes_do(
    provider: GeminiProvider, standin: GeminiStandIn, split_bytes: int
):
    standin.script({"kind": "answer", "text": "Ёжик 😀 пьёт чай", "split_bytes": split_bytes})

    with provider.stream(ask("Как дела?")) as stream:
        assert list(stream) == ["Ёжик", " 😀", " пьёт", " чай"]

    assert stream.completion.usage == Usage(prompt_tokens=2, completion_tokens=4, is_estimated=False)
    assert standin.requests()[0]["path"] == f"/v1beta/models/{DEFAULT_MODEL}:streamGenerateContent?alt=sse"


def test_a_conversation_is_asked_as_the_reference_has_it(provider: GeminiProvider, standin: GeminiStandIn):
    turns = (
        Turn(Role.USER, "Привет"),
        Turn(Role.USER, "Вы здесь?"),
        Turn(Role.ASSISTANT, "Да"),
        Turn(Role.ASSISTANT, " "),
        Turn(Role.USER, "Который\x00 час\ud800?"),
    )
    sections = (Section(SectionKind.PERSONA, "Вы дворецкий"),)
    with provider.stream(
        Prompt(sections, turns), model="gemma-4-31b-it", max_tokens=7, temperature=0.5, trace_id=TRACE_ID
    ) as stream:
        list(stream)

    (request,) = standin.requests()
    assert request["body"] == {
        "systemInstruction": {"role": "user", "parts": [{"text": "Вы дворецкий"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Привет"}, {"text": "Вы здесь?"}]},
            {"role": "model", "parts": [{"text": "Да"}]},
            {"role": "user", "parts": [{"text": "Который час\ufffd?"}]},
        ],
        "generationConfig": {"maxOutputTokens": 7, "temperature": 0.5},
    }
    assert request["headers"]["x-goog-api-key"] == KEY
    assert re.fullmatch(rf"00-{TRACE_ID}-[0-9a-f]{{16}}-01", request["headers"]["traceparent"])
    assert "x-server-timeout" not in request["headers"]  # it would bound the whole answer


def test_what_is_to_be_summarised_is_one_turn(provider: GeminiProvider, standin: GeminiStandIn):
    turns = (Turn(Role.USER, "Что это?", (PICTURE,)), Turn(Role.ASSISTANT, "Кот"))

    provider.generate(Prompt((), turns, Purpose.SUMMARY))

    (request,) = standin.requests()
    assert request["body"]["contents"] == [{"role": "user", "parts": [{"text": render_transcript(turns)}]}]


def test_media_go_inline_as_they_are_before_the_words(provider: GeminiProvider, standin: GeminiStandIn):
    media = (PICTURE, RECORDING, DOCUMENT)

    completion = provider.generate(ask("Что здесь?", media=media))

    (request,) = standin.requests()
    kinds = ["image/png", "audio/ogg", "application/pdf"]
    digests = [hashlib.sha256(item.content).hexdigest() for item in media]
    assert request["media"] == [
        {"mime_type": kind, "sha256": digest} for kind, digest in zip(kinds, digests, strict=True)
    ]
    assert request["body"]["contents"][0]["parts"][3:] == [{"text": "Что здесь?"}]
    assert completion.usage.prompt_tokens == 2 + 3 * MEDIA_TOKENS


@pytest.mark.parametrize(
    "media",
    [Media(bytes(50_000_001), "application/pdf"), Media(bytes(75_000_001), "image/png")],
    ids=["document", "request"],
)
def test_what_one_request_cannot_carry_is_refused_before_it_is_sent(
    provider: GeminiProvider, standin: GeminiStandIn, media: Media
):
    with pytest.raises(Rejected, match="larger than one request carries"):
        provider.generate(ask("?", media=(media,)))

    assert standin.requests() == []


@pytest.mark.parametrize("is_streamed", [False, True])
def test_thoughts_are_no_answer_but_are_paid_for(
    provider: GeminiProvider, standin: GeminiStandIn, is_streamed: bool
):
    standin.script({"kind": "answer", "thought": "Надо подумать немного", "text": "Да, сэр"})

    if is_streamed:
        with provider.stream(ask("?")) as stream:
            assert "".join(stream) == "Да, сэр"
        completion = stream.completion
    else:
        completion = provider.generate(ask("?"))

    assert completion.text == "Да, сэр"
    assert completion.usage == Usage(prompt_tokens=1, completion_tokens=5, is_estimated=False)


def test_a_limit_of_the_answer_leaves_room_for_thoughts(provider: GeminiProvider, standin: GeminiStandIn):
    standin.script({"kind": "answer", "finish": "MAX_TOKENS"})

    completion = provider.generate(ask("?"), max_tokens=100)

    assert completion.finish_reason == "length"
    assert standin.requests()[0]["body"]["generationConfig"] == {"maxOutputTokens": 8_292}


def test_a_usage_that_is_not_told_is_estimated(provider: GeminiProvider, standin: GeminiStandIn):
    standin.script({"kind": "answer", "usage": False, "times": 2})

    with provider.stream(ask("Как дела?")) as stream:
        list(stream)

    assert stream.completion.usage.is_estimated
    assert provider.generate(ask("Как дела?")).usage == stream.completion.usage


def test_a_word_that_is_newer_than_the_sdk_breaks_nothing(provider: GeminiProvider, standin: GeminiStandIn):
    standin.script({"kind": "answer", "text": "Да", "finish": "NEW_REASON", "extra": {"newField": {"a": 1}}})

    completion = provider.generate(ask("?"))

    assert (completion.text, completion.finish_reason) == ("Да", "new_reason")


def test_leaving_a_stream_early_ends_it_at_the_server(provider: GeminiProvider, standin: GeminiStandIn):
    standin.script({"kind": "slow", "text": "слово " * 5_000, "chunk_s": 0.02})

    with provider.stream(ask("?")) as stream:
        next(stream)

    wait_until(lambda: standin.stats().get("aborted"), what="the end at the server")
    assert standin.stats()["aborted"] == 1


def test_threads_share_one_client_and_get_their_own_answers(provider: GeminiProvider):
    answers: dict[str, str] = {}

    def talk(question: str) -> None:
        with provider.stream(ask(question)) as stream:
            answers[question] = "".join(stream)

    threads = [threading.Thread(target=talk, args=(f"вопрос {number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {question: answer_marker(question) in answer for question, answer in answers.items()} == {
        f"вопрос {number}": True for number in range(16)
    }


def test_streams_of_one_thread_do_not_close_each_other(provider: GeminiProvider, standin: GeminiStandIn):
    standin.script({"kind": "slow", "text": "раз два три", "chunk_s": 0.05, "times": 2})

    with provider.stream(ask("?")) as first, provider.stream(ask("?")) as second:
        heard = [next(first), next(second)]
        first.close()
        heard += second

    assert heard == ["раз", "раз", " два", " три"]
