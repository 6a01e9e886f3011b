"""A language model that says what a test tells it to, behind the real provider interface."""

from __future__ import annotations

from collections.abc import Callable

from llm.call import ExchangeRecord
from llm.chain import Chain
from llm.errors import LLMError
from llm.prompt import Prompt
from llm.providers.base import (
    CallOptions,
    Capabilities,
    Completion,
    Deltas,
    ModelDescription,
    Provider,
    Usage,
)
from llm.route import Candidate, Route

Script = str | LLMError | Callable[[Prompt], str]


class ScriptedProvider(Provider):
    """Answers with `answers` in turn, the last one for ever; an error is raised. `prompts` keeps what was asked."""

    name = "scripted"
    capabilities = Capabilities()

    def __init__(self, *answers: Script) -> None:
        self.prompts: list[Prompt] = []
        self._answers = list(answers)

    def list_models(self) -> list[ModelDescription]:
        return [ModelDescription("scripted", self.name)]

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        self.prompts.append(prompt)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, LLMError):
            raise answer
        text = answer if isinstance(answer, str) else answer(prompt)
        return Completion(text, "scripted", self.name, Usage(0, 0, is_estimated=True))

    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        completion = self._complete(prompt, options)
        for start in range(0, len(completion.text), 7):
            yield completion.text[start : start + 7]
        return completion


def chain_of(
    provider: Provider,
    *fallback: Provider,
    model: str | None = None,
    record: Callable[[ExchangeRecord], None] = lambda record: None,
) -> Chain:
    """Return a chain that asks these in their order, without a breaker and without a second attempt."""
    first = Candidate(provider, model)
    others = tuple(Candidate(other) for other in fallback)
    return Chain(Route(first, Candidate(provider), others), record=record)
