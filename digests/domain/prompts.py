"""What a model is asked about a day: posts, or statements of its parts, numbered, within its budget of tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from digests.domain.citations import BRACKETS, STATEMENT_MAX_CHARS
from digests.domain.day import Post, Statement
from llm.extractive import fit_text
from llm.prompt import Prompt, Purpose, Role, Section, SectionKind, Turn
from llm.route import Route
from llm.tokens import estimate_tokens
from personalization.domain.budget import find_budget
from personalization.domain.templates import one_line, render_prompt

DIGEST_LANGUAGE = "ru"
MOST_STATEMENTS = 12
ANSWER_TOKENS = 2_500  # twelve statements of 200 characters, and as much again
TURN_TOKENS = 12  # what the transcript puts around a turn
POST_TEMPLATE, MERGE_TEMPLATE = "digest", "digest_merge"
RENDERING = "[{number}] {time} {text}"  # part of the prompt's hash
MERGE_RENDERING = "[{number}] {text}"
CLIP_SHARE = 3  # of a post, what stays of one that a model found too long


def post_turn(number: int, post: Post, *, zone: ZoneInfo, is_clipped: bool = False) -> Turn:
    """Render a post as data. `is_clipped` leaves its beginning, where news has its news.

    Its own square brackets become round ones: a «[2]» that somebody posted is no citation of another post.
    """
    text = one_line(post.text)
    if is_clipped:
        text = fit_text(text, len(text) // CLIP_SHARE)
    if post.forwarded_from:
        text = f"(репост: {one_line(post.forwarded_from)}) {text}"
    local = post.posted_at.astimezone(zone)
    text = text.translate(BRACKETS)
    return Turn(Role.USER, RENDERING.format(number=number, time=f"{local:%H:%M}", text=text))


def statement_turn(number: int, statement: Statement) -> Turn:
    return Turn(Role.USER, MERGE_RENDERING.format(number=number, text=statement.text))


def build_digest_prompt(turns: Sequence[Turn], *, template: str) -> Prompt:
    """Ask for a digest of posts, or of statements, by the template."""
    section = Section(SectionKind.INSTRUCTION, _instruct(template))
    return Prompt((section,), tuple(turns), purpose=Purpose.DIGEST, language=DIGEST_LANGUAGE)


def find_part_budget(route: Route) -> int:
    """Return the tokens that the turns of one question may have, so that whoever of the route answers can take it."""
    instruction = max(estimate_tokens(_instruct(template)) for template in (POST_TEMPLATE, MERGE_TEMPLATE))
    return max(1, min(map(find_budget, route.candidates)) - instruction)


def split_turns(turns: Iterable[Turn], *, budget_tokens: int) -> list[list[Turn]]:
    """Divide turns into parts of at most so many tokens, at least one turn each."""
    parts: list[list[Turn]] = []
    left = 0
    for turn in turns:
        tokens = estimate_tokens(turn.content) + TURN_TOKENS
        if not parts or tokens > left:
            parts.append([])
            left = budget_tokens
        parts[-1].append(turn)
        left -= tokens
    return parts


def hash_prompts() -> str:
    """Return the SHA-256 of everything about the prompts that is not the posts'."""
    told = (_instruct(POST_TEMPLATE), RENDERING, _instruct(MERGE_TEMPLATE), MERGE_RENDERING)
    return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


def _instruct(template: str) -> str:
    return render_prompt(
        template,
        language=DIGEST_LANGUAGE,
        most_statements=MOST_STATEMENTS,
        statement_chars=STATEMENT_MAX_CHARS // 2,
    )
