"""The personalised reply: profile → memory → prompt → model (streamed) → the pair stored together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.conf import settings
from django.utils import timezone

import tracing
from llm.call import Asking
from llm.chain import Chain, ChainStream, Failure
from llm.errors import ContextTooLong, LLMError, ModelNotFound
from llm.file_blocks import FileBlock
from llm.prompt import Prompt, clean_text, is_blank
from llm.route import Candidate
from personalization import metrics
from personalization.domain import memory
from personalization.domain.attached import NOTHING_ATTACHED, Attached
from personalization.domain.budget import find_budget
from personalization.domain.context import Context
from personalization.domain.memory import Position
from personalization.domain.prompt import (
    FOUND_SHARE,
    assemble_plain_prompt,
    assemble_prompt,
    estimate_prompt,
    remember_attached,
)
from personalization.domain.retrieval import find_excerpts
from personalization.enums import MemorySource
from personalization.errors import MessageTooLong, ReplyFailed
from personalization.models import MemoryEvent, UserProfile

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person said. `key` identifies the message: the same key is remembered once, however often it is asked.

    `quoted` are the words it replies to, `attached` the files it came with. `retry_key`, if given, asks for another
    answer to what was answered before: it replaces the earlier one. Without `uses_memory` nothing of the person is read
    or written.
    """

    user_id: str
    key: str
    text: str
    quoted: str = ""
    attached: Attached = NOTHING_ATTACHED
    source: MemorySource = MemorySource.TEXT
    trace_id: str = ""
    retry_key: str = ""
    uses_memory: bool = True
    asked_at: datetime = field(default_factory=timezone.now)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be asked: no words, and no file that can be shown."""
        return is_blank(self.text) and not self.attached.is_showable


class Reply:
    """An answer as it arrives. Iterate the pieces; at the end the pair is stored and `text` is the whole.

    `context` is what is known of the person, None for a question that uses no memory: its exchanges name nobody then.
    `chain` asks the models.
    `is_memory_full` says at the end whether the memory has passed MEMORY_CAP and wants compression, `used_tokens` what
    the answer cost, `answered_by` who gave it, `failures` who did not, `is_cut` whether it ends for want of tokens.
    The iteration raises `MessageTooLong` or `ReplyFailed`, with nothing stored, and what `before_storing` raises: it
    is called right before the pair is stored, and may know that this is no longer to happen.
    """

    def __init__(
        self,
        question: Question,
        *,
        context: Context | None,
        chain: Chain,
        before_storing: Callable[[], None] = lambda: None,
    ) -> None:
        self.text = ""
        self.is_memory_full = False
        self.is_stopped = False
        self.is_cut = False
        self.used_tokens = 0
        self.answered_by: Candidate | None = None
        self.failures: list[Failure] = []
        self._question = question
        self._context = (
            context if context is None or not question.retry_key else context.without(question.key)
        )
        self._chain = chain
        self._before_storing = before_storing
        self._found: list[FileBlock] | None = None
        self._stream: ChainStream | None = None

    @property
    def is_choice_gone(self) -> bool:
        """Whether the model that was asked first does not exist (any more)."""
        return bool(self.failures) and self.failures[0].outcome == ModelNotFound.outcome

    def stop(self) -> None:
        """End the answer, from any thread, as `ChainStream.stop` does; what has come by then is the answer."""
        self.is_stopped = True
        if stream := self._stream:  # read once: the answering thread may come to its end meanwhile
            stream.stop()

    def __iter__(self) -> Iterator[str]:
        started = time.monotonic()
        source = self._question.source
        try:
            yield from self._answer()
        except ContextTooLong as error:
            metrics.REQUESTS.labels(source, "too_long").inc()
            raise MessageTooLong from error
        except LLMError as error:
            metrics.REQUESTS.labels(source, "error").inc()
            log.warning(
                "reply failed", user_id=self._question.user_id, outcome=error.outcome, provider=error.provider
            )
            raise ReplyFailed(error.outcome) from error
        metrics.REQUESTS.labels(source, "stopped" if self.is_stopped else "ok").inc()
        metrics.REPLY_SECONDS.observe(time.monotonic() - started)

    def _answer(self) -> Iterator[str]:
        yield from self._ask()
        if self._context is not None and not is_blank(self.text):
            self._before_storing()
            with tracing.span("store pair"):
                self._remember(self._context.profile, self._context.events)

    def _ask(self) -> Iterator[str]:
        asking = Asking(
            user_id=self._question.user_id if self._context else "",
            trace_id=self._question.trace_id,
            max_tokens=settings.LLM_MAX_ANSWER_TOKENS,
        )
        self._stream = stream = self._chain.stream(self._build_prompt, asking)
        self.failures = stream.failures
        if self.is_stopped:
            stream.stop()
        try:
            with stream:
                for piece in stream:
                    self.answered_by = stream.candidate
                    self.text += piece
                    yield piece
                self._take_end(stream)
        finally:
            self.used_tokens = stream.used_tokens
            self._stream = (
                None  # it knows this reply: the two would keep each other, and all that was said, alive
            )

    def _take_end(self, stream: ChainStream) -> None:
        if self.is_stopped:
            self.text = clean_text(self.text)
        else:
            self.text, self.is_cut = stream.completion.text, stream.completion.is_cut

    def _build_prompt(self, candidate: Candidate, *, is_shortened: bool) -> Prompt:
        """Put the prompt together for one model. Raises `ContextTooLong` if the message alone does not fit."""
        budget_tokens = find_budget(candidate, is_shortened=is_shortened)
        with tracing.span("assemble prompt", expected=(ContextTooLong,), budget_tokens=budget_tokens):
            try:
                prompt = self._assemble(candidate, budget_tokens)
            except MessageTooLong:
                msg = "the message does not fit into the prompt"
                raise ContextTooLong(msg, provider=candidate.provider.name) from None
            estimated_tokens = estimate_prompt(prompt, model=candidate.model_name)
            tracing.note(estimated_tokens=estimated_tokens)
        metrics.PROMPT_TOKENS.inc(estimated_tokens)
        return prompt

    def _assemble(self, candidate: Candidate, budget_tokens: int) -> Prompt:
        question = self._question
        if self._context is None:
            return assemble_plain_prompt(
                message=question.text,
                quoted=question.quoted,
                attached=question.attached,
                language=settings.LANGUAGE_CODE,
                budget_tokens=budget_tokens,
                capabilities=candidate.capabilities,
                model=candidate.model_name,
            )
        return assemble_prompt(
            profile=self._context.profile,
            events=self._context.events,
            message=question.text,
            quoted=question.quoted,
            attached=question.attached,
            found=self._find_in_files(self._context.profile, candidate),
            budget_tokens=budget_tokens,
            capabilities=candidate.capabilities,
            model=candidate.model_name,
        )

    def _find_in_files(self, profile: UserProfile, candidate: Candidate) -> list[FileBlock]:
        """Look for the question in earlier files, once; one that came with files is about these."""
        if not profile.has_files or self._question.attached.names:
            return []
        if self._found is None:
            self._found = find_excerpts(
                profile.user_id,
                question=self._question.text,
                budget_tokens=settings.PROMPT_BUDGET_TOKENS // FOUND_SHARE,
                model=candidate.model_name,
            )
        return self._found

    def _remember(self, profile: UserProfile, events: list[MemoryEvent]) -> None:
        pair = 2
        newest = memory.position_of(events[-1]) if events else memory.watermark_of(profile)
        question = self._question
        message = remember_attached(question.text, question.attached, language=profile.language)
        is_replaced = question.retry_key and memory.replace_pair(
            key=question.key, message=message, reply=self.text, tag=question.retry_key
        )
        if not is_replaced:
            memory.store_pair(
                user_id=question.user_id,
                key=question.key,
                message=message,
                reply=self.text,
                source=question.source,
                asked_at=question.asked_at,
                not_before=_time_of(newest),
                tags=[question.retry_key] if question.retry_key else [],
            )
        self.is_memory_full = len(events) + pair > settings.MEMORY_CAP


def find_earlier_reply(question: Question) -> str | None:
    """Return what was answered in an attempt that went on to fail; None if nothing was stored."""
    if not question.uses_memory:
        return None
    return memory.find_stored_reply(question.key, tag=question.retry_key)


def _time_of(position: Position | None) -> datetime | None:
    return position.at if position else None
