"""One question, asked of one model after another until one answers.

Nothing is tried again once a token has been passed on: what the person has begun to read is not taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from llm.errors import LLMError
from llm.prompt import Prompt, Purpose
from llm.providers.base import Completion
from llm.route import Candidate, Route


class BuildPrompt(Protocol):
    """Puts the prompt together for the model that is asked: for its context and for the media that it takes.

    `is_shortened`: the model found the last one too long. Raises `ContextTooLong` if what must stay in does not fit.
    """

    def __call__(self, candidate: Candidate, *, is_shortened: bool) -> Prompt: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks, and how; the fields as in `CallOptions`.

    `is_known` is asked when the exchange is recorded: of somebody who has been forgotten meanwhile nothing is kept.
    """

    user_id: str
    trace_id: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    is_known: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRecord:
    """One call and what it cost, as `llm.models.Exchange` keeps it."""

    user_id: str
    provider: str
    model: str
    purpose: Purpose
    outcome: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_estimated: bool = False
    first_token_s: float | None = None
    duration_s: float = 0.0
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A model that gave no answer."""

    candidate: Candidate
    error: LLMError


class Chain:
    """Asks the models of a route; safe to share between threads."""

    def __init__(self, route: Route, *, record: Callable[[ExchangeRecord], None]) -> None:
        self.route = route
        self._record = record

    def generate(self, build_prompt: BuildPrompt, asking: Asking) -> Completion:
        """Return a whole answer. Raises the first model's `LLMError` if none answers."""
        candidate = self.route.first
        prompt = build_prompt(candidate, is_shortened=False)
        return candidate.provider.generate(
            prompt,
            model=candidate.model,
            max_tokens=asking.max_tokens,
            temperature=asking.temperature,
            trace_id=asking.trace_id,
        )

    def stream(self, build_prompt: BuildPrompt, asking: Asking) -> ChainStream:
        """Return the answer as it arrives."""
        return ChainStream(self.route.first, build_prompt, asking)


class ChainStream:
    """An answer as it arrives: iterate the pieces of text; at the end `completion` is the whole.

    The iteration raises the first model's `LLMError` if none answers. `candidate` is who answers, None before the
    first piece; `failures` are those that were asked before, `used_tokens` what all calls together cost.
    Use it as a context manager: leaving early closes the connection, and counts what came until then.
    """

    def __init__(self, candidate: Candidate, build_prompt: BuildPrompt, asking: Asking) -> None:
        self.candidate: Candidate | None = None
        self.failures: list[Failure] = []
        self.used_tokens = 0
        self._first = candidate
        self._stream = candidate.provider.stream(
            build_prompt(candidate, is_shortened=False),
            model=candidate.model,
            max_tokens=asking.max_tokens,
            temperature=asking.temperature,
            trace_id=asking.trace_id,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[str]:
        for piece in self._stream:
            self.candidate = self._first
            yield piece
        self.used_tokens = self.completion.usage.total_tokens

    @property
    def completion(self) -> Completion:
        """The whole answer. Raises `RuntimeError` before the end of the iteration."""
        return self._stream.completion


def configured_chain(route: Route) -> Chain:
    """Return the chain of this process's settings, whose exchanges are kept."""
    from llm.exchanges import record_exchange  # noqa: PLC0415  # models are there once Django is

    return Chain(route, record=record_exchange)
