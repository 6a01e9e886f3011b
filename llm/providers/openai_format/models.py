"""A list of models, and which of them chat.

Sources: OpenAI API reference, "List models"; Mistral API reference, "Models" (`capabilities`, `max_context_length`);
OpenRouter, "Models" (`architecture`); Together, "List all models" (`type`); Groq, "List models" (`active`).
"""

from __future__ import annotations

import re
from typing import Any

from llm.errors import BadAnswer
from llm.providers.base import ModelDescription

# vLLM; OpenRouter and Together; Groq; Mistral and LM Studio
CONTEXT_FIELDS = ("max_model_len", "context_length", "context_window", "max_context_length")
OTHER_TYPES = {"audio", "embedding", "embeddings", "image", "moderation", "rerank", "transcribe", "video"}
# Names that no chat model has; asked only where the list does not say.
OTHER_NAMES = re.compile(
    r"(?:^|[-_/.:])(?:text-)?(?:embed|embedding|embeddings|rerank|reranker|moderation|whisper|tts|transcribe|dall-e"
    r"|gpt-image|stable-diffusion|sora|realtime|bge|davinci|babbage)(?:$|[-_/.:\d])",
    re.I,
)


def models_of(body: object, *, provider: str) -> list[ModelDescription]:
    """Read the models that chat from a list. Raises `BadAnswer` when it is none."""
    return [describe_model(entry, provider=provider) for entry in entries_of(body, provider=provider)]


def entries_of(body: object, *, provider: str) -> list[dict[str, Any]]:
    """Return what a list says of each model that chats. Raises `BadAnswer` when it is no list."""
    listed = body.get("data") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        raise BadAnswer("the list of models is malformed", provider=provider)
    named = (entry for entry in listed if isinstance(entry, dict) and isinstance(entry.get("id"), str))
    return [entry for entry in named if can_chat(entry)]


def can_chat(entry: dict[str, Any]) -> bool:
    """Tell whether a model answers in a conversation: by the vendor's word, else by its name."""
    if entry.get("active") is False or entry.get("archived") is True:
        return False
    told = _dict_of(entry, "capabilities").get("completion_chat")
    if isinstance(told, bool):
        return told
    modalities = _dict_of(entry, "architecture").get("output_modalities")
    if isinstance(modalities, list):
        return "text" in modalities
    return entry.get("type") not in OTHER_TYPES and not OTHER_NAMES.search(entry["id"])


def describe_model(entry: dict[str, Any], *, provider: str) -> ModelDescription:
    """Read one entry. Files and audio stay unsaid: of media a chat message of ours carries only pictures."""
    return ModelDescription(
        entry["id"], provider, _context_tokens(entry), supports_images=_supports_images(entry)
    )


def _context_tokens(entry: dict[str, Any]) -> int | None:
    given = (entry.get(field) for field in CONTEXT_FIELDS)
    return next((value for value in given if isinstance(value, int) and value > 0), None)


def _supports_images(entry: dict[str, Any]) -> bool | None:
    told = _dict_of(entry, "capabilities").get("vision")
    if isinstance(told, bool):
        return told
    modalities = _dict_of(entry, "architecture").get("input_modalities")
    return "image" in modalities if isinstance(modalities, list) else None


def _dict_of(entry: dict[str, Any], field: str) -> dict[str, Any]:
    value = entry.get(field)
    return value if isinstance(value, dict) else {}
