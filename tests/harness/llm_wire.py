"""What an OpenAI-compatible server writes: whole answers, chunks of a stream, errors.

Source: OpenAI API reference, "Create chat completion", "The chat completion chunk object" and "Error codes"
(https://platform.openai.com/docs/api-reference/chat), and the HTML standard's server-sent events.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

CREATED_AT = 1_760_000_000
DONE = b"data: [DONE]\n\n"
QUOTED_CHARACTERS = 200

ERROR_TYPES = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


def answer_marker(question: str) -> str:
    """Return the marker by which a default answer names the question it belongs to."""
    return f"[{hashlib.sha256(question.encode('utf-8', 'replace')).hexdigest()[:12]}]"


def default_answer(question: str, *, words: int) -> str:
    quoted = " ".join(question[:QUOTED_CHARACTERS].split())
    answer = f"{answer_marker(question)} Вы сказали: {quoted}"
    padding = words - answer.count(" ") - 1
    return answer + "".join(f" слово{number}" for number in range(padding))


def count_words(text: str) -> int:
    return len(text.split())


def usage_of(messages: list[dict[str, Any]], answer: str) -> dict[str, int]:
    asked = sum(count_words(str(message.get("content", ""))) for message in messages)
    answered = count_words(answer)
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def whole_body(*, model: str, message: dict[str, Any], finish: str, usage: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return {
        "id": "chatcmpl-standin",
        "object": "chat.completion",
        "created": CREATED_AT,
        "model": model,
        "choices": [choice],
        "usage": usage,
        "system_fingerprint": "fp_standin",
    }


def error_body(
    status: int, *, code: str | None = None, kind: str | None = None, message: object = "refused by script"
) -> dict[str, Any]:
    usual_kind, usual_code = ERROR_TYPES.get(status, ("server_error", None))
    return {
        "error": {"message": message, "type": kind or usual_kind, "param": None, "code": code or usual_code}
    }


def event(payload: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


def _encode(text: str) -> bytes:
    try:
        return json.dumps(text, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can only escape
        return json.dumps(text).encode()


def text_pieces(answer: str) -> list[str]:
    """Split an answer into words with the space before them."""
    return re.findall(r"\s*\S+|\s+$", answer)


class ChunkWriter:
    """Writes the events of one stream; only what differs between chunks is encoded anew."""

    def __init__(self, *, model: str, with_usage: bool) -> None:
        self._with_usage = with_usage
        self._head = {
            "id": "chatcmpl-standin",
            "object": "chat.completion.chunk",
            "created": CREATED_AT,
            "model": model,
            "system_fingerprint": "fp_standin",
        }
        prefix = event(self._head).rstrip(b"}\n")
        self._before = prefix + b', "choices": [{"index": 0, "delta": {"content": '
        usage = b', "usage": null' if with_usage else b""
        self._after = b'}, "logprobs": null, "finish_reason": null}]' + usage + b"}\n\n"

    def first(self) -> bytes:
        return self._choice({"role": "assistant", "content": "", "refusal": None}, None)

    def texts(self, answer: str) -> Iterator[bytes]:
        for piece in text_pieces(answer):
            yield self._before + _encode(piece) + self._after

    def delta(self, delta: dict[str, Any]) -> bytes:
        """Write a chunk that adds something else than plain text."""
        return self._choice(delta, None)

    def last(self, finish: str, usage: dict[str, Any] | None = None) -> bytes:
        return self._choice({}, finish, usage)

    def usage(self, usage: dict[str, Any]) -> bytes:
        return event({**self._head, "choices": [], "usage": usage}) if self._with_usage else b""

    def _choice(
        self, delta: dict[str, Any], finish: str | None, usage: dict[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = {**self._head, "choices": [choice]}
        return event({**chunk, "usage": usage} if self._with_usage else chunk)
