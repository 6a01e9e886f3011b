"""One question about a channel to a model, streamed so that its first token can be timed."""

from __future__ import annotations

import time
from dataclasses import dataclass

import tracing
from llm.call import Asking
from llm.chain import BuildPrompt, Chain

NOBODY = ""  # no person asks: the exchange counts against nobody's budget


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole answer and what it cost; `first_token_s` and `duration_s` from the question on."""

    text: str
    provider: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    is_estimated: bool
    first_token_s: float
    duration_s: float


def ask(
    chain: Chain, build_prompt: BuildPrompt, *, max_tokens: int, temperature: float = 0.0, trace_id: str = ""
) -> Answered:
    """Ask along a chain. Raises the first model's `llm.errors.LLMError` if none answers."""
    asking = Asking(
        user_id=NOBODY,
        trace_id=trace_id or tracing.current_trace_id(),
        max_tokens=max_tokens,
        temperature=temperature,
    )
    started = time.monotonic()
    first_token_s: float | None = None
    with chain.stream(build_prompt, asking) as stream:
        for _ in stream:
            first_token_s = first_token_s or time.monotonic() - started
        completion = stream.completion
    duration_s = time.monotonic() - started
    return Answered(
        text=completion.text,
        provider=completion.provider,
        model=completion.model,
        prompt_tokens=completion.usage.prompt_tokens,
        completion_tokens=completion.usage.completion_tokens,
        is_estimated=completion.usage.is_estimated,
        first_token_s=duration_s if first_token_s is None else first_token_s,
        duration_s=duration_s,
    )
