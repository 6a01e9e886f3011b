"""A prompt as Gemini wants to be asked.

Source: https://ai.google.dev/api/caching#Content and https://ai.google.dev/api/generate-content.
"""

from __future__ import annotations

import math
from itertools import chain, groupby
from operator import itemgetter

from google.genai import types

from llm.errors import Rejected
from llm.prompt import Media, MediaKind, Prompt, Role, Turn, clean_text, render_transcript

# https://ai.google.dev/gemini-api/docs/file-input-methods: a request carries 100 MB in base64, one PDF is 50 MB.
LARGEST_REQUEST_BYTES = 100_000_000
LARGEST_PDF_BYTES = 50_000_000
BASE64_GROWTH = 4 / 3

# What a model thinks before it answers counts against `maxOutputTokens`: at its usual effort it spends more than a
# thousand tokens, so that a limit meant for the answer would cut it (https://ai.google.dev/gemini-api/docs/thinking).
THOUGHT_TOKENS = 8_192
THINKING_FAMILY = "gemini"  # Gemma does not think, and some of it answers in no more than 8,192 tokens

PAGE_SIZE = 1000  # models, the most that one page holds (https://ai.google.dev/api/models)

ROLES = {Role.USER: "user", Role.ASSISTANT: "model"}


def contents_of(prompt: Prompt, *, provider: str) -> list[types.Content]:
    """Return the conversation, roles in turn. Raises `Rejected` for media that one request cannot carry."""
    if prompt.is_transcript:
        return [types.Content(role="user", parts=[types.Part(text=render_transcript(prompt.turns))])]
    _check_size(prompt.turns, provider=provider)
    said = [(ROLES[turn.role], _parts_of(turn)) for turn in prompt.turns]
    spoken = [(role, parts) for role, parts in said if parts]
    return [
        types.Content(role=role, parts=list(chain.from_iterable(parts for _, parts in turns)))
        for role, turns in groupby(spoken, key=itemgetter(0))
    ]


def config_of(
    prompt: Prompt,
    *,
    model: str,
    max_tokens: int | None,
    temperature: float | None,
    timeout_s: float,
    headers: dict[str, str],
) -> types.GenerateContentConfig:
    """Return how to answer. The SDK's own loops, which call functions and go on after a cut, stay off."""
    return types.GenerateContentConfig(
        system_instruction=clean_text(prompt.system_text) or None,
        max_output_tokens=_output_tokens(max_tokens, model=model),
        temperature=temperature,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,
        http_options=_http_options_of(timeout_s=timeout_s, headers=headers),
    )


def listing_of(*, timeout_s: float) -> types.ListModelsConfig:
    return types.ListModelsConfig(page_size=PAGE_SIZE, http_options=_http_options_of(timeout_s=timeout_s))


def _http_options_of(*, timeout_s: float, headers: dict[str, str] | None = None) -> types.HttpOptions:
    return types.HttpOptions(timeout=math.ceil(timeout_s * 1000), headers=headers)


def _output_tokens(max_tokens: int | None, *, model: str) -> int | None:
    if max_tokens is None or not model.startswith(THINKING_FAMILY):
        return max_tokens
    return max_tokens + THOUGHT_TOKENS


def _parts_of(turn: Turn) -> list[types.Part]:
    """Return media and then text, the order that the vendor advises; an empty text would be refused."""
    media = [types.Part(inline_data=_blob_of(item)) for item in turn.media]
    text = clean_text(turn.content)
    return [*media, types.Part(text=text)] if text.strip() else media


def _blob_of(media: Media) -> types.Blob:
    """Return a medium under its bare type: the vendor knows no "audio/ogg; codecs=opus"."""
    mime_type = media.mime_type.partition(";")[0].strip()
    return types.Blob(data=media.content, mime_type=mime_type)


def _check_size(turns: tuple[Turn, ...], *, provider: str) -> None:
    media = [item for turn in turns for item in turn.media]
    if any(item.kind is MediaKind.FILE and len(item.content) > LARGEST_PDF_BYTES for item in media):
        raise Rejected("a document is larger than one request carries", provider=provider)
    if sum(len(item.content) for item in media) * BASE64_GROWTH > LARGEST_REQUEST_BYTES:
        raise Rejected("the media are larger than one request carries", provider=provider)
