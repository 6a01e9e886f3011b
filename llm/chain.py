"""One question, asked of one model after another until one answers.

Nothing is tried again once a token has been passed on: what the person has begun to read is not taken back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import Protocol, Self

import structlog

import tracing
from llm import metrics
from llm.breaker import Breaker, Breakers, Permit, configured_breakers
from llm.call import Asking, Call, ExchangeRecord, trace_call
from llm.cancellation import Cancellation
from llm.errors import AnswerRefused, ContextTooLong, LLMError, ModelNotFound, Unavailable
from llm.prompt import Prompt
from llm.providers.base import Completion, Provider
from llm.retry import Attempts, RetryPolicy
from llm.route import Candidate, Route

ASKED_ONCE = RetryPolicy(retries=0)
LEFT_ALONE = "left alone after failures"

log = structlog.get_logger(__name__)


class BuildPrompt(Protocol):
    """Puts the prompt together for the model that is asked: for its context and for the media that it takes.

    `is_shortened`: the model found the last one too long. Raises `ContextTooLong` if what must stay in does not fit.
    """

    def __call__(self, candidate: Candidate, *, is_shortened: bool) -> Prompt: ...


@dataclass(frozen=True, slots=True)
class Failure:
    """A model that gave no answer; `outcome` is that of its error."""

    candidate: Candidate
    outcome: str


class _Stopped(Exception):
    """Nobody wants the answer any more."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Asks the models of a route; safe to share between threads.

    By default each model is asked once and none is left alone. `record` is called once for each call, in the thread
    that asks; `wait` returns early, with True, when the event is set.
    """

    route: Route
    _: KW_ONLY
    record: Callable[[ExchangeRecord], None]
    policy: RetryPolicy = ASKED_ONCE
    breakers: Breakers = field(default_factory=lambda: Breakers(failures_to_open=0, pause_s=0.0))
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait

    def generate(self, build_prompt: BuildPrompt, asking: Asking) -> Completion:
        """Return a whole answer. Raises the first model's `LLMError` if none answers."""
        with ChainStream(self, build_prompt, asking, is_whole=True) as stream:
            for _ in stream:
                pass
            return stream.completion

    def stream(self, build_prompt: BuildPrompt, asking: Asking) -> ChainStream:
        """Return the answer as it arrives."""
        return ChainStream(self, build_prompt, asking)


