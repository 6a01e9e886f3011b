"""The personalised reply: profile → memory → prompt → model (streamed) → the pair stored together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.conf import settings
from django.utils import timezone

from llm.errors import LLMError
from llm.prompt import Prompt
from llm.providers.base import Provider
from personalization import metrics
from personalization.domain import memory
from personalization.domain.memory import Position
from personalization.domain.profiles import get_profile
from personalization.domain.prompt import assemble_plain_prompt, assemble_prompt, estimate_prompt
from personalization.enums import MemorySource
from personalization.errors import MessageTooLong, ReplyFailed
from personalization.models import MemoryEvent, UserProfile

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person said. `key` identifies the message: the same key is remembered once, however often it is asked."""

    user_id: str
    key: str
    text: str
    source: MemorySource = MemorySource.TEXT
    trace_id: str = ""
    asked_at: datetime = field(default_factory=timezone.now)


class Reply:
    """An answer as it arrives. Iterate the pieces; at the end the pair is stored and `text` is the whole.

    `is_memory_full` then says whether the person's memory has passed MEMORY_CAP and wants compression.
    The iteration raises `MessageTooLong` or `ReplyFailed`, with nothing stored.
    """

    def __init__(self, question: Question, *, provider: Provider) -> None:
        self.text = ""
        self.is_memory_full = False
        self._question = question
        self._provider = provider

    def __iter__(self) -> Iterator[str]:
        started = time.monotonic()
        source = self._question.source
        try:
            yield from self._answer()
        except MessageTooLong:
            metrics.REQUESTS.labels(source, "too_long").inc()
            raise
        except LLMError as error:
            metrics.REQUESTS.labels(source, "error").inc()
            log.warning(
                "reply failed", user_id=self._question.user_id, outcome=error.outcome, provider=error.provider
            )
            raise ReplyFailed(error.outcome) from error
        metrics.REQUESTS.labels(source, "ok").inc()
        metrics.REPLY_SECONDS.observe(time.monotonic() - started)

    def _answer(self) -> Iterator[str]:
        if not settings.PERSONALIZATION_ENABLED:
            yield from self._stream(_assemble_plain(self._question))
            return
        profile = get_profile(self._question.user_id)
        # One event past the cap is enough to see that the memory is full.
        events = memory.list_recent_events(profile, limit=settings.MEMORY_CAP + 1)
        yield from self._stream(_assemble(self._question, profile, events))
        self._remember(profile, events)

    def _stream(self, prompt: Prompt) -> Iterator[str]:
        metrics.PROMPT_TOKENS.inc(estimate_prompt(prompt, model=settings.LLM_MODEL))
        with self._provider.stream(
            prompt, max_tokens=settings.LLM_MAX_ANSWER_TOKENS, trace_id=self._question.trace_id
        ) as stream:
            yield from stream
            self.text = stream.completion.text

    def _remember(self, profile: UserProfile, events: list[MemoryEvent]) -> None:
        pair = 2
        newest = memory.position_of(events[-1]) if events else memory.watermark_of(profile)
        memory.store_pair(
            user_id=self._question.user_id,
            key=self._question.key,
            message=self._question.text,
            reply=self.text,
            source=self._question.source,
            asked_at=self._question.asked_at,
            not_before=_time_of(newest),
        )
        self.is_memory_full = len(events) + pair > settings.MEMORY_CAP


def find_earlier_reply(key: str) -> str | None:
    """Return what was answered to the message `key` in an attempt that went on to fail; None if nothing was stored."""
    return memory.find_stored_reply(key) if settings.PERSONALIZATION_ENABLED else None


def _assemble(question: Question, profile: UserProfile, events: list[MemoryEvent]) -> Prompt:
    return assemble_prompt(
        profile=profile,
        events=events,
        message=question.text,
        budget_tokens=settings.PROMPT_BUDGET_TOKENS,
        model=settings.LLM_MODEL,
    )


def _assemble_plain(question: Question) -> Prompt:
    return assemble_plain_prompt(
        message=question.text, language=settings.LANGUAGE_CODE, budget_tokens=settings.PROMPT_BUDGET_TOKENS
    )


def _time_of(position: Position | None) -> datetime | None:
    return position.at if position else None
