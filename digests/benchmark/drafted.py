"""What became of one sample: what the model said, or why there is nothing, and what it took."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from digests.benchmark.report import Measured, ScoredSample
from digests.benchmark.scenario import BenchmarkSample
from digests.benchmark.scoring import score_digest
from digests.domain.day import Statement
from digests.domain.review_answer import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """`fault` is empty if there is a digest; `is_answered` tells an unfit text from no text at all.

    `verdict` has coverage, faithfulness and language, None without a reviewer's word. `model` is what the vendor calls
    whoever answered.
    """

    channel: str
    day: str
    posts_hash: str
    statements: tuple[Statement, ...] = ()
    fault: str = ""
    is_answered: bool = True
    model: str = ""
    verdict: tuple[float, float, float] | None = None
    measured: Measured

    @property
    def key(self) -> tuple[str, str, str]:
        return self.channel, self.day, self.posts_hash


def summarise_verdict(verdict: Verdict) -> tuple[float, float, float]:
    return verdict.coverage, verdict.faithfulness, verdict.language


def score_sample(drafted: Drafted, sample: BenchmarkSample) -> ScoredSample:
    """Score a digest against what is known of its day; one that there is not counts as an empty one."""
    gold = sample.gold
    scores = score_digest(drafted.statements, gold.day_posts, facts=gold.facts, reference=gold.reference)
    if drafted.verdict is not None:
        coverage, faithfulness, language = drafted.verdict
        scores = replace(
            scores, judged_coverage=coverage, judged_faithfulness=faithfulness, judged_language=language
        )
    return ScoredSample(
        channel=sample.channel,
        day=sample.day,
        posts_hash=sample.posts_hash,
        scores=scores,
        fault=drafted.fault,
    )


def read_drafted(content: dict[str, Any]) -> Drafted:
    """Read what `dataclasses.asdict` made of one, after JSON. Raises `KeyError`, `TypeError` or `ValueError`."""
    statements = tuple(Statement(said["text"], tuple(said["post_ids"])) for said in content["statements"])
    verdict = content["verdict"]
    if verdict is not None:
        coverage, faithfulness, language = map(float, verdict)
        verdict = (coverage, faithfulness, language)
    measured = Measured(**content["measured"])
    return Drafted(**{**content, "statements": statements, "verdict": verdict, "measured": measured})