class ChainStream:
    """An answer as it arrives: iterate the pieces of text; at the end `completion` is the whole.

    The iteration raises the first model's `LLMError` if none answers, `AnswerRefused` of whichever withheld its answer:
    another vendor's filter is not tried. `candidate` is who answers, None before the first piece; `failures` are those
    that were asked before, `used_tokens` what all calls together cost, each counted at its end.
    Use it as a context manager: leaving early closes the connection, and counts what came until then.
    It belongs to one thread, but for `stop`.
    """

    def __init__(
        self, chain: Chain, build_prompt: BuildPrompt, asking: Asking, *, is_whole: bool = False
    ) -> None:
        self.candidate: Candidate | None = None
        self.failures: list[Failure] = []
        self.used_tokens = 0
        self._chain = chain
        self._build_prompt = build_prompt
        self._asking = asking
        self._completion: Completion | None = None
        self._cancellation = cancellation = Cancellation()
        self._new_call = partial(
            Call, asking=asking, is_whole=is_whole, clock=chain.clock, cancellation=cancellation
        )
        self._pieces = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[str]:
        return self._pieces

    @property
    def completion(self) -> Completion:
        """The whole answer. Raises `RuntimeError` before the end of the iteration, and when it was stopped."""
        if self._completion is None:
            msg = "the answer has not come to its end"
            raise RuntimeError(msg)
        return self._completion

    def stop(self) -> None:
        """End the iteration without an error, from any thread: a pause between calls and the wait for a piece at once.

        A model that has not even begun to respond is waited for: until then there is nothing to shut.
        """
        self._cancellation.cancel()

    def close(self) -> None:
        """Give the connection back; harmless when the answer has ended."""
        self._pieces.close()

    def _answer(self) -> Generator[str, None, None]:
        errors: list[LLMError] = []
        try:
            for candidate in self._list_candidates():
                try:
                    yield from self._ask(candidate)
                except LLMError as error:
                    self._ensure_wanted()
                    if self.candidate is not None:
                        raise
                    self._note_failure(candidate, error)
                    if isinstance(error, AnswerRefused):
                        raise
                    errors.append(_strip(error))
                else:
                    return
        except _Stopped:
            return
        raise errors.pop(0)  # a frame that keeps what it raises is kept by it in turn, with all that was said

    def _list_candidates(self) -> Iterator[Candidate]:
        """Yield whom to ask next, nobody twice; each has failed when the next one is wanted."""
        route = self._chain.route
        yield route.first
        is_gone = self.failures[0].outcome == ModelNotFound.outcome
        asked = {_identify(route.first)}
        for candidate in (route.house, *route.fallback) if is_gone else route.fallback:
            if _identify(candidate) not in asked:
                asked.add(_identify(candidate))
                yield candidate

    def _note_failure(self, candidate: Candidate, error: LLMError) -> None:
        self.failures.append(Failure(candidate, error.outcome))
        log.info("llm gave no answer", provider=candidate.provider.name, outcome=error.outcome)

    def _ask(self, candidate: Candidate) -> Iterator[str]:
        """Ask one model, once more with a shorter prompt if it does not take the first."""
        breaker = self._chain.breakers.of_provider(candidate.provider.name)
        if breaker.is_open:  # no prompt is put together for nobody
            raise _left_alone(candidate)
        attempts = Attempts(self._chain.policy, clock=self._chain.clock)
        prompt = self._build_prompt(candidate, is_shortened=False)
        try:
            yield from self._ask_patiently(candidate, prompt, breaker, attempts)
        except ContextTooLong:
            if self.candidate is not None:
                raise
        else:
            return
        log.info("llm prompt shortened", provider=candidate.provider.name)
        shortened = self._build_prompt(candidate, is_shortened=True)
        yield from self._ask_patiently(candidate, shortened, breaker, attempts)

    def _ask_patiently(
        self, candidate: Candidate, prompt: Prompt, breaker: Breaker, attempts: Attempts
    ) -> Iterator[str]:
        """Ask again, after a pause, for what may soon pass."""
        while True:
            permit = breaker.admit()
            if permit is None:
                raise _left_alone(candidate)
            try:
                with permit:
                    yield from self._call(candidate, prompt, permit)
                    return
            except LLMError as error:
                pause_s = attempts.find_pause(error)
                if self.candidate is not None or pause_s is None or breaker.is_open:
                    raise
                self._pause(candidate, error, pause_s)

    def _pause(self, candidate: Candidate, error: LLMError, pause_s: float) -> None:
        name = candidate.provider.name
        log.info("llm asked again", provider=name, outcome=error.outcome, pause_s=round(pause_s, 2))
        if self._chain.wait(self._cancellation.asked, pause_s):
            raise _Stopped
        metrics.RETRIES.labels(name).inc()

    def _call(self, candidate: Candidate, prompt: Prompt, permit: Permit) -> Iterator[str]:
        self._ensure_wanted()
        call = self._new_call(candidate, prompt)
        try:
            yield from self._pass_on(call, candidate, permit)
        except (GeneratorExit, _Stopped):
            self._record(call.stopped())
            raise
        except BaseException as error:
            if isinstance(error, LLMError):
                permit.end(error)
            self._record(call.failed(error))
            raise
        permit.end()
        self._completion = call.completion
        self._record(call.completed())

    def _pass_on(self, call: Call, candidate: Candidate, permit: Permit) -> Iterator[str]:
        with closing(call.pieces()) as pieces:
            try:
                for piece in pieces:
                    self._ensure_wanted()
                    if self.candidate is None:
                        permit.note_first_token()
                        self._begin(candidate)
                    yield piece
            except LLMError:
                self._ensure_wanted()  # that a connection was shut for this is no failure of the model
                raise

    def _begin(self, candidate: Candidate) -> None:
        self.candidate = candidate
        if candidate is not self._chain.route.first:
            name, first = candidate.provider.name, self.failures[0]
            metrics.FALLBACKS.labels(name).inc()
            log.info(
                "llm fallback",
                provider=name,
                asked_first=first.candidate.provider.name,
                outcome=first.outcome,
            )

    def _ensure_wanted(self) -> None:
        if self._cancellation.asked.is_set():
            raise _Stopped

    def _record(self, record: ExchangeRecord) -> None:
        self.used_tokens += record.prompt_tokens + record.completion_tokens
        trace_call(record)
        metrics.TOKENS.labels(record.provider, metrics.DIRECTION_IN).inc(record.prompt_tokens)
        metrics.TOKENS.labels(record.provider, metrics.DIRECTION_OUT).inc(record.completion_tokens)
        try:
            is_known = not record.user_id or self._asking.is_known()
            self._chain.record(record if is_known else replace(record, user_id=""))
        except Exception as error:  # whatever it is, the answer is worth more than its record
            metrics.EXCHANGES_LOST.inc()
            log.warning("exchange not recorded", provider=record.provider, error=type(error).__name__)


def configured_chain(route: Route) -> Chain:
    """Return the chain of this process's settings, whose exchanges are kept."""
    from django.conf import settings  # noqa: PLC0415  # chains are usable without Django

    from llm.exchanges import record_exchange  # noqa: PLC0415  # models are there once Django is

    return Chain(
        route,
        record=record_exchange,
        policy=RetryPolicy(settings.LLM_RETRIES),
        breakers=configured_breakers(),
    )


def _identify(candidate: Candidate) -> tuple[Provider, str]:
    return candidate.provider, candidate.model_name


def _strip(error: LLMError) -> LLMError:
    """Return an error to keep while others are asked: what it came from holds the prompt, perhaps a whole file."""
    error.__context__ = None
    return error.with_traceback(None)


def _left_alone(candidate: Candidate) -> Unavailable:
    tracing.record("leave model alone", is_error=True, provider=candidate.provider.name)
    return Unavailable(LEFT_ALONE, provider=candidate.provider.name)
