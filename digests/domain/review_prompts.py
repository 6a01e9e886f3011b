"""What a reviewer is asked: the posts of the day, cited ones first in line for room, and the digest's statements."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from digests.domain.calendar import read_zone
from digests.domain.day import DayPosts, Statement
from digests.domain.prompts import DIGEST_LANGUAGE, RENDERING, TURN_TOKENS, post_turn
from digests.domain.review_answer import MOST_REMARKS
from llm.prompt import Prompt, Purpose, Role, Section, SectionKind, Turn
from llm.tokens import estimate_tokens
from personalization.domain.templates import render_prompt

TEMPLATE, AGAIN_TEMPLATE = "review", "review_again"
STATEMENT_RENDERING = "({number}) {text} {cited}"
ANSWER_TOKENS = 1_500


@dataclass(frozen=True, slots=True)
class ReviewPrompt:
    """`unseen` posts had no room."""

    prompt: Prompt
    unseen: int


def build_review_prompt(
    statements: Sequence[Statement], day_posts: DayPosts, *, zone: str, budget_tokens: int, fault: str = ""
) -> ReviewPrompt:
    """Ask for a verdict within a budget; `fault` tells what was wrong with an earlier answer."""
    numbers = {post.message_id: number for number, post in enumerate(day_posts.posts, start=1)}
    told = [
        _statement_turn(number, statement, numbers) for number, statement in enumerate(statements, start=1)
    ]
    instruction = _instruct(fault)
    left = budget_tokens - estimate_tokens(instruction) - sum(_cost(turn) for turn in told)
    seen = _choose_posts(statements, day_posts, zone=zone, budget_tokens=left)
    section = Section(SectionKind.INSTRUCTION, instruction)
    turns = (*(turn for _, turn in sorted(seen.items())), *told)
    prompt = Prompt((section,), turns, purpose=Purpose.REVIEW, language=DIGEST_LANGUAGE)
    return ReviewPrompt(prompt, unseen=len(day_posts.posts) - len(seen))


def hash_review_prompts() -> str:
    """Return the SHA-256 of everything about the prompt that is not the day's."""
    told = (_instruct(""), _instruct("…"), RENDERING, STATEMENT_RENDERING)
    return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


def _choose_posts(
    statements: Sequence[Statement], day_posts: DayPosts, *, zone: str, budget_tokens: int
) -> dict[int, Turn]:
    """Return turns by number: of cited posts first, then of the others, as many as there is room for."""
    cited = {post_id for statement in statements for post_id in statement.post_ids}
    numbered = list(enumerate(day_posts.posts, start=1))
    chosen: dict[int, Turn] = {}
    for number, post in sorted(numbered, key=lambda pair: pair[1].message_id not in cited):
        turn = post_turn(number, post, zone=read_zone(zone))
        budget_tokens -= _cost(turn)
        if budget_tokens < 0:
            break
        chosen[number] = turn
    return chosen


def _statement_turn(number: int, statement: Statement, numbers: dict[int, int]) -> Turn:
    cited = "".join(f"[{numbers.get(post_id, '?')}]" for post_id in statement.post_ids)
    return Turn(Role.USER, STATEMENT_RENDERING.format(number=number, text=statement.text, cited=cited))


def _cost(turn: Turn) -> int:
    return estimate_tokens(turn.content) + TURN_TOKENS


def _instruct(fault: str) -> str:
    asked = render_prompt(TEMPLATE, language=DIGEST_LANGUAGE, most_remarks=MOST_REMARKS)
    again = render_prompt(AGAIN_TEMPLATE, language=DIGEST_LANGUAGE, fault=fault) if fault else ""
    return f"{asked}\n{again}".strip()
