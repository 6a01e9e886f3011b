"""What vendors' dialects of chat completions differ in: models, errors, reasoning, usage.

Sources: OpenAI API reference (https://platform.openai.com/docs/api-reference/chat); Mistral API reference
(https://docs.mistral.ai/api, https://docs.mistral.ai/resources/error-glossary) and its SDK's schemas; DeepSeek API
reference (https://api-docs.deepseek.com/api/create-chat-completion, /quick_start/error_codes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from tests.harness.llm_wire import CREATED_AT, error_body, text_pieces

Message = dict[str, Any]

MISTRAL_CONTEXT_TOKENS = 131_072
MISTRAL_KINDS = {401: "authentication_error", 429: "rate_limit_error"}
MISTRAL_UNPROCESSABLE = 422
FIRST_SERVER_ERROR = 500

DEEPSEEK_ERRORS = {
    401: ("authentication_error", "invalid_request_error"),
    402: ("unknown_error", "invalid_request_error"),
    422: ("invalid_request_error", "invalid_request_error"),
}


class Dialect:
    """OpenAI's own."""

    models: ClassVar[tuple[str, ...]] = ("standin-7b", "standin-72b")
    always_tells_usage: ClassVar[bool] = False
    takes_stream_options: ClassVar[bool] = True

    def model_entry(self, name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": CREATED_AT}

    def error_body(
        self,
        status: int,
        *,
        code: str | None = None,
        kind: str | None = None,
        message: object = "refused by script",
    ) -> dict[str, Any]:
        return error_body(status, code=code, kind=kind, message=message)

    def message(self, answer: str, *, thought: str) -> Message:
        return {"role": "assistant", "content": with_thought(answer, thought), "refusal": None}

    @property
    def refusal(self) -> Message:
        return {"role": "assistant", "content": None, "refusal": None}

    def thought_deltas(self, thought: str) -> Iterator[Message]:
        for piece in text_pieces(with_thought("", thought)):
            yield {"content": piece}

    def usage(self, counted: dict[str, int]) -> dict[str, Any]:
        return counted


def with_thought(answer: str, thought: str) -> str:
    """Write reasoning as open models do in text, without a server that takes it out."""
    return f"<think>\n{thought}\n</think>\n\n{answer}" if thought else answer


class MistralDialect(Dialect):
    """Errors stand at the top, a stream's usage in its last chunk, reasoning in chunks of the content."""

    models = ("mistral-small-latest", "mistral-embed")
    always_tells_usage = True
    takes_stream_options = False

    def model_entry(self, name: str) -> dict[str, Any]:
        chats = "embed" not in name
        return {
            "id": name,
            "object": "model",
            "created": CREATED_AT,
            "owned_by": "mistralai",
            "capabilities": {
                "completion_chat": chats,
                "completion_fim": False,
                "function_calling": chats,
                "fine_tuning": False,
                "vision": chats,
                "classification": False,
            },
            "name": name,
            "description": "",
            "max_context_length": MISTRAL_CONTEXT_TOKENS,
            "aliases": [],
            "deprecation": None,
            "type": "base",
        }

    def error_body(
        self,
        status: int,
        *,
        code: str | None = None,
        kind: str | None = None,
        message: object = "refused by script",
    ) -> dict[str, Any]:
        usual = "server_error" if status >= FIRST_SERVER_ERROR else "invalid_request_error"
        if status == MISTRAL_UNPROCESSABLE:
            message = {"detail": [{"type": "extra_forbidden", "loc": ["body", "x"], "msg": message}]}
        return {
            "object": "error",
            "message": message,
            "type": kind or MISTRAL_KINDS.get(status, usual),
            "param": None,
            "code": code,
        }

    def message(self, answer: str, *, thought: str) -> Message:
        content = [*_thinking(thought), {"type": "text", "text": answer}] if thought else answer
        return {"role": "assistant", "content": content, "tool_calls": None, "prefix": False}

    def thought_deltas(self, thought: str) -> Iterator[Message]:
        for piece in text_pieces(thought):
            yield {"content": _thinking(piece)}


def _thinking(thought: str) -> list[Message]:
    return [{"type": "thinking", "thinking": [{"type": "text", "text": thought}], "closed": True}]


class DeepSeekDialect(Dialect):
    """Reasoning beside the content, tokens of the cache in the usage."""

    models = ("deepseek-flash", "deepseek-v4-pro")

    def model_entry(self, name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "owned_by": "deepseek"}

    def error_body(
        self,
        status: int,
        *,
        code: str | None = None,
        kind: str | None = None,
        message: object = "refused by script",
    ) -> dict[str, Any]:
        usual_kind, usual_code = DEEPSEEK_ERRORS.get(status, ("invalid_request_error",) * 2)
        return error_body(status, code=code or usual_code, kind=kind or usual_kind, message=message)

    def message(self, answer: str, *, thought: str) -> Message:
        reasoning = {"reasoning_content": thought} if thought else {}
        return {"role": "assistant", "content": answer, **reasoning}

    def thought_deltas(self, thought: str) -> Iterator[Message]:
        for piece in text_pieces(thought):
            yield {"content": None, "reasoning_content": piece}

    def usage(self, counted: dict[str, int]) -> dict[str, Any]:
        return counted | {
            "prompt_cache_hit_tokens": 0,
            "prompt_cache_miss_tokens": counted["prompt_tokens"],
            "completion_tokens_details": {"reasoning_tokens": 0},
        }


DIALECTS: dict[str, Dialect] = {
    "openai": Dialect(),
    "mistral": MistralDialect(),
    "deepseek": DeepSeekDialect(),
}
