"""One call to one model: made, timed, and put on record however it ends."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import tracing
from llm import metrics
from llm.cancellation import Cancellation
from llm.errors import BadAnswer, LLMError, TimedOut
from llm.prompt import Prompt, Purpose, is_blank
from llm.providers.base import Completion, Usage
from llm.route import Candidate
from llm.usage import estimate_usage

# The vendor has read the prompt, and charges for it, although no text came.
COSTLY_FAILURES = (TimedOut, BadAnswer)
NO_USAGE = Usage(0, 0, is_estimated=False)


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


class Call:
    """Iterate `pieces` once, then take the record from `completed`, `stopped` or `failed`.

    `is_whole`: the answer comes in one piece. `completion` is there once the pieces have come to their end.
    """

    def __init__(
        self,
        candidate: Candidate,
        prompt: Prompt,
        asking: Asking,
        *,
        is_whole: bool,
        clock: Callable[[], float],
        cancellation: Cancellation,
    ) -> None:
        self.completion: Completion | None = None
        self._candidate = candidate
        self._prompt = prompt
        self._asking = asking
        self._is_whole = is_whole
        self._clock = clock
        self._cancellation = cancellation
        self._started_at = clock()
        self._first_token_s: float | None = None
        self._text = ""

    def pieces(self) -> Generator[str, None, None]:
        """Yield the answer from its first visible sign on; close it to give the connection back."""
        with closing(self._whole() if self._is_whole else self._streamed()) as arriving:
            for piece in _join_leading_blanks(arriving):
                if self._first_token_s is None:
                    self._first_token_s = self._elapsed_s()
                yield piece

    def completed(self) -> ExchangeRecord:
        return self._record(metrics.OUTCOME_OK, self._find_usage())

    def stopped(self) -> ExchangeRecord:
        """Return the record of a call that was left before its end."""
        return self._record(metrics.OUTCOME_STOPPED, self._find_usage())

    def failed(self, error: BaseException) -> ExchangeRecord:
        outcome = error.outcome if isinstance(error, LLMError) else metrics.OUTCOME_CRASHED
        is_costly = self._text or isinstance(error, COSTLY_FAILURES)
        return self._record(outcome, self._find_usage() if is_costly else NO_USAGE)

    def _streamed(self) -> Generator[str, None, None]:
        with self._candidate.provider.stream(
            self._prompt,
            model=self._candidate.model,
            max_tokens=self._asking.max_tokens,
            temperature=self._asking.temperature,
            trace_id=self._asking.trace_id,
            cancellation=self._cancellation,
        ) as stream:
            for piece in stream:
                self._text += piece
                yield piece
            self.completion = stream.completion

    def _whole(self) -> Generator[str, None, None]:
        self.completion = self._candidate.provider.generate(
            self._prompt,
            model=self._candidate.model,
            max_tokens=self._asking.max_tokens,
            temperature=self._asking.temperature,
            trace_id=self._asking.trace_id,
        )
        yield self.completion.text

    def _record(self, outcome: str, usage: Usage) -> ExchangeRecord:
        return ExchangeRecord(
            user_id=self._asking.user_id,
            provider=self._candidate.provider.name,
            model=self.completion.model if self.completion else self._candidate.model_name,
            purpose=self._prompt.purpose,
            outcome=outcome,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            is_estimated=usage.is_estimated,
            first_token_s=self._first_token_s,
            duration_s=self._elapsed_s(),
            trace_id=self._asking.trace_id,
        )

    def _find_usage(self) -> Usage:
        if self.completion is not None:
            return self.completion.usage
        return estimate_usage(self._prompt, self._text, model=self._candidate.model_name)

    def _elapsed_s(self) -> float:
        return self._clock() - self._started_at


def trace_call(record: ExchangeRecord) -> None:
    """Record a call that has just ended as a step of what is under way."""
    first_token_s = record.first_token_s
    tracing.record(
        "ask model",
        duration_s=record.duration_s,
        is_error=record.outcome not in (metrics.OUTCOME_OK, metrics.OUTCOME_STOPPED),
        provider=record.provider,
        model=record.model,
        purpose=record.purpose.value,
        outcome=record.outcome,
        prompt_tokens=record.prompt_tokens,
        completion_tokens=record.completion_tokens,
        first_token_ms=None if first_token_s is None else round(first_token_s * 1_000, 1),
    )


def _join_leading_blanks(pieces: Iterable[str]) -> Iterator[str]:
    """Pass on what a reader can see: blank pieces wait for the first that is not."""
    held = ""
    has_begun = False
    for piece in pieces:
        held += piece
        has_begun = has_begun or not is_blank(held)
        if has_begun:
            yield held
            held = ""
