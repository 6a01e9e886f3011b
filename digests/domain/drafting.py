"""A digest out of a day's posts: asked of a model in parts that fit, the parts merged, each statement cited.

Nothing here reads or writes a database: the benchmark drafts by the same code as the daily work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tracing
from digests.domain.asking import Answered, ask
from digests.domain.calendar import read_zone
from digests.domain.citations import Reading, read_statements
from digests.domain.day import DayPosts, Post, Statement
from digests.domain.language import is_russian
from digests.domain.prompts import (
    ANSWER_TOKENS,
    MERGE_TEMPLATE,
    MOST_STATEMENTS,
    POST_TEMPLATE,
    build_digest_prompt,
    find_part_budget,
    post_turn,
    split_turns,
    statement_turn,
)
from digests.errors import DigestUnfit
from llm.chain import BuildPrompt, Chain
from llm.extractive import choose_evenly
from llm.prompt import Prompt, Turn
from llm.route import Candidate

MOST_ROUNDS = 4  # of merging; where a question has room for few statements, they never become fewer


@dataclass(frozen=True, slots=True)
class Draft:
    """A digest before it is stored. `dropped` statements cited nothing; `parts` is into how many the day was divided.

    `answers` are those of the model in order; the last one's first token is the digest's.
    """

    statements: tuple[Statement, ...]
    dropped: int
    parts: int
    answers: tuple[Answered, ...]

    @property
    def first_token_s(self) -> float:
        """From the first question to the first token of what became the digest."""
        return sum(answer.duration_s for answer in self.answers[:-1]) + self.answers[-1].first_token_s

    @property
    def latency_s(self) -> float:
        return sum(answer.duration_s for answer in self.answers)

    @property
    def prompt_tokens(self) -> int:
        return sum(answer.prompt_tokens for answer in self.answers)

    @property
    def completion_tokens(self) -> int:
        return sum(answer.completion_tokens for answer in self.answers)


def draft_digest(day_posts: DayPosts, *, zone: str, chain: Chain, trace_id: str = "") -> Draft:
    """Draft the digest of a day that has posts of its own.

    Raises `DigestUnfit` if the model's text cannot serve, `llm.errors.LLMError` if no model answers.
    """
    with tracing.span("draft digest", posts=len(day_posts.posts), expected=(DigestUnfit,)):
        drafter = _Drafter(day_posts, zone=zone, chain=chain, trace_id=trace_id)
        draft = drafter.draft()
        tracing.note(statements=len(draft.statements), dropped=draft.dropped, parts=draft.parts)
    if fault := find_fault(draft.statements):
        raise DigestUnfit(fault)
    return draft


def find_fault(statements: Sequence[Statement]) -> str:
    """Name what makes statements unfit to be a digest (`no_statement`, `language`), empty if nothing does."""
    text = " ".join(statement.text for statement in statements)
    if not text:
        return "no_statement"
    return "" if is_russian(text) else "language"


class _Drafter:
    """One draft under way; `_answers` and `_dropped` are what the calls so far came to."""

    def __init__(self, day_posts: DayPosts, *, zone: str, chain: Chain, trace_id: str) -> None:
        self._posts = day_posts.originals
        self._zone = read_zone(zone)
        self._chain = chain
        self._trace_id = trace_id
        self._answers: list[Answered] = []
        self._dropped = 0

    def draft(self) -> Draft:
        budget_tokens = find_part_budget(self._chain.route)
        numbered = list(enumerate(self._posts, start=1))
        parts = split_turns((self._turn(pair) for pair in numbered), budget_tokens=budget_tokens)
        statements: list[Statement] = []
        for part in parts:
            pairs, numbered = numbered[: len(part)], numbered[len(part) :]
            statements += self._digest_posts(pairs)
        if len(parts) > 1:
            statements = self._merge(statements, budget_tokens=budget_tokens)
        kept = tuple(choose_evenly(statements, MOST_STATEMENTS))  # where merging has left too many
        return Draft(kept, self._dropped, len(parts), tuple(self._answers))

    def _turn(self, pair: tuple[int, Post], *, is_clipped: bool = False) -> Turn:
        return post_turn(*pair, zone=self._zone, is_clipped=is_clipped)

    def _digest_posts(self, pairs: Sequence[tuple[int, Post]]) -> tuple[Statement, ...]:
        whole = [self._turn(pair) for pair in pairs]
        known = {number: (post.message_id,) for number, post in pairs}

        def build_prompt(candidate: Candidate, *, is_shortened: bool) -> Prompt:
            turns = [self._turn(pair, is_clipped=True) for pair in pairs] if is_shortened else whole
            return build_digest_prompt(turns, template=POST_TEMPLATE)

        return self._ask(build_prompt, known)

    def _merge(self, statements: list[Statement], *, budget_tokens: int) -> list[Statement]:
        """Make one digest of the parts', in rounds where their statements do not fit into one question."""
        for _ in range(MOST_ROUNDS):
            numbered = list(enumerate(statements, start=1))
            parts = split_turns((statement_turn(*pair) for pair in numbered), budget_tokens=budget_tokens)
            statements = []
            for part in parts:
                pairs, numbered = numbered[: len(part)], numbered[len(part) :]
                statements += self._merge_part(part, pairs)
            if len(parts) == 1:
                break
        return statements

    def _merge_part(
        self, turns: Sequence[Turn], pairs: Sequence[tuple[int, Statement]]
    ) -> tuple[Statement, ...]:
        known = {number: statement.post_ids for number, statement in pairs}

        def build_prompt(candidate: Candidate, *, is_shortened: bool) -> Prompt:
            kept = turns[: max(1, len(turns) // 2)] if is_shortened else turns
            return build_digest_prompt(kept, template=MERGE_TEMPLATE)

        return self._ask(build_prompt, known)

    def _ask(self, build_prompt: BuildPrompt, known: Mapping[int, tuple[int, ...]]) -> tuple[Statement, ...]:
        answer = ask(self._chain, build_prompt, max_tokens=ANSWER_TOKENS, trace_id=self._trace_id)
        self._answers.append(answer)
        reading: Reading = read_statements(answer.text, known)
        self._dropped += reading.dropped
        return reading.statements[:MOST_STATEMENTS]
