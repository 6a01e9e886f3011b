"""Prompt assembly: persona → what is known → recent events → the new message, within a token budget.

Over budget the oldest events go first, then the summary is shortened; the persona and the new message never go.
Tokens are estimated; `llm.tokens` states the error.
"""

from __future__ import annotations

from collections.abc import Sequence

from llm.file_blocks import FileBlock, render_blocks
from llm.prompt import MediaKind, Prompt, Role, Section, SectionKind, Turn
from llm.providers.base import Capabilities
from llm.tokens import estimate_tokens
from personalization.domain.attached import NOTHING_ATTACHED, Attached, Seen
from personalization.domain.templates import one_line, render_prompt
from personalization.enums import MemoryRole
from personalization.errors import MessageTooLong
from personalization.models import MemoryEvent, UserProfile

TURN_OVERHEAD_TOKENS = 4  # a chat template's own marks around each message; 3 to 5 in the common ones
SHORTENED_MARK = "…"
QUOTE_MAX_CHARS = 2_000  # enough to know what is meant; most of it is in the conversation anyway
# Of the budget: what is shown of files that came with a message, and of earlier ones that match a question.
ATTACHED_SHARE, FOUND_SHARE = 2, 4
WORDS_ALONE = Capabilities()
LLM_ROLES = {MemoryRole.USER: Role.USER, MemoryRole.ASSISTANT: Role.ASSISTANT}


def assemble_prompt(
    *,
    profile: UserProfile,
    events: Sequence[MemoryEvent],
    message: str,
    quoted: str = "",
    attached: Attached = NOTHING_ATTACHED,
    found: Sequence[FileBlock] = (),
    budget_tokens: int,
    capabilities: Capabilities = WORDS_ALONE,
    model: str = "",
) -> Prompt:
    """Put together the prompt of a reply; `events` are oldest first, `quoted` are the words the message replies to.

    `found` are places in earlier files that match the message; `capabilities` are those of the model that is asked.
    The estimate of the whole is at most `budget_tokens`. Raises `MessageTooLong` when the persona and the message
    alone exceed it.
    """
    persona = Section(SectionKind.PERSONA, _persona_text(profile))
    left = budget_tokens - _cost(persona.text, model)
    new_turn = _build_new_turn(
        _word_question(message, quoted, attached, language=profile.language),
        attached,
        capabilities,
        language=profile.language,
        budget_tokens=left,
        model=model,
    )
    left -= _cost_of_turn(new_turn, model)
    if left < 0:
        raise MessageTooLong
    sections = [persona]
    for section in _list_known_sections(profile, found):
        if (cost := _cost(section.text, model)) <= left:
            sections.append(section)
            left -= cost
    if summary := _fit_summary(profile, budget_tokens=left, model=model):
        sections.append(summary)
        left -= _cost(summary.text, model)
    turns = (*_fit_events(events, budget_tokens=left, model=model), new_turn)
    return Prompt(sections=tuple(sections), turns=turns, language=profile.language)


def assemble_plain_prompt(
    *,
    message: str,
    quoted: str = "",
    attached: Attached = NOTHING_ATTACHED,
    language: str,
    budget_tokens: int,
    capabilities: Capabilities = WORDS_ALONE,
    model: str = "",
) -> Prompt:
    """Put together the prompt of a plain assistant that knows nobody. Raises `MessageTooLong`."""
    persona = Section(SectionKind.PERSONA, render_prompt("plain", language=language))
    left = budget_tokens - _cost(persona.text, model)
    question = _word_question(message, quoted, attached, language=language)
    new_turn = _build_new_turn(
        question, attached, capabilities, language=language, budget_tokens=left, model=model
    )
    if _cost_of_turn(new_turn, model) > left:
        raise MessageTooLong
    return Prompt(sections=(persona,), turns=(new_turn,), language=language)


def estimate_prompt(prompt: Prompt, *, model: str = "") -> int:
    """Estimate the tokens of the whole prompt, the marks around its messages included."""
    sections = sum(_cost(section.text, model) for section in prompt.sections)
    return sections + sum(_cost_of_turn(turn, model) for turn in prompt.turns)


def remember_attached(message: str, attached: Attached, *, language: str) -> str:
    """Return what the memory keeps of a message with files: its words and the files' names."""
    marks = [
        render_prompt("files_mark", language=language, file_name=one_line(name)) for name in attached.names
    ]
    return "\n".join(filter(None, [message, *marks]))


def _word_question(message: str, quoted: str, attached: Attached, *, language: str) -> str:
    """Return what is asked, of files without a word what they are, and what it replies to."""
    if attached.names and not message:
        is_sound = all(file.kind is MediaKind.AUDIO for file in attached.files)
        message = render_prompt("files_spoken" if is_sound else "files_asked", language=language)
    if not quoted:
        return message
    shortened = quoted if len(quoted) <= QUOTE_MAX_CHARS else quoted[:QUOTE_MAX_CHARS] + SHORTENED_MARK
    return render_prompt("quoted", language=language, message=message, quoted=shortened)


def _build_new_turn(
    question: str,
    attached: Attached,
    capabilities: Capabilities,
    *,
    language: str,
    budget_tokens: int,
    model: str,
) -> Turn:
    """Return the question with what the model is shown of the files, as much as the budget has room for."""
    if not attached.files:
        return Turn(Role.USER, question)
    frames = _frame(question, attached.list_frames(), language=language)
    room_tokens = budget_tokens - _cost(frames, model)
    seen = attached.seen_by(capabilities, room_tokens=room_tokens, model=model)
    return Turn(Role.USER, _frame(question, seen, language=language), seen.media)


def _frame(message: str, seen: Seen, *, language: str) -> str:
    """Return a message with the texts of its files, and what there is to say of the others."""
    if any(file.is_transcribed for file in seen.as_they_are):
        message = render_prompt("files_heard", language=language, message=message)
    if seen.unseen:
        names = one_line(", ".join(file.name for file in seen.unseen))
        message = render_prompt("files_unseen", language=language, names=names, message=message)
    if seen.blocks:
        blocks = render_blocks(seen.blocks)
        message = render_prompt("files", language=language, files=blocks, message=message)
    return message


def _list_known_sections(profile: UserProfile, found: Sequence[FileBlock]) -> list[Section]:
    known = [Section(SectionKind.PROFILE, _known_text(profile))]
    if found:
        text = render_prompt("files_found", language=profile.language, files=render_blocks(found))
        known.append(Section(SectionKind.FILES, text))
    return known


def _cost(text: str, model: str) -> int:
    return estimate_tokens(text, model=model) + TURN_OVERHEAD_TOKENS


def _cost_of_turn(turn: Turn, model: str) -> int:
    return _cost(turn.content, model) + sum(media.tokens for media in turn.media)


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
