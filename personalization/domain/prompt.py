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
QUOTE_MAX_CHARS = 2_000  # enough to know what is meant; most of it is in the conversation anyway
LLM_ROLES = {MemoryRole.USER: Role.USER, MemoryRole.ASSISTANT: Role.ASSISTANT}


def assemble_prompt(
    *,
    profile: UserProfile,
    events: Sequence[MemoryEvent],
    message: str,
    quoted: str = "",
    budget_tokens: int,
    model: str = "",
) -> Prompt:
    """Put together the prompt of a reply; `events` are oldest first, `quoted` are the words the message replies to.

    The estimate of the whole is at most `budget_tokens`. Raises `MessageTooLong` when the persona and the message
    alone exceed it.
    """
    persona = Section(SectionKind.PERSONA, _persona_text(profile))
    new_turn = _build_new_turn(message, quoted, language=profile.language)
    left = budget_tokens - _cost(persona.text, model) - _cost(new_turn.content, model)
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


def assemble_plain_prompt(*, message: str, quoted: str = "", language: str, budget_tokens: int) -> Prompt:
    """Put together the prompt of a plain assistant that knows nobody. Raises `MessageTooLong`."""
    persona = Section(SectionKind.PERSONA, render_prompt("plain", language=language))
    new_turn = _build_new_turn(message, quoted, language=language)
    if _cost(persona.text, "") + _cost(new_turn.content, "") > budget_tokens:
        raise MessageTooLong
    return Prompt(sections=(persona,), turns=(new_turn,), language=language)


def estimate_prompt(prompt: Prompt, *, model: str = "") -> int:
    """Estimate the tokens of the whole prompt, the marks around its messages included."""
    texts = [section.text for section in prompt.sections] + [turn.content for turn in prompt.turns]
    return sum(_cost(text, model) for text in texts)


def _build_new_turn(message: str, quoted: str, *, language: str) -> Turn:
    if not quoted:
        return Turn(Role.USER, message)
    shortened = quoted if len(quoted) <= QUOTE_MAX_CHARS else quoted[:QUOTE_MAX_CHARS] + SHORTENED_MARK
    return Turn(Role.USER, render_prompt("quoted", language=language, message=message, quoted=shortened))


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
