"""Overlap of a digest with a reference digest: ROUGE over Russian stems, and chrF.

C.-Y. Lin, «ROUGE: A Package for Automatic Evaluation of Summaries», Text Summarization Branches Out, ACL 2004;
M. Popović, «chrF: character n-gram F-score for automatic MT evaluation», WMT 2015. Both packages are imported when
first asked: half a second that only the benchmark costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from personalization.domain.stemming import stems_of

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF

PERCENT = 100  # sacrebleu's scores are percentages


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shares from 0 to 1; ROUGE's are F1."""

    rouge_1: float
    rouge_2: float
    rouge_l: float
    chrf: float


def score_overlap(text: str, reference: str) -> Overlap:
    """Return how much of the wording two texts share; texts without a word in common may still share letters."""
    rouge = _rouge().score(reference, text)
    return Overlap(
        rouge_1=rouge["rouge1"].fmeasure,
        rouge_2=rouge["rouge2"].fmeasure,
        rouge_l=rouge["rougeL"].fmeasure,
        chrf=_chrf().sentence_score(text, [reference]).score / PERCENT,
    )


@dataclass(frozen=True, slots=True)
class RussianStems:
    """A tokenizer for ROUGE: stems in their order, without stop words.

    ROUGE's own keeps Latin letters and digits only, so that any two Russian texts score 0.
    """

    def tokenize(self, text: str) -> Sequence[str]:
        return stems_of(text)


@cache
def _rouge() -> Any:
    from rouge_score_rs.rouge_scorer import RougeScorer  # noqa: PLC0415

    untyped: Any = RougeScorer  # the package says it is typed, and is in part
    return untyped(["rouge1", "rouge2", "rougeL"], tokenizer=RussianStems())


@cache
def _chrf() -> CHRF:
    from sacrebleu.metrics.chrf import CHRF  # noqa: PLC0415

    return CHRF()
