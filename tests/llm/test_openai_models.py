"""Which of an endpoint's models chat and what they take, by what servers say of them."""

from __future__ import annotations

from typing import Any

import pytest

from llm.errors import BadAnswer
from llm.providers.base import ModelDescription
from llm.providers.openai_format.models import models_of


def read(*entries: dict[str, Any]) -> list[ModelDescription]:
    return models_of({"object": "list", "data": list(entries)}, provider="p")


@pytest.mark.parametrize(
    "name",
    [
        "text-embedding-3-large",
        "nomic-embed-text:latest",
        "mxbai-embed-large",
        "bge-m3",
        "whisper-1",
        "openai/whisper-large-v3",
        "tts-1-hd",
        "gpt-4o-mini-tts",
        "gpt-4o-transcribe",
        "omni-moderation-latest",
        "dall-e-3",
        "gpt-image-1",
        "gpt-realtime",
        "jina-reranker-v2",
        "davinci-002",
    ],
)
def test_what_does_not_chat_is_known_by_its_name(name: str):
    assert read({"id": name}) == []


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o",
        "qwen2.5:7b",
        "Qwen/Qwen2.5-7B-Instruct",
        "llama-guard-4",
        "embedded-chat",
        "soraya-7b",
        "gemma3",
    ],
)
def test_a_name_that_might_chat_stays(name: str):
    assert [model.id for model in read({"id": name})] == [name]


def test_a_vendors_own_word_counts_more_than_a_name():
    text, embeddings = {"output_modalities": ["text"]}, {"output_modalities": ["embeddings"]}

    found = read(
        {"id": "rerank-chat", "architecture": text},
        {"id": "quiet-7b", "architecture": embeddings},
        {"id": "together-embedding-model", "type": "embedding"},
        {"id": "together-7b", "type": "chat"},
        {"id": "groq-retired", "active": False},
        {"id": 7},
    )

    assert [model.id for model in found] == ["rerank-chat", "together-7b"]


def test_context_and_pictures_are_read_where_a_list_tells_them():
    pictured = {"input_modalities": ["text", "image", "file", "audio"], "output_modalities": ["text"]}

    assert read(
        {"id": "vllm", "max_model_len": 32_768},
        {"id": "openrouter", "context_length": 128_000, "architecture": pictured},
        {
            "id": "openrouter-text",
            "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
        },
        {"id": "groq", "context_window": 131_072, "active": True},
        {"id": "lm-studio", "type": "llm", "max_context_length": 4_096},
        {"id": "strange", "max_model_len": "much", "architecture": "transformer", "capabilities": ["chat"]},
    ) == [
        ModelDescription("vllm", "p", 32_768),
        ModelDescription("openrouter", "p", 128_000, supports_images=True),
        ModelDescription("openrouter-text", "p", supports_images=False),
        ModelDescription("groq", "p", 131_072),
        ModelDescription("lm-studio", "p", 4_096),
        ModelDescription("strange", "p"),
    ]


@pytest.mark.parametrize("body", [None, [], {}, {"data": None}, {"data": {"id": "m"}}])
def test_what_is_no_list_of_models_is_a_bad_answer(body: object):
    with pytest.raises(BadAnswer):
        models_of(body, provider="p")
