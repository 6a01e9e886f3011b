"""A summary of the oldest events together with the earlier one: by a model, or without it where that is allowed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog
from django.conf import settings

import tracing
from llm.call import Asking
from llm.chain import Chain
from llm.errors import LLMError
from llm.extractive import summarise
from llm.prompt import Prompt, Purpose, Role, Section, SectionKind, Turn, render_line
from llm.route import Candidate, Route
from llm.tokens import estimate_tokens
from llm.usage import estimate_prompt_tokens
from personalization.domain.budget import SHORTENED_SHARE
from personalization.domain.profiles import find_profile
from personalization.domain.summary_check import SUMMARY_MAX_CHARS, find_summary_fault
from personalization.domain.templates import render_prompt
from personalization.models import MemoryEvent, UserProfile

log = structlog.get_logger(__name__)

SUMMARY_MAX_TOKENS = 3_000  # what the longest summary that is taken costs in Russian, whoever writes it
SUMMARY_SHARE = 4  # of the smallest context that may have to hold a prompt with the earlier summary as well
# Of the budget, what events get at least, however long the earlier summary is: else each would have a call of its own.
EVENTS_SHARE = 4


@dataclass(frozen=True, slots=True)
class Summary:
    """`covered` are the events that it sums up: the oldest ones, as many as fitted into one prompt."""

    text: str
    covered: list[MemoryEvent]
    is_extractive: bool = False


class SummaryUnfit(Exception):
    """The model's summary failed its check; `fault` names why."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def summarise_events(
    profile: UserProfile, events: list[MemoryEvent], *, chain: Chain, is_extractive_allowed: bool
) -> Summary:
    """Raises `SummaryUnfit` or `LLMError` when there is no fit summary and an extractive one is not allowed."""
    try:
        return _summarise_by_model(profile, events, chain=chain)
    except (LLMError, SummaryUnfit) as error:
        if not is_extractive_allowed:
            raise
        log.warning("summary made without the model", user_id=profile.user_id, reason=type(error).__name__)
    covered = _take_for_summary(events, budget_tokens=settings.PROMPT_BUDGET_TOKENS)
    text = summarise(
        _as_turns(covered),
        earlier=profile.memory_summary or "",
        language=profile.language,
        limit_chars=SUMMARY_MAX_CHARS,
    )
    return Summary(text, covered, is_extractive=True)


def _summarise_by_model(profile: UserProfile, events: list[MemoryEvent], *, chain: Chain) -> Summary:
    """Have as many events summarised as the model takes that answers in the end."""
    answer_tokens = find_answer_tokens(chain.route)
    covered: list[MemoryEvent] = []

    def build_prompt(candidate: Candidate, *, is_shortened: bool) -> Prompt:
        nonlocal covered
        fixed = _build_fixed_part(profile, answer_tokens=answer_tokens)
        left_tokens = _find_room(candidate, fixed, answer_tokens=answer_tokens)
        if is_shortened:
            left_tokens //= SHORTENED_SHARE
        covered = _take_for_summary(events, budget_tokens=left_tokens, model=candidate.model_name)
        return replace(fixed, turns=_as_turns(covered))

    asking = Asking(
        user_id=profile.user_id,
        trace_id=tracing.current_trace_id(),
        max_tokens=answer_tokens,
        temperature=0.0,
        is_known=lambda: find_profile(profile.user_id) is not None,
    )
    completion = chain.generate(build_prompt, asking)
    if completion.is_cut:  # what its end would have said is told nowhere else once the events are gone
        raise SummaryUnfit("cut")
    text = completion.text.strip()
    if fault := find_summary_fault(text, language=profile.language):
        raise SummaryUnfit(fault)
    return Summary(text, covered)


def find_answer_tokens(route: Route) -> int:
    """Return what a summary may have: whoever of the route writes it, a prompt fits beside it."""
    smallest = min(candidate.capabilities.context_tokens for candidate in route.candidates)
    return min(SUMMARY_MAX_TOKENS, smallest // SUMMARY_SHARE)


def _find_room(candidate: Candidate, fixed: Prompt, *, answer_tokens: int) -> int:
    """Return the tokens that the instruction and the earlier summary leave to the events."""
    fixed_tokens = estimate_prompt_tokens(fixed, model=candidate.model_name)
    house_tokens = int(settings.PROMPT_BUDGET_TOKENS)
    allowed_tokens = max(house_tokens - fixed_tokens, house_tokens // EVENTS_SHARE)
    return min(allowed_tokens, candidate.capabilities.context_tokens - answer_tokens - fixed_tokens)


def _take_for_summary(events: list[MemoryEvent], *, budget_tokens: int, model: str = "") -> list[MemoryEvent]:
    """Return the oldest of the events that fit into so many tokens, at least one."""
    taken: list[MemoryEvent] = []
    for event in events:
        budget_tokens -= estimate_tokens(f"{render_line(_as_turn(event))}\n", model=model)
        if budget_tokens < 0 and taken:
            break
        taken.append(event)
    return taken


def _as_turns(events: list[MemoryEvent]) -> tuple[Turn, ...]:
    return tuple(map(_as_turn, events))


def _as_turn(event: MemoryEvent) -> Turn:
    return Turn(Role(event.role), event.content)


def _build_fixed_part(profile: UserProfile, *, answer_tokens: int) -> Prompt:
    """Return the prompt without events: the instruction and the earlier summary."""
    limit_chars = SUMMARY_MAX_CHARS * answer_tokens // SUMMARY_MAX_TOKENS
    instruction = render_prompt("compress", language=profile.language, limit_chars=limit_chars)
    sections = [Section(SectionKind.INSTRUCTION, instruction)]
    if profile.memory_summary:
        earlier = render_prompt("summary", language=profile.language, summary=profile.memory_summary)
        sections.append(Section(SectionKind.SUMMARY, earlier))
    return Prompt(sections=tuple(sections), turns=(), purpose=Purpose.SUMMARY, language=profile.language)
