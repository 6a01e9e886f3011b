"""A day of any length with what is known of it, and how much of its parts a digest has kept. No stack, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from digests.benchmark.scoring import ExpectedFact, holds_fact
from digests.dataset.generator import CHANNELS, SyntheticDay, generate_day
from digests.domain.citations import read_statements
from digests.domain.day import Post, Statement
from digests.domain.prompts import (
    MERGE_TEMPLATE,
    POST_TEMPLATE,
    build_digest_prompt,
    post_turn,
    split_turns,
)
from llm.offline.digest import digest_posts
from llm.tokens import estimate_tokens

PROMPT_TOKENS = 6_000  # what PROMPT_BUDGET_TOKENS is unless set
FIRST_DAY = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Size:
    """So many posts, each made of so many of the generator's."""

    posts: int
    stories: int = 1

    def __str__(self) -> str:
        return f"{self.posts:,}" if self.stories == 1 else f"{self.posts:,} long"


@dataclass(frozen=True, slots=True)
class LongDay:
    """Posts are numbered from 1, in the facts as well."""

    texts: tuple[str, ...]
    facts: tuple[ExpectedFact, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of the parts' answers in a digest.

    `told` facts are in the answer of some part, `kept` ones in the digest too. `spoken_of` parts have a statement in
    the digest, of as many as `could_be`: a digest of eight statements cannot speak of ten parts. `late` statements are
    drawn from the later half of the posts.
    """

    statements: int
    linked: int
    late: int
    told: int
    kept: int
    parts: int
    spoken_of: int
    could_be: int


def build_day(size: Size, seed: int) -> LongDay:
    """Return a day of posts that tell different stories: of all channels, of as many days as that takes."""
    wanted = size.posts * size.stories
    texts: list[str] = []
    facts: list[ExpectedFact] = []
    day = FIRST_DAY
    while len(texts) < wanted:
        for profile in CHANNELS:
            made_up = generate_day(profile, day, seed=seed)
            facts += _place_facts(made_up, first=len(texts), stories=size.stories)
            texts += [post.text for post in made_up.posts]
        day += timedelta(days=1)
    starts = range(0, wanted, size.stories)
    joined = tuple("\n\n".join(texts[start : start + size.stories]) for start in starts)
    return LongDay(joined, tuple(fact for fact in facts if max(fact.post_ids) <= size.posts))


def judge(day: LongDay, posts: Sequence[Post], statements: Sequence[Statement], *, parts: int) -> Left:
    """Compare a digest with what its parts said, asked again of the same rules.

    Raises `ValueError` if the day was divided otherwise than it is here.
    """
    originals = [post for post in posts if not post.is_ad and post.repeats is None]
    answers = [_digest_part(part) for part in _split(originals)]
    if len(answers) != parts:
        raise ValueError(f"{len(answers)} parts here, {parts} there")
    cited = {number for statement in statements for number in statement.post_ids}
    told = [fact for fact in day.facts if any(holds_fact(one, fact) for answer in answers for one in answer)]
    known = {post.message_id for post in posts}
    return Left(
        statements=len(statements),
        linked=sum(known.issuperset(statement.post_ids) for statement in statements),
        late=sum(max(statement.post_ids) > posts[len(posts) // 2].message_id for statement in statements),
        told=len(told),
        kept=sum(any(holds_fact(statement, fact) for statement in statements) for fact in told),
        parts=parts,
        spoken_of=sum(any(cited & set(one.post_ids) for one in answer) for answer in answers),
        could_be=min(parts, len(statements)),
    )


def _place_facts(made_up: SyntheticDay, *, first: int, stories: int) -> Iterator[ExpectedFact]:
    """Yield a made-up day's facts with the numbers that its posts have where `first` posts stand before them."""
    numbers = {post.message_id: (first + at) // stories + 1 for at, post in enumerate(made_up.posts)}
    for fact in made_up.facts:
        yield ExpectedFact(fact.statement, tuple(sorted({numbers[number] for number in fact.post_ids})))


def _split(posts: Sequence[Post]) -> Iterator[list[tuple[int, Post]]]:
    """Divide posts, numbered as a model is told them, as `drafting` does."""
    numbered = list(enumerate(posts, start=1))
    turns = (post_turn(*pair, zone=ZoneInfo("UTC")) for pair in numbered)
    for part in split_turns(turns, budget_tokens=PROMPT_TOKENS - _count_instruction()):
        yield numbered[: len(part)]
        numbered = numbered[len(part) :]


def _digest_part(pairs: Sequence[tuple[int, Post]]) -> tuple[Statement, ...]:
    turns = [post_turn(*pair, zone=ZoneInfo("UTC")) for pair in pairs]
    return read_statements(
        digest_posts(turns), {number: (post.message_id,) for number, post in pairs}
    ).statements


def _count_instruction() -> int:
    prompts = [build_digest_prompt((), template=template) for template in (POST_TEMPLATE, MERGE_TEMPLATE)]
    return max(estimate_tokens(section.text) for prompt in prompts for section in prompt.sections)
