"""Mistral's own ways: https://docs.mistral.ai/api (chat, models), https://docs.mistral.ai/resources/error-glossary."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from llm.errors import BadAnswer, Unavailable
from llm.prompt import Media, Prompt, Role, Turn
from llm.provider_settings import MissingSetting
from llm.providers.base import ModelDescription, Usage
from llm.providers.mistral import MODEL, build_providers
from tests.harness.llm_wire import answer_marker
from tests.llm.conftest import KEY, Vendor, ask, read_stream

ANSWER = f"{answer_marker('Как дела?')} Вы сказали: Как дела?"
USAGE = Usage(prompt_tokens=2, completion_tokens=5, is_estimated=False)


def listed(name: str, *, model: str = "", **fields: Any) -> dict[str, Any]:
    capabilities = {"completion_chat": True, "vision": False} | fields.pop("capabilities", {})
    return {"id": name, "name": model or name, "capabilities": capabilities, **fields}


def test_what_chats_is_listed_with_what_it_takes_and_one_name_for_each(mistral: Vendor):
    entries = [
        listed("mistral-small-2603", model="mistral-small-2603", max_context_length=262_144),
        listed("mistral-small-latest", model="mistral-small-2603", capabilities={"vision": True}),
        listed("codestral-2508", max_context_length=256_000, deprecation=None),
        listed("mistral-embed", capabilities={"completion_chat": False}),
        listed("old-7b", deprecation="2025-03-31T12:00:00Z"),
        listed("ageing-7b", deprecation="2999-03-31T12:00:00Z", max_context_length="many"),
        listed("gone-7b", archived=True),
        {"object": "model"},
    ]
    mistral.standin.configure(models=entries)

    assert mistral.provider.list_models() == [
        ModelDescription("mistral-small-latest", "mistral", supports_images=True),
        ModelDescription("codestral-2508", "mistral", 256_000, supports_images=False),
        ModelDescription("ageing-7b", "mistral", supports_images=False),
    ]


def test_the_configured_name_of_a_model_stays_among_its_aliases(mistral: Vendor):
    names = ("a-latest", MODEL, "b")
    mistral.standin.configure(models=[listed(name, model="the same") for name in names])

    assert [model.id for model in mistral.provider.list_models()] == [MODEL]


def test_an_answer_comes_whole_and_streamed_with_the_vendors_usage(mistral: Vendor):
    whole = mistral.provider.generate(ask("Как дела?"))
    with mistral.provider.stream(ask("Как дела?"), max_tokens=7) as stream:
        pieces = list(stream)

    assert (whole.text, whole.usage, whole.finish_reason) == (ANSWER, USAGE, "stop")
    assert ("".join(pieces), stream.completion.usage) == (ANSWER, USAGE)
    assert len(pieces) == 5
    _, request = mistral.standin.requests()
    assert request["path"] == "/v1/chat/completions"
    assert request["headers"]["authorization"] == f"Bearer {KEY}"
    assert request["body"] == {"model": MODEL, "max_tokens": 7, "stream": True}  # no `stream_options`


def test_a_picture_goes_as_it_is(mistral: Vendor):
    picture = Media(b"\x89PNG\xff", "image/png")

    mistral.provider.generate(Prompt((), (Turn(Role.USER, "Что это?", (picture,)),)))

    (request,) = mistral.standin.requests()
    url = "data:image/png;base64," + base64.b64encode(picture.content).decode()
    assert request["messages"][-1]["content"][1] == {"type": "image_url", "image_url": {"url": url}}


def test_of_a_reasoning_model_only_the_answer_is_kept(mistral: Vendor):
    mistral.standin.script({"kind": "answer", "text": "Да, сударь.", "thought": "Хм. Пожалуй.", "times": 2})

    assert mistral.provider.generate(ask("?")).text == "Да, сударь."
    assert read_stream(mistral.provider) == "Да, сударь."


def test_an_answer_that_is_nothing_but_thought_is_none(mistral: Vendor):
    mistral.standin.script({"kind": "answer", "text": "", "thought": "Хм.", "times": 2})

    with pytest.raises(BadAnswer):
        mistral.provider.generate(ask("?"))
    with pytest.raises(BadAnswer):
        read_stream(mistral.provider)


def test_an_answer_cut_by_a_full_context_is_one_cut_by_length(mistral: Vendor):
    mistral.standin.script({"kind": "answer", "finish": "model_length"})

    assert mistral.provider.generate(ask("?")).finish_reason == "length"


def test_an_answer_that_broke_off_at_the_vendor_is_a_passing_failure(mistral: Vendor):
    mistral.standin.script({"kind": "answer", "finish": "error", "times": 2})

    with pytest.raises(Unavailable):
        mistral.provider.generate(ask("?"))
    with pytest.raises(Unavailable):
        read_stream(mistral.provider)


def test_a_key_is_enough_and_without_one_the_vendor_stays_out():
    [provider] = build_providers({"MISTRAL_API_KEY": "a-key"}.get)

    assert (provider.name, provider.default_model) == ("mistral", "mistral-small-latest")
    with pytest.raises(MissingSetting, match="MISTRAL_API_KEY"):
        build_providers(lambda _, default: default)
