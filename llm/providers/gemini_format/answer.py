"""What Gemini answers, whole or in pieces, and what it says of its models.

Source: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse and https://ai.google.dev/api/models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from llm.errors import AnswerRefused, BadAnswer
from llm.prompt import Prompt
from llm.providers.base import FINISH_LENGTH, FINISH_STOP, Completion, ModelDescription, Usage
from llm.usage import estimate_usage, read_usage

if TYPE_CHECKING:
    from google.genai import types

LENGTH_REASONS = {"MAX_TOKENS", "CONTINUATION"}
REFUSED_REASONS = {
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "ESCALATION",
    "PUP_LIMITED_DISABLED",
}

NAME_PREFIX = "models/"
ANSWERS = "generateContent"
# These answer by pictures, sound or actions, or, as Gemma 3, take no system instruction.
NOT_FOR_CHAT = re.compile(
    r"^gemma-3|(?:^|-)(?:aqa|audio|computer-use|embedding|image|imagen|live|robotics|tts|veo)(?:-|$)"
)
OPEN_MODELS = "gemma"  # of the vendor's media they take pictures alone


class AnswerInPieces:
    """Collects an answer from the responses that make it up: one of a whole answer, many of a stream."""

    def __init__(self, *, prompt: Prompt, model: str, provider: str) -> None:
        self._prompt = prompt
        self._model = model
        self._provider = provider
        self._pieces: list[str] = []
        self._finish_reason = ""
        self._usage: Usage | None = None
        self.has_begun = False

    @property
    def is_finished(self) -> bool:
        return bool(self._finish_reason)

    def take(self, response: types.GenerateContentResponse) -> str:
        """Return the text that one response adds. Raises `AnswerRefused` when the question was blocked."""
        self.has_begun = True
        if response.prompt_feedback and response.prompt_feedback.block_reason:
            raise self._refused()
        self._usage = _usage_of(response.usage_metadata) or self._usage
        if not response.candidates:
            return ""
        candidate = response.candidates[0]
        if candidate.finish_reason:
            self._finish_reason = candidate.finish_reason.value
        text = _text_of(candidate)
        self._pieces.append(text)
        return text

    def completion(self) -> Completion:
        """Return the whole answer. Raises `AnswerRefused` when it was withheld, `BadAnswer` without its end."""
        if self._finish_reason in REFUSED_REASONS:
            raise self._refused()
        if not self.is_finished:
            raise BadAnswer("the answer stops before its end", provider=self._provider)
        text = "".join(self._pieces)
        usage = self._usage or estimate_usage(self._prompt, text, model=self._model)
        return Completion(text, self._model, self._provider, usage, _finish_of(self._finish_reason))

    def _refused(self) -> AnswerRefused:
        return AnswerRefused("the vendor withheld the answer", provider=self._provider)


def models_of(listed: Iterable[types.Model], *, provider: str) -> list[ModelDescription]:
    """Return the models to talk with in writing; their context is what a question may fill."""
    chatting = (model for model in listed if model.name and ANSWERS in (model.supported_actions or ()))
    described = (_describe(model, provider=provider) for model in chatting)
    return [model for model in described if not NOT_FOR_CHAT.search(model.id)]


def _describe(model: types.Model, *, provider: str) -> ModelDescription:
    name = str(model.name).removeprefix(NAME_PREFIX)
    takes_all = None if not name.startswith(OPEN_MODELS) else False
    return ModelDescription(
        name,
        provider,
        context_tokens=model.input_token_limit,
        supports_files=takes_all,
        supports_audio=takes_all,
    )


def _text_of(candidate: types.Candidate) -> str:
    """Join the parts that are said aloud: thoughts are none of them."""
    parts = candidate.content.parts if candidate.content else None
    return "".join(part.text for part in parts or () if part.text and not part.thought)


def _usage_of(counted: types.GenerateContentResponseUsageMetadata | None) -> Usage | None:
    """Return the vendor's own count with the thoughts, which are paid for; `None` while it is not complete."""
    if counted is None:
        return None
    made = (counted.candidates_token_count, counted.thoughts_token_count)
    if made == (None, None):
        return None
    return read_usage(counted.prompt_token_count, sum(count or 0 for count in made))


def _finish_of(reason: str) -> str:
    if reason in LENGTH_REASONS:
        return FINISH_LENGTH
    return FINISH_STOP if reason == "STOP" else reason.lower()
