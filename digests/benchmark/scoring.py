"""What can be said of a digest without a model: each score from 0 to 1, None where there is nothing to judge by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from digests.benchmark.rouge import score_overlap
from digests.domain.day import DayPosts, Post, Statement
from digests.domain.figures import figures_of, grounds_of
from digests.domain.grounding import find_unsupported, support_share
from digests.domain.language import judge_language
from personalization.domain.stemming import stems_of

MOST_OF_STEMS = 0.6  # of a fact's: a statement in other words keeps its subject and object, seldom its verb
SAME_STORY = 0.6  # Jaccard's index of stems: what two wordings of one message reach, and two messages do not


class Direction(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class ExpectedFact:
    """What a digest of the day ought to say, as a good one would, and the posts that say it."""

    statement: str
    post_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One digest's scores; METRICS says what each means.

    `fact_coverage` and `post_coverage` are two things, and never one mean: where facts are known, both are there.
    """

    faithfulness: float | None
    supported_content: float | None
    fact_coverage: float | None
    post_coverage: float | None
    compression_ratio: float | None
    russian: float | None
    valid_links: float | None
    ad_leakage: float | None
    duplicate_leakage: float | None
    rouge_1: float | None
    rouge_2: float | None
    rouge_l: float | None
    chrf: float | None
    judged_coverage: float | None = None
    judged_faithfulness: float | None = None
    judged_language: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    better: Direction
    meaning: str


METRICS = (
    Metric(
        "faithfulness",
        Direction.HIGHER,
        "statements whose figures, names and titles all stand in cited posts",
    ),
    Metric("supported_content", Direction.HIGHER, "content words of a statement that stand in cited posts"),
    Metric("fact_coverage", Direction.HIGHER, "known facts of the day that a statement holds"),
    Metric("post_coverage", Direction.HIGHER, "posts that are neither ads nor repeats, and are cited"),
    Metric("compression_ratio", Direction.NEITHER, "characters of the digest by characters of the posts"),
    Metric("russian", Direction.HIGHER, "statements in Russian"),
    Metric("valid_links", Direction.HIGHER, "cited posts that exist"),
    Metric("ad_leakage", Direction.LOWER, "statements that cite an ad"),
    Metric("duplicate_leakage", Direction.LOWER, "statements that tell again what one before them told"),
    Metric("rouge_1", Direction.HIGHER, "words shared with the reference digest (ROUGE-1 F1 over stems)"),
    Metric("rouge_2", Direction.HIGHER, "pairs of words shared with it (ROUGE-2 F1 over stems)"),
    Metric("rouge_l", Direction.HIGHER, "longest common subsequence with it (ROUGE-L F1 over stems)"),
    Metric("chrf", Direction.HIGHER, "runs of letters shared with it (chrF)"),
    Metric("judged_coverage", Direction.HIGHER, "what matters of the day, in the reviewing model's opinion"),
    Metric("judged_faithfulness", Direction.HIGHER, "statements true to their posts, in its opinion"),
    Metric("judged_language", Direction.HIGHER, "good Russian, in its opinion"),
)
METRIC_NAMES = tuple(field.name for field in fields(Scores))
JUDGED = frozenset(name for name in METRIC_NAMES if name.startswith("judged_"))


def score_digest(
    statements: Sequence[Statement],
    day: DayPosts,
    *,
    facts: Sequence[ExpectedFact] = (),
    reference: str = "",
) -> Scores:
    """Score a digest of a day, given what is known to be in it.

    A digest without statements covers nothing, and has no faithfulness, links or language to speak of.
    """
    posts = {post.message_id: post for post in day.posts}
    cited = [[posts[number] for number in said.post_ids if number in posts] for said in statements]
    text = "\n".join(statement.text for statement in statements)
    overlap = score_overlap(text, reference) if reference else None
    return Scores(
        faithfulness=_share([_is_faithful(*pair) for pair in zip(statements, cited, strict=True)]),
        supported_content=_support(statements, cited),
        fact_coverage=_share(
            [any(holds_fact(statement, fact) for statement in statements) for fact in facts]
        ),
        post_coverage=_share([_is_cited(post, statements) for post in day.originals]),
        compression_ratio=_ratio(len(text), sum(len(post.text) for post in day.posts)),
        russian=_share([judge_language(statement.text).is_russian for statement in statements]),
        valid_links=_share([number in posts for statement in statements for number in statement.post_ids]),
        ad_leakage=_share([any(post.is_ad for post in group) for group in cited]),
        duplicate_leakage=_share(
            [_is_told_before(statements, posts, at=index) for index in range(len(cited))]
        ),
        rouge_1=overlap.rouge_1 if overlap else None,
        rouge_2=overlap.rouge_2 if overlap else None,
        rouge_l=overlap.rouge_l if overlap else None,
        chrf=overlap.chrf if overlap else None,
    )


def _is_faithful(statement: Statement, cited: Sequence[Post]) -> bool:
    """A statement that cites no post of the day has nothing to be faithful to."""
    return bool(cited) and not find_unsupported(statement, cited)


def _support(statements: Sequence[Statement], cited: Sequence[Sequence[Post]]) -> float | None:
    shares = [support_share(statement, posts) for statement, posts in zip(statements, cited, strict=True)]
    return _mean([share for share in shares if share is not None])


def holds_fact(statement: Statement, fact: ExpectedFact) -> bool:
    """Tell whether a statement cites a post of the fact and has all its figures or, where it has none, most stems."""
    if not set(statement.post_ids) & set(fact.post_ids):
        return False
    if figures := figures_of(fact.statement):
        grounds = grounds_of([statement.text])
        return all(grounds.hold(figure) for figure in figures)
    expected = set(stems_of(fact.statement))
    return len(expected & set(stems_of(statement.text))) >= MOST_OF_STEMS * len(expected)


def _is_cited(post: Post, statements: Sequence[Statement]) -> bool:
    return any(post.message_id in statement.post_ids for statement in statements)


def _is_told_before(statements: Sequence[Statement], posts: dict[int, Post], *, at: int) -> bool:
    """Tell whether a statement repeats one before it: in like words, or by other copies of the same posts."""
    statement = statements[at]
    return any(
        _jaccard(statement.text, earlier.text) >= SAME_STORY or _cites_copies(statement, earlier, posts)
        for earlier in statements[:at]
    )


def _cites_copies(statement: Statement, earlier: Statement, posts: dict[int, Post]) -> bool:
    """Tell whether all that a statement cites are other copies of what the earlier one cites.

    Two statements may well be drawn from the very same post: a long one has more than one thing to say.
    """
    mine, others = set(statement.post_ids), set(earlier.post_ids)
    originals = {_original(number, posts) for number in others}
    return mine.isdisjoint(others) and {_original(number, posts) for number in mine} <= originals


def _original(number: int, posts: dict[int, Post]) -> int:
    """Follow a repeat to the post that it repeats; a post repeats an earlier one, so this ends."""
    post = posts.get(number)
    while post is not None and post.repeats is not None and post.repeats < number:
        number = post.repeats
        post = posts.get(number)
    return number


def _jaccard(one: str, other: str) -> float:
    first, second = set(stems_of(one)), set(stems_of(other))
    union = first | second
    return len(first & second) / len(union) if union else 0.0


def _share(verdicts: Sequence[bool]) -> float | None:
    return _mean([float(verdict) for verdict in verdicts])


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
