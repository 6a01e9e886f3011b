"""What Gemini writes: whole responses, events of a stream, pages of models, errors.

Source: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse,
https://ai.google.dev/api/models#Model and https://ai.google.dev/gemini-api/docs/generate-content/api-errors.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from tests.harness.llm_wire import count_words, text_pieces

__all__ = ["text_pieces"]

MODELS = ("gemini-3.8-flash", "gemini-embedding-001", "gemini-3.8-flash-tts", "gemma-4-31b-it")
INPUT_TOKENS = 1_048_576
OUTPUT_TOKENS = 65_536
MEDIA_TOKENS = 258  # what Gemini counts for a small picture or a page of a PDF

STATES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


def event(payload: object) -> bytes:
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\r\n\r\n"


def thought_part(text: str) -> dict[str, Any]:
    return {"text": text, "thought": True}


def response(
    *, model: str, parts: list[dict[str, Any]], finish: str = "", usage: dict[str, Any] | None = None
) -> dict[str, Any]:
    candidate: dict[str, Any] = {
        "content": {"role": "model", **({"parts": parts} if parts else {})},
        "index": 0,
    }
    if finish:
        candidate["finishReason"] = finish
    told = {"usageMetadata": usage} if usage else {}
    return {"candidates": [candidate], **told, "modelVersion": model, "responseId": "standin"}


def blocked(reason: str, *, model: str) -> dict[str, Any]:
    ratings = [{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH"}]
    feedback = {"blockReason": reason, "safetyRatings": ratings}
    usage = {"promptTokenCount": 3, "totalTokenCount": 3}
    return {"promptFeedback": feedback, "usageMetadata": usage, "modelVersion": model}


def usage_of(body: dict[str, Any], answer: str, *, thought: str) -> dict[str, Any]:
    """Count words as tokens, and thoughts apart, as Gemini does."""
    asked = sum(count_words(part.get("text", "")) for part in _parts(body)) + MEDIA_TOKENS * len(
        media_of(body)
    )
    answered, thoughts = count_words(answer), count_words(thought)
    counted = {
        "promptTokenCount": asked,
        "candidatesTokenCount": answered,
        "totalTokenCount": asked + answered + thoughts,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": asked}],
    }
    return counted | ({"thoughtsTokenCount": thoughts} if thoughts else {})


def model_entry(model: str | dict[str, Any] | None) -> dict[str, Any] | None:
    if not isinstance(model, str):
        return model
    method = "embedContent" if "embedding" in model else "generateContent"
    return {
        "name": f"models/{model}",
        "version": "001",
        "displayName": model,
        "description": "a stand-in",
        "inputTokenLimit": INPUT_TOKENS,
        "outputTokenLimit": OUTPUT_TOKENS,
        "supportedGenerationMethods": [method, "countTokens"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "thinking": True,
    }


def page_of(listed: Any, *, begin: str | None, size: int) -> dict[str, Any]:
    """Cut one page out of a body with all models."""
    models = json.loads(listed)["models"]
    start = int(begin or 0)
    following = {"nextPageToken": str(start + size)} if start + size < len(models) else {}
    page = [model for model in models[start : start + size] if model]
    return {**({"models": page} if page else {}), **following}


def error_body(
    status: int, *, state: str | None, reason: str | None, message: str, details: list[dict[str, Any]]
) -> dict[str, Any]:
    informed = [{"@type": ERROR_INFO, "reason": reason, "domain": "googleapis.com"}] if reason else []
    error = {"code": status, "message": message, "status": state or STATES.get(status, "UNKNOWN")}
    listed = [*informed, *details]
    return {"error": error | ({"details": listed} if listed else {})}


def question_of(body: dict[str, Any]) -> str:
    """Return the words of the last content."""
    return "".join(part.get("text", "") for part in body["contents"][-1]["parts"])


def media_of(body: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {"mime_type": _mime_type_of(part), "sha256": _digest(part["inlineData"]["data"])}
        for part in _parts(body)
        if "inlineData" in part
    ]


def without_media(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request with the place of each medium kept, but not its content."""
    short = [
        {**content, "parts": [_shorten(part) for part in content["parts"]]} for content in body["contents"]
    ]
    return {**body, "contents": short}


def _shorten(part: dict[str, Any]) -> dict[str, Any]:
    return {"inlineData": _mime_type_of(part)} if "inlineData" in part else part


def _mime_type_of(part: dict[str, Any]) -> str:
    """Read a name in either spelling that JSON of Protocol Buffers allows (https://protobuf.dev/programming-guides/json)."""
    blob = part["inlineData"]
    return str(blob["mimeType"] if "mimeType" in blob else blob["mime_type"])


def _digest(encoded: str) -> str:
    """Decode either alphabet of base64, which that JSON allows too."""
    return hashlib.sha256(base64.urlsafe_b64decode(encoded.replace("+", "-").replace("/", "_"))).hexdigest()


def _parts(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for content in [body.get("systemInstruction", {"parts": []}), *body["contents"]]:
        yield from content["parts"]
