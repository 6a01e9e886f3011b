"""What an OpenAI-compatible endpoint answers, read with distrust: any field may be missing.

Source: OpenAI API reference, "The chat completion object", "The chat completion chunk object", "List models".
"""

from __future__ import annotations

import json
from typing import Any

from llm.errors import AnswerRefused, BadAnswer, LLMError, Unavailable
from llm.prompt import Prompt
from llm.providers.base import FINISH_STOP, Completion, ModelDescription, Usage
from llm.usage import estimate_usage

DONE = b"[DONE]"
FINISH_REFUSED = "content_filter"
CONTEXT_FIELDS = ("max_model_len", "context_length", "context_window")  # vLLM, OpenRouter, Groq


class AnswerInPieces:
    """Collects a streamed answer from the data of its events."""

    def __init__(self, *, prompt: Prompt, model: str, provider: str) -> None:
        self._prompt = prompt
        self._model = model
        self._provider = provider
        self._pieces: list[str] = []
        self._finish_reason = ""
        self._usage: Usage | None = None
        self.is_finished = False

    def take(self, event: bytes) -> str:
        """Return the text that one event adds. Raises `LLMError` for what is no part of an answer."""
        if event == DONE:
            self.is_finished = True
            return ""
        chunk = self._parse(event)
        if chunk.get("usage"):
            self._usage = usage_of(chunk["usage"])
        choice = _first(chunk.get("choices"))
        if reason := choice.get("finish_reason"):
            self._finish_reason = str(reason)
            self.is_finished = True
        text = text_of(choice.get("delta"))
        if text:
            self._pieces.append(text)
        return text

    def completion(self) -> Completion:
        """Return the whole answer. Raises `BadAnswer` when the stream stopped before its end."""
        if self._finish_reason == FINISH_REFUSED:
            raise _refused(self._provider)
        if not self.is_finished:
            raise BadAnswer("the stream ended before the answer did", provider=self._provider)
        text = "".join(self._pieces)
        usage = self._usage or estimate_usage(self._prompt, text, model=self._model)
        return Completion(text, self._model, self._provider, usage, self._finish_reason or FINISH_STOP)

    def _parse(self, event: bytes) -> dict[str, Any]:
        chunk = _parse_json(event)
        if not isinstance(chunk, dict):
            raise BadAnswer("an event of the stream is not a JSON object", provider=self._provider)
        if chunk.get("error"):
            raise _error_in_stream(self._provider)
        return chunk


def completion_of(body: object, *, prompt: Prompt, model: str, provider: str) -> Completion:
    """Read a whole answer. Raises `BadAnswer` when it is none, `AnswerRefused` when it was withheld."""
    whole = body if isinstance(body, dict) else {}
    choice = _first(whole.get("choices"))
    if not choice:
        raise BadAnswer("the answer has no choices", provider=provider)
    reason = str(choice.get("finish_reason") or FINISH_STOP)
    if reason == FINISH_REFUSED:
        raise _refused(provider)
    text = text_of(choice.get("message"))
    usage = usage_of(whole.get("usage")) or estimate_usage(prompt, text, model=model)
    return Completion(text, model, provider, usage, reason)


def models_of(body: object, *, provider: str) -> list[ModelDescription]:
    """Read a list of models. Raises `BadAnswer` when it is none."""
    listed = body.get("data") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        raise BadAnswer("the list of models is malformed", provider=provider)
    found = [entry for entry in listed if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    return [ModelDescription(entry["id"], provider, _context_tokens(entry)) for entry in found]


def usage_of(reported: object) -> Usage | None:
    """Read the vendor's own count, `None` when there is none."""
    if not isinstance(reported, dict):
        return None
    counts = (reported.get("prompt_tokens"), reported.get("completion_tokens"))
    if not all(isinstance(count, int) for count in counts):
        return None
    return Usage(int(counts[0] or 0), int(counts[1] or 0), is_estimated=False)


def text_of(message: object) -> str:
    """Read `content` of a message or delta: text, or nothing while a model reasons or calls tools."""
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, str) else ""


def _parse_json(event: bytes) -> object:
    try:
        return json.loads(event)
    except ValueError:
        return None


def _context_tokens(entry: dict[str, Any]) -> int | None:
    given = (entry.get(field) for field in CONTEXT_FIELDS)
    return next((value for value in given if isinstance(value, int)), None)


def _first(choices: object) -> dict[str, Any]:
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return {}


def _refused(provider: str) -> LLMError:
    return AnswerRefused("the vendor withheld the answer", provider=provider)


def _error_in_stream(provider: str) -> LLMError:
    return Unavailable("the server reported an error in the middle of the answer", provider=provider)
