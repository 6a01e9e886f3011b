"""Prompt assembly: persona → what is known → recent events → the new message, within a token budget.

Over budget the oldest events go first, then the summary is shortened; the persona and the new message never go.
Tokens are estimated; `llm.tokens` states the error.
"""

from __future__ import annotations

from collections.abc import Sequence

from llm.prompt import Prompt, Role, Section, SectionKind, Turn
from llm.tokens import estimate_tokens
from personalization.domain.templates import one_line, render_prompt
from personalization.enums import MemoryRole
from personalization.errors import MessageTooLong
from personalization.models import MemoryEvent, UserProfile

TURN_OVERHEAD_TOKENS = 4  # a chat template's own marks around each message; 3 to 5 in the common ones
SHORTENED_MARK = "…"
LLM_ROLES = {MemoryRole.USER: Role.USER, MemoryRole.ASSISTANT: Role.ASSISTANT}


def assemble_prompt(
    *, profile: UserProfile, events: Sequence[MemoryEvent], message: str, budget_tokens: int, model: str = ""
) -> Prompt:
    """Put together the prompt of a reply; `events` are oldest first.

    The estimate of the whole is at most `budget_tokens`. Raises `MessageTooLong` when the persona and the message
    alone exceed it.
    """
    persona = Section(SectionKind.PERSONA, _persona_text(profile))
    new_turn = Turn(Role.USER, message)
    left = budget_tokens - _cost(persona.text, model) - _cost(message, model)
    if left < 0:
        raise MessageTooLong
    sections = [persona]
    known = Section(SectionKind.PROFILE, _known_text(profile))
    if (cost := _cost(known.text, model)) <= left:
        sections.append(known)
        left -= cost
    if summary := _fit_summary(profile, budget_tokens=left, model=model):
        sections.append(summary)
        left -= _cost(summary.text, model)
    turns = (*_fit_events(events, budget_tokens=left, model=model), new_turn)
    return Prompt(sections=tuple(sections), turns=turns, language=profile.language)


def assemble_plain_prompt(*, message: str, language: str, budget_tokens: int) -> Prompt:
    """Put together the prompt of a plain assistant that knows nobody. Raises `MessageTooLong`."""
    persona = Section(SectionKind.PERSONA, render_prompt("plain", language=language))
    if _cost(persona.text, "") + _cost(message, "") > budget_tokens:
        raise MessageTooLong
    return Prompt(sections=(persona,), turns=(Turn(Role.USER, message),), language=language)


def estimate_prompt(prompt: Prompt, *, model: str = "") -> int:
    """Estimate the tokens of the whole prompt, the marks around its messages included."""
    texts = [section.text for section in prompt.sections] + [turn.content for turn in prompt.turns]
    return sum(_cost(text, model) for text in texts)


def _cost(text: str, model: str) -> int:
    return estimate_tokens(text, model=model) + TURN_OVERHEAD_TOKENS


def _persona_text(profile: UserProfile) -> str:
    return render_prompt("persona", language=profile.language, persona=one_line(profile.persona))


def _known_text(profile: UserProfile) -> str:
    known = render_prompt(
        "profile", language=profile.language, language_name=profile.language, tone=one_line(profile.tone)
    )
    topics = ", ".join(one_line(topic) for topic in profile.preferred_topics)
    if not topics:
        return known
    return "\n".join((known, render_prompt("topics", language=profile.language, topics=topics)))


def _fit_summary(profile: UserProfile, *, budget_tokens: int, model: str) -> Section | None:
    """Return the summary, shortened at its end if it alone exceeds the budget: its beginning has the essentials."""
    text = profile.memory_summary or ""
    while text:
        rendered = render_prompt("summary", language=profile.language, summary=text)
        excess = _cost(rendered, model) - budget_tokens
        if excess <= 0:
            return Section(SectionKind.SUMMARY, rendered)
        kept_chars = min(len(text) - 2, int(len(text) * budget_tokens / (budget_tokens + excess)))
        text = text[:kept_chars].rstrip() + SHORTENED_MARK if kept_chars > 0 else ""
    return None


def _fit_events(events: Sequence[MemoryEvent], *, budget_tokens: int, model: str) -> list[Turn]:
    """Return the newest events that fit, oldest first."""
    turns: list[Turn] = []
    for event in reversed(events):
        budget_tokens -= _cost(event.content, model)
        if budget_tokens < 0:
            break
        turns.append(Turn(LLM_ROLES[MemoryRole(event.role)], event.content))
    if turns and turns[-1].role is Role.ASSISTANT:
        turns.pop()  # an answer whose question did not fit; many chat templates refuse to begin with one
    return turns[::-1]
