"""What a run would ask, before anything is asked: questions, and tokens as we estimate them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from digests.benchmark.report import TOKENS_PRICED, Price
from digests.benchmark.scenario import BenchmarkSample
from digests.domain.calendar import read_zone
from digests.domain.prompts import (
    ANSWER_TOKENS,
    MERGE_TEMPLATE,
    POST_TEMPLATE,
    TURN_TOKENS,
    build_digest_prompt,
    find_part_budget,
    post_turn,
    split_turns,
)
from llm.prompt import Prompt
from llm.route import Route
from llm.tokens import estimate_tokens


@dataclass(frozen=True, slots=True)
class Expense:
    """`tokens_out` are the most that may come: answers are seldom as long as they are allowed to be."""

    questions: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def price(self, price: Price) -> float:
        """Return what it costs at most, in the price's currency."""
        return (self.tokens_in * price.tokens_in + self.tokens_out * price.tokens_out) / TOKENS_PRICED


def estimate_expense(samples: Iterable[BenchmarkSample], route: Route) -> Expense:
    """Render the questions of all samples and add them up; retries and reviews are not among them."""
    budget_tokens = find_part_budget(route)
    questions = tokens_in = tokens_out = 0
    for sample in samples:
        parts = _parts(sample, budget_tokens=budget_tokens)
        tokens_in += sum(map(_count, parts))
        asked = len(parts)
        if asked > 1:  # one more merges what they came to
            tokens_in += asked * ANSWER_TOKENS + _count(build_digest_prompt((), template=MERGE_TEMPLATE))
            asked += 1
        questions += asked
        tokens_out += asked * ANSWER_TOKENS
    return Expense(questions, tokens_in, tokens_out)


def _parts(sample: BenchmarkSample, *, budget_tokens: int) -> list[Prompt]:
    zone = read_zone(sample.zone)
    turns = (post_turn(number, post, zone=zone) for number, post in enumerate(sample.seen.originals, start=1))
    parts = split_turns(turns, budget_tokens=budget_tokens)
    return [build_digest_prompt(part, template=POST_TEMPLATE) for part in parts]


def _count(prompt: Prompt) -> int:
    instruction = sum(estimate_tokens(section.text) for section in prompt.sections)
    return instruction + sum(estimate_tokens(turn.content) + TURN_TOKENS for turn in prompt.turns)
