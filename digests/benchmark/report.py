"""A run of the benchmark as a value: what was run, what its digests score, how long they took.

`scores` follow from the run's conditions alone, `timings` are measured: two runs of one code on one machine have the
same bytes in the first (`scores_checksum`), never in the second.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from digests.benchmark.environment import Environment
from digests.benchmark.scoring import METRIC_NAMES, Scores
from digests.benchmark.statistics import Estimate, Sample, estimate_mean, estimate_quantile

TOKENS_PRICED = 1_000_000  # vendors' prices are per million


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The conditions of a run. `seed` is the dataset's and that of all that is drawn; 0 or more.

    `reviewer` is `<provider>:<model>` of whoever judged the digests, empty if nobody did.
    """

    scenario: str
    seed: int
    provider: str
    model: str
    prompt_hash: str
    generator_version: int
    code_version: str
    reviewer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSample:
    """One digest. `posts_hash` tells two runs whether they read the same posts; `day` is `YYYY-MM-DD`.

    `fault` says why there is no digest, and is empty if there is one; the scores are then those of an empty digest.
    """

    channel: str
    day: str
    posts_hash: str
    scores: Scores
    fault: str = ""

    @property
    def unit(self) -> str:
        return f"{self.channel} {self.day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one sample took, all calls together. Tokens are None where nobody counted them.

    `whole_s` is None if no digest came of it: its tokens are paid all the same.
    """

    whole_s: float | None
    first_token_s: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens."""

    tokens_in: float
    tokens_out: float
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Cost:
    amount: float
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Seconds. Tokens and cost are totals, None unless every digest's are known."""

    started_at: str
    first_token_p50: Estimate
    first_token_p95: Estimate
    whole_p50: Estimate
    whole_p95: Estimate
    tokens_in: int | None
    tokens_out: int | None
    estimated_digests: int
    cost: Cost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`metrics` are of the digests that there are; `metrics_of_all` count what failed as empty digests."""

    run: Run
    metrics: Mapping[str, Estimate]
    metrics_of_all: Mapping[str, Estimate]
    samples: tuple[ScoredSample, ...]
    timings: Timings
    environment: Environment

    @property
    def failures(self) -> dict[str, int]:
        """How many samples have no digest, by why."""
        return dict(sorted(Counter(sample.fault for sample in self.samples if sample.fault).items()))


def build_report(
    run: Run,
    samples: Sequence[ScoredSample],
    measured: Sequence[Measured],
    *,
    started_at: str,
    environment: Environment,
    price: Price | None = None,
) -> Report:
    """Sum up a run. The order of the samples does not matter; `started_at` is ISO 8601."""
    ordered = tuple(sorted(samples, key=lambda sample: (sample.channel, sample.day, sample.posts_hash)))
    written = [sample for sample in ordered if not sample.fault]
    return Report(
        run=run,
        metrics={name: estimate_metric(written, name, seed=run.seed) for name in METRIC_NAMES},
        metrics_of_all={name: estimate_metric(ordered, name, seed=run.seed) for name in METRIC_NAMES},
        samples=ordered,
        timings=sum_up_timings(measured, started_at=started_at, price=price),
        environment=environment,
    )


def estimate_metric(samples: Sequence[ScoredSample], name: str, *, seed: int) -> Estimate:
    """Return the mean of a metric over the samples that have it."""
    scored = [(sample, getattr(sample.scores, name)) for sample in samples]
    values = [Sample(value, sample.unit, sample.channel) for sample, value in scored if value is not None]
    return estimate_mean(values, name=name, seed=seed)


def sum_up_timings(measured: Sequence[Measured], *, started_at: str, price: Price | None) -> Timings:
    first = [one.first_token_s for one in measured if one.first_token_s is not None]
    whole = [one.whole_s for one in measured if one.whole_s is not None]
    tokens_in = _total(measured, lambda one: one.tokens_in)
    tokens_out = _total(measured, lambda one: one.tokens_out)
    return Timings(
        started_at=started_at,
        first_token_p50=estimate_quantile(first, 0.5),
        first_token_p95=estimate_quantile(first, 0.95),
        whole_p50=estimate_quantile(whole, 0.5),
        whole_p95=estimate_quantile(whole, 0.95),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        estimated_digests=sum(one.is_estimated for one in measured),
        cost=_cost(tokens_in, tokens_out, price),
    )


def _total(measured: Sequence[Measured], tokens_of: Callable[[Measured], int | None]) -> int | None:
    counts = [count for one in measured if (count := tokens_of(one)) is not None]
    return sum(counts) if measured and len(counts) == len(measured) else None


def _cost(tokens_in: int | None, tokens_out: int | None, price: Price | None) -> Cost | None:
    if price is None or tokens_in is None or tokens_out is None:
        return None
    paid = (tokens_in * price.tokens_in, tokens_out * price.tokens_out)
    return Cost(math.fsum(paid) / TOKENS_PRICED, price.currency)
