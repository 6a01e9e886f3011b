"""A chain to try out: vendors that follow a script, a clock that nobody waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from llm.breaker import Breakers
from llm.call import Asking, ExchangeRecord
from llm.chain import Chain
from llm.errors import BadAnswer
from llm.prompt import Prompt, Purpose, Role, Turn
from llm.providers.base import (
    CallOptions,
    Capabilities,
    Completion,
    Deltas,
    ModelDescription,
    Provider,
    Usage,
)
from llm.retry import RetryPolicy
from llm.route import Candidate, Route

Said = str | Exception
Answer = Said | tuple[Said, ...]

ASKING = Asking(user_id="42", trace_id="0af7651916cd43dd8448eb211c80319c", max_tokens=70)
PROMPT_TOKENS = 10


class Clock:
    """Seconds that pass when somebody says so; `pauses` are those that were waited for."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []
        self.while_waiting: Callable[[], None] = lambda: None

    def __call__(self) -> float:
        return self.now

    def wait(self, stopped: threading.Event, pause_s: float) -> bool:
        self.pauses.append(pause_s)
        self.now += pause_s
        self.while_waiting()
        return stopped.is_set()


class Vendor(Provider):
    """Gives `answers` in turn, the last one for ever: pieces of text, and an error where there is one.

    The usage it reports is `PROMPT_TOKENS` in and one token out for each piece. `asked` keeps prompt and model.
    """

    capabilities = Capabilities()

    def __init__(self, name: str, *answers: Answer, takes_s: float = 0.0, clock: Clock | None = None) -> None:
        self.name = name
        self.default_model = f"{name}-1"
        self.asked: list[tuple[Prompt, str | None]] = []
        self.released = 0
        self._answers = list(answers)
        self._takes_s = takes_s
        self._clock = clock

    def list_models(self) -> list[ModelDescription]:
        return [ModelDescription(self.default_model, self.name)]

    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        self.asked.append((prompt, options.model))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        text, pieces = "", 0
        try:
            for said in answer if isinstance(answer, tuple) else (answer,):
                if self._clock:
                    self._clock.now += self._takes_s
                if isinstance(said, Exception):
                    raise said
                text, pieces = text + said, pieces + 1
                yield said
        finally:
            self.released += 1
        usage = Usage(PROMPT_TOKENS, pieces, is_estimated=False)
        return Completion(text, options.model or self.default_model, self.name, usage)


class Trial:
    """A chain of these vendors with everything that it is given; `records` is what was put on record."""

    def __init__(
        self,
        first: Provider | Candidate,
        *fallback: Provider | Candidate,
        house: Candidate | None = None,
        retries: int = 0,
        failures_to_open: int = 0,
        clock: Clock | None = None,
        draw: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self.clock = clock or Clock()
        self.records: list[ExchangeRecord] = []
        self.prompts: list[tuple[str, bool]] = []
        self.breakers = Breakers(failures_to_open=failures_to_open, pause_s=30.0, clock=self.clock)
        candidates = [_as_candidate(entry) for entry in (first, *fallback)]
        self.chain = Chain(
            Route(candidates[0], house or candidates[0], tuple(candidates[1:])),
            record=self.records.append,
            policy=RetryPolicy(retries, draw),
            breakers=self.breakers,
            clock=self.clock,
            wait=self.clock.wait,
        )

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(record.provider, record.outcome) for record in self.records]

    def build_prompt(self, candidate: Candidate, *, is_shortened: bool) -> Prompt:
        self.prompts.append((candidate.provider.name, is_shortened))
        return prompt_of("кратко" if is_shortened else "подробно")

    def ask(self, **asking: Any) -> str:
        """Return the text as it was passed on."""
        with self.chain.stream(self.build_prompt, self.asking(**asking)) as stream:
            return "".join(stream)

    def asking(self, **changes: Any) -> Asking:
        return Asking(**{"user_id": "42", "trace_id": ASKING.trace_id, **changes})


def prompt_of(text: str) -> Prompt:
    return Prompt((), (Turn(Role.USER, text),), purpose=Purpose.REPLY)


def cut(name: str) -> BadAnswer:
    return BadAnswer("the answer broke off", provider=name)


def _as_candidate(entry: Provider | Candidate) -> Candidate:
    return entry if isinstance(entry, Candidate) else Candidate(entry)
