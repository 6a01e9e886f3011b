"""What an endpoint of OpenAI's format answers, read with distrust: any field may be missing.

Source: OpenAI API reference, "The chat completion object", "The chat completion chunk object"; Mistral's and DeepSeek's
for what they do otherwise.
"""

from __future__ import annotations

import json
from typing import Any

from llm.errors import AnswerRefused, BadAnswer, LLMError, Unavailable
from llm.prompt import Prompt
from llm.providers.base import FINISH_LENGTH, FINISH_STOP, Completion, Usage
from llm.providers.openai_format.verdict import judge_error_object
from llm.reasoning import ReasoningFilter, strip_reasoning
from llm.usage import estimate_usage, read_usage

DONE = b"[DONE]"
FINISH_REFUSED = "content_filter"
FINISH_BROKEN = {"error", "insufficient_system_resource"}  # Mistral, DeepSeek
FINISH_IN_OUR_WORDS = {"model_length": FINISH_LENGTH}  # Mistral, when the context is full


class AnswerInPieces:
    """Collects a streamed answer from the data of its events."""

    def __init__(self, *, prompt: Prompt, model: str, provider: str) -> None:
        self._prompt = prompt
        self._model = model
        self._provider = provider
        self._reasoning = ReasoningFilter()
        self._written: list[str] = []
        self._answer: list[str] = []
        self._finish_reason = ""
        self._usage: Usage | None = None
        self._is_refused = False
        self.is_finished = False

    def take(self, event: bytes) -> str:
        """Return the text that one event adds. Raises `LLMError` for what is no part of an answer."""
        if event == DONE:
            self.is_finished = True
            return self._end_text()
        chunk = self._parse(event)
        self._usage = usage_of(chunk.get("usage")) or self._usage
        choice = _first(chunk.get("choices"))
        delta = choice.get("delta")
        self._is_refused = self._is_refused or has_refusal(delta)
        text = self._add(text_of(delta))
        if reason := choice.get("finish_reason"):
            self._finish_reason = str(reason)
            self.is_finished = True
            text += self._end_text()
        return text

    def completion(self) -> Completion:
        """Return the whole answer. Raises `LLMError` when it was withheld or stopped before its end."""
        if self._is_refused:
            raise _refused(self._provider)
        if not self.is_finished:
            raise BadAnswer("the stream ended before the answer did", provider=self._provider)
        reason = read_finish(self._finish_reason, provider=self._provider)
        written = "".join(self._written)
        usage = self._usage or estimate_usage(self._prompt, written, model=self._model)
        return Completion("".join(self._answer), self._model, self._provider, usage, reason)

    def _add(self, written: str) -> str:
        if not written:
            return ""
        self._written.append(written)
        return self._keep(self._reasoning.feed(written))

    def _end_text(self) -> str:
        return self._keep(self._reasoning.flush())

    def _keep(self, text: str) -> str:
        if text:
            self._answer.append(text)
        return text

    def _parse(self, event: bytes) -> dict[str, Any]:
        chunk = parse_json(event)
        if not isinstance(chunk, dict):
            raise BadAnswer("an event of the stream is not a JSON object", provider=self._provider)
        if error := error_within(chunk):
            raise judge_error_object(error, provider=self._provider)
        return chunk


def parse_json(content: bytes) -> object:
    """Return what stands in JSON; None, which is no answer either, if it cannot be read, or nests without end."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def completion_of(body: object, *, prompt: Prompt, model: str, provider: str) -> Completion:
    """Read a whole answer. Raises `BadAnswer` when it is none, `AnswerRefused` when it was withheld."""
    whole = body if isinstance(body, dict) else {}
    choice = _first(whole.get("choices"))
    if not choice:
        raise _no_choice(whole, provider=provider)
    message = choice.get("message")
    if has_refusal(message):
        raise _refused(provider)
    reason = read_finish(str(choice.get("finish_reason") or ""), provider=provider)
    written = text_of(message)
    usage = usage_of(whole.get("usage")) or estimate_usage(prompt, written, model=model)
    return Completion(strip_reasoning(written), model, provider, usage, reason)


def error_within(body: dict[str, Any]) -> object:
    """Return the error that stands in for an answer, if one does; at Mistral it is the body itself."""
    return body if body.get("object") == "error" else body.get("error")


def read_finish(reason: str, *, provider: str) -> str:
    """Return why an answer ended, in our words. Raises `LLMError` when it was not the model that ended it."""
    if reason == FINISH_REFUSED:
        raise _refused(provider)
    if reason in FINISH_BROKEN:
        raise Unavailable("the vendor broke the answer off", provider=provider)
    return FINISH_IN_OUR_WORDS.get(reason, reason) or FINISH_STOP


def usage_of(reported: object) -> Usage | None:
    """Read the vendor's own count, `None` when there is none."""
    if not isinstance(reported, dict):
        return None
    return read_usage(reported.get("prompt_tokens"), reported.get("completion_tokens"))


def text_of(message: object) -> str:
    """Read `content` of a message or delta: text, or nothing while a model reasons or calls tools.

    Mistral's reasoning models send a list of chunks, of which only those of type `text` are the answer.
    """
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        return "".join(_chunk_text(chunk) for chunk in content)
    return content if isinstance(content, str) else ""


def has_refusal(message: object) -> bool:
    """Tell whether a message or delta says, instead of an answer, why there is none."""
    return isinstance(message, dict) and bool(message.get("refusal"))


def _chunk_text(chunk: object) -> str:
    if not isinstance(chunk, dict) or chunk.get("type") != "text":
        return ""
    text = chunk.get("text")
    return text if isinstance(text, str) else ""


def _first(choices: object) -> dict[str, Any]:
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return {}


def _refused(provider: str) -> LLMError:
    return AnswerRefused("the vendor withheld the answer", provider=provider)


def _no_choice(whole: dict[str, Any], *, provider: str) -> LLMError:
    if error := error_within(whole):
        return judge_error_object(error, provider=provider)
    return BadAnswer("the answer has no choices", provider=provider)
