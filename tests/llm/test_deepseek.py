"""DeepSeek's own ways: https://api-docs.deepseek.com/api/create-chat-completion, /api/list-models,
/quick_start/rate_limit (what keeps a connection alive), /guides/thinking_mode, /guides/vision."""

from __future__ import annotations

import pytest

from llm.errors import Unavailable
from llm.provider_settings import MissingSetting
from llm.providers.base import ModelDescription, Usage
from llm.providers.deepseek import build_providers
from llm.providers.openai_format.wire import usage_of
from tests.harness.llm_wire import answer_marker
from tests.llm.conftest import KEY, Vendor, ask, read_stream

ANSWER = f"{answer_marker('Как дела?')} Вы сказали: Как дела?"
USAGE = Usage(prompt_tokens=2, completion_tokens=5, is_estimated=False)


def test_the_models_are_listed_with_what_the_vendor_says_of_them_elsewhere(deepseek: Vendor):
    assert deepseek.provider.list_models() == [
        ModelDescription("deepseek-flash", "deepseek", supports_images=True),
        ModelDescription("deepseek-v4-pro", "deepseek", supports_images=False),
    ]


def test_an_answer_comes_whole_and_streamed_without_thinking_first(deepseek: Vendor):
    whole = deepseek.provider.generate(ask("Как дела?"))
    with deepseek.provider.stream(ask("Как дела?")) as stream:
        pieces = list(stream)

    assert (whole.text, whole.usage, whole.finish_reason) == (ANSWER, USAGE, "stop")
    assert ("".join(pieces), stream.completion.usage) == (ANSWER, USAGE)
    assert len(pieces) == 5
    _, request = deepseek.standin.requests()
    assert request["path"] == "/chat/completions"
    assert request["headers"]["authorization"] == f"Bearer {KEY}"
    assert request["body"] == {
        "model": "deepseek-flash",
        "thinking": {"type": "disabled"},
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_tokens_out_of_the_vendors_cache_are_tokens_of_the_prompt():
    reported = {
        "prompt_tokens": 30,
        "prompt_cache_hit_tokens": 20,
        "prompt_cache_miss_tokens": 10,
        "completion_tokens": 7,
        "completion_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 37,
    }

    assert usage_of(reported) == Usage(30, 7, is_estimated=False)


def test_what_a_model_thinks_all_the_same_is_no_part_of_the_answer(deepseek: Vendor):
    deepseek.standin.script({"kind": "answer", "text": "Да, сударь.", "thought": "Хм. Пожалуй.", "times": 2})

    assert deepseek.provider.generate(ask("?")).text == "Да, сударь."
    assert read_stream(deepseek.provider) == "Да, сударь."


def test_an_answer_may_come_after_signs_of_life(deepseek: Vendor):
    deepseek.standin.script({"kind": "keep_alive", "delay_s": 0.1, "times": 2})

    assert deepseek.provider.generate(ask("Как дела?")).text == ANSWER
    assert read_stream(deepseek.provider, "Как дела?") == ANSWER


def test_a_vendor_short_of_machines_may_answer_later(deepseek: Vendor):
    deepseek.standin.script({"kind": "answer", "finish": "insufficient_system_resource", "times": 2})

    with pytest.raises(Unavailable):
        deepseek.provider.generate(ask("?"))
    with pytest.raises(Unavailable):
        read_stream(deepseek.provider)


@pytest.mark.parametrize(("model", "sees"), [("", True), ("deepseek-v4-pro", False)])
def test_whether_pictures_are_seen_depends_on_the_model(model: str, sees: bool):
    settings = {"DEEPSEEK_API_KEY": "a-key", "DEEPSEEK_MODEL": model}

    [provider] = build_providers(lambda name, default: settings.get(name) or default)

    assert (provider.name, provider.default_model) == ("deepseek", model or "deepseek-flash")
    assert provider.capabilities.supports_images is sees


def test_without_a_key_the_vendor_stays_out():
    with pytest.raises(MissingSetting, match="DEEPSEEK_API_KEY"):
        build_providers(lambda _, default: default)
