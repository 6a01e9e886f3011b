"""Endpoints with names, side by side."""

from __future__ import annotations

import pytest

from llm.provider_settings import InvalidSetting, MissingSetting
from llm.providers.base import Provider
from llm.providers.openai_compatible import build_providers
from tests.harness.llm_standin_process import LLMStandIn
from tests.llm.conftest import ask

URL = "http://127.0.0.1:9/v1"
LOCAL = {"LLM_ENDPOINTS": "local", "LLM_LOCAL_API_URL": URL}


def build(settings: dict[str, str]) -> list[Provider]:
    return build_providers(lambda name, default: settings.get(name) or default)


def test_each_endpoint_is_a_provider_with_its_own_key_model_and_abilities(standin: LLMStandIn):
    main, qwen, local = build(
        {
            "LLM_API_URL": standin.url,
            "LLM_API_KEY": "sk-main",
            "LLM_MODEL": "standin-7b",
            "LLM_CONTEXT_TOKENS": "8192",
            "LLM_ENDPOINTS": " qwen, local ,",
            "LLM_QWEN_API_URL": standin.root,
            "LLM_QWEN_API_KEY": "sk-qwen",
            "LLM_QWEN_MODEL": "standin-72b",
            "LLM_QWEN_SUPPORTS_IMAGES": "true",
            "LLM_QWEN_CONTEXT_TOKENS": "131072",
            "LLM_LOCAL_API_URL": standin.url,
        }
    )

    answers = [provider.generate(ask("?")) for provider in (main, qwen, local)]

    assert [(answer.provider, answer.model) for answer in answers] == [
        ("openai_compatible", "standin-7b"),
        ("qwen", "standin-72b"),
        ("local", "standin-7b"),
    ]
    assert [request["headers"]["authorization"] for request in standin.requests()] == [
        "Bearer sk-main",
        "Bearer sk-qwen",
        "Bearer none",
    ]
    assert [
        (provider.capabilities.context_tokens, provider.capabilities.supports_images)
        for provider in (main, qwen, local)
    ] == [(8192, False), (131_072, True), (32_768, False)]


def test_named_endpoints_need_no_main_one_and_without_any_there_is_none():
    assert [provider.name for provider in build(LOCAL)] == ["local"]
    with pytest.raises(MissingSetting, match="LLM_API_URL"):
        build({})


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"LLM_ENDPOINTS": "local"}, "LLM_LOCAL_API_URL"),
        ({"LLM_ENDPOINTS": "local", "LLM_LOCAL_API_URL": "localhost"}, "LLM_LOCAL_API_URL"),
        ({**LOCAL, "LLM_LOCAL_CONTEXT_TOKENS": "much"}, "LLM_LOCAL_CONTEXT_TOKENS"),
        ({**LOCAL, "LLM_LOCAL_SUPPORTS_IMAGES": "maybe"}, "LLM_LOCAL_SUPPORTS_IMAGES"),
        ({**LOCAL, "LLM_LOCAL_API_KEY": "a\nb"}, "LLM_LOCAL_API_KEY"),
        ({**LOCAL, "LLM_ENDPOINTS": "local,local"}, "LLM_ENDPOINTS"),
        ({"LLM_ENDPOINTS": "Local"}, "LLM_ENDPOINTS"),
        ({"LLM_ENDPOINTS": "7b"}, "LLM_ENDPOINTS"),
        ({"LLM_ENDPOINTS": "a-b"}, "LLM_ENDPOINTS"),
        ({"LLM_ENDPOINTS": "a" * 32}, "LLM_ENDPOINTS"),
        ({"LLM_ENDPOINTS": "openai_compatible"}, "LLM_ENDPOINTS"),
        ({"LLM_ENDPOINTS": "mistral"}, "LLM_ENDPOINTS"),
        ({"LLM_ENDPOINTS": "offline"}, "LLM_ENDPOINTS"),
    ],
)
def test_a_wrong_endpoint_stops_with_the_name_of_its_variable(settings: dict[str, str], setting: str):
    with pytest.raises(InvalidSetting) as caught:
        build(settings)

    assert caught.value.setting == setting


def test_a_key_that_no_header_can_carry_is_refused_and_not_shown():
    with pytest.raises(InvalidSetting) as caught:
        build({**LOCAL, "LLM_LOCAL_API_KEY": "sk-секрет"})

    assert "секрет" not in str(caught.value)
