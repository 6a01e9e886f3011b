"""Error bars of means and quantiles over the samples of a benchmark.

The unit is a channel's day: its digests (there may be several, of repeated runs) are drawn together. Days are drawn
within their channel, never across: five channels are too few to speak of channels in general (A. C. Cameron,
J. B. Gelbach, D. L. Miller, «Bootstrap-Based Improvements for Inference with Clustered Errors», Review of Economics and
Statistics 90(3), 2008: a cluster bootstrap over so few rejects too often), so the intervals are about further days of
these very channels. That days of a channel depend on each other beyond its own mean (a story that runs for a week) is
not accounted for; synthetic days are independent by construction.

B. Efron, R. J. Tibshirani, «An Introduction to the Bootstrap», 1993: chapter 14 (BCa). A. C. Davison, D. V. Hinkley,
«Bootstrap Methods and their Application», 1997: section 5.3 (acceleration over several samples).
"""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000  # the ends of a 95 % interval then move in the third digit from seed to seed
CONFIDENCE = 0.95
# A bootstrap within k units sees (k − 1)/k of their variance; smaller channels are thrown together, which also counts
# the differences between them: too wide rather than too narrow.
MIN_UNITS_OF_STRATUM = 8
_CHUNK = 500  # resamples drawn at a time: memory does not grow with their number
_NORMAL = NormalDist()
_EPSILON = 1e-12  # of a sum of shares: less is the rounding of additions

Floats = NDArray[np.float64]


class NoInterval(StrEnum):
    """Why an estimate has no error bars."""

    NO_SAMPLES = "no samples"
    ONE_UNIT = "one sample"
    NO_VARIATION = "no variation"
    TOO_FEW = "too few samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value, of a unit («channel day») of a stratum («channel»)."""

    value: float
    unit: str
    stratum: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval of 95 %, of `n` samples; `value` is None without any, `low` and `high` may be."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    no_interval: NoInterval | None = None


@dataclass(frozen=True, slots=True)
class Stratum:
    """Sums and counts of the units of a stratum: what a resample of units is added up from."""

    sums: Floats
    counts: Floats


def estimate_mean(samples: Sequence[Sample], *, name: str, seed: int, resamples: int = RESAMPLES) -> Estimate:
    """Return the mean with a BCa bootstrap interval, the same for the same `name`, `seed` and samples in any order.

    Samples that are equal (within each stratum) give no interval rather than one of no width: that nothing failed
    among n does not mean that nothing can.
    """
    n = len(samples)
    if not n:
        return Estimate(None, None, None, 0, NoInterval.NO_SAMPLES)
    mean = math.fsum(sample.value for sample in samples) / n
    strata = _strata(samples)
    if sum(len(stratum.sums) for stratum in strata) == 1:
        return Estimate(mean, None, None, n, NoInterval.ONE_UNIT)
    means = _resampled_means(strata, generator(seed, name), resamples)
    if means[-1] - means[0] <= _EPSILON:
        return Estimate(mean, None, None, n, NoInterval.NO_VARIATION)
    low, high = _bca(means, mean, strata)
    return Estimate(mean, low, high, n)


def estimate_quantile(values: Sequence[float], share: float) -> Estimate:
    """Return a quantile by nearest rank, between two order statistics that hold it with 95 % or more.

    Exact for independent values of any distribution (H. A. David, H. N. Nagaraja, «Order Statistics», 3rd ed., 2003,
    section 7.1). Few values have none that is surely above their 95th percentile: then there is no interval.
    """
    n = len(values)
    if not n:
        return Estimate(None, None, None, 0, NoInterval.NO_SAMPLES)
    ordered = sorted(values)
    value = ordered[max(0, math.ceil(share * n) - 1)]
    if n == 1:
        return Estimate(value, None, None, 1, NoInterval.ONE_UNIT)
    ranks = _ranks_around(n, share)
    if ranks is None:
        return Estimate(value, None, None, n, NoInterval.TOO_FEW)
    return Estimate(value, ordered[ranks[0] - 1], ordered[ranks[1] - 1], n)


def generator(seed: int, name: str) -> np.random.Generator:
    """Return a stream of its own for a figure: another figure more or less changes none of the others."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def _strata(samples: Sequence[Sample]) -> list[Stratum]:
    """Add up the units by stratum, in the order of their names; strata of few units become one."""
    units: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        units[sample.stratum][sample.unit].append(sample.value)
    named = {(stratum, unit): sorted(values) for stratum in units for unit, values in units[stratum].items()}
    small = {stratum for stratum in units if len(units[stratum]) < MIN_UNITS_OF_STRATUM}
    groups = [[key for key in sorted(named) if key[0] == stratum] for stratum in sorted(units.keys() - small)]
    pooled = [key for key in sorted(named) if key[0] in small]
    return [_stratum([named[key] for key in group]) for group in [*groups, pooled] if group]


def _stratum(values: Sequence[Sequence[float]]) -> Stratum:
    return Stratum(
        np.array([math.fsum(unit) for unit in values]),
        np.array([len(unit) for unit in values], dtype=np.float64),
    )


def _resampled_means(strata: Sequence[Stratum], source: np.random.Generator, resamples: int) -> Floats:
    """Draw as many units as there are from each stratum, with replacement, and return the means of all, sorted."""
    sums, counts = np.zeros(resamples), np.zeros(resamples)
    for stratum in strata:
        size = len(stratum.sums)
        for start, end in _chunks(resamples):
            drawn = source.integers(0, size, size=(end - start, size))
            sums[start:end] += stratum.sums[drawn].sum(axis=1)
            counts[start:end] += stratum.counts[drawn].sum(axis=1)
    return np.sort(sums / counts)


def _chunks(total: int) -> Iterator[tuple[int, int]]:
    for start in range(0, total, _CHUNK):
        yield start, min(start + _CHUNK, total)


def _bca(means: Floats, mean: float, strata: Sequence[Stratum]) -> tuple[float, float]:
    """Return the bias-corrected and accelerated interval of sorted resampled means (Efron and Tibshirani, 14.3)."""
    below = np.count_nonzero(means < mean - _EPSILON)
    tied = np.count_nonzero(np.abs(means - mean) <= _EPSILON)
    # Half of the ties, as means of few shares have many; kept off 0 and 1, whose normal quantiles are infinite.
    share = min(max((below + tied / 2) / len(means), 1 / len(means)), 1 - 1 / len(means))
    bias, acceleration = _NORMAL.inv_cdf(share), _acceleration(strata)
    tail = (1 - CONFIDENCE) / 2
    low, high = (_corrected(level, bias, acceleration) for level in (tail, 1 - tail))
    return _at(means, low), _at(means, high)


def _corrected(level: float, bias: float, acceleration: float) -> float:
    shifted = bias + _NORMAL.inv_cdf(level)
    return _NORMAL.cdf(bias + shifted / (1 - acceleration * shifted))


def _acceleration(strata: Sequence[Stratum]) -> float:
    """Return a sixth of the skewness of the mean, out of the units' empirical influence on it."""
    count = sum(float(stratum.counts.sum()) for stratum in strata)
    mean = sum(float(stratum.sums.sum()) for stratum in strata) / count
    cubes = squares = 0.0
    for stratum in strata:
        excess = stratum.sums - mean * stratum.counts
        influence = (excess - excess.mean()) / count  # already divided by the units of the stratum
        cubes += float((influence**3).sum())
        squares += float((influence**2).sum())
    return cubes / (6 * squares**1.5) if squares > 0 else 0.0


def _at(ordered: Floats, level: float) -> float:
    """Return the ⌊(B + 1) level⌋-th of B ordered values, the first or the last at the ends."""
    rank = math.floor((len(ordered) + 1) * level)
    return float(ordered[min(max(rank, 1), len(ordered)) - 1])


def _ranks_around(n: int, share: float) -> tuple[int, int] | None:
    """Return ranks (from 1) of which the lower is at most, and the upper at least, the quantile: each with 97.5 %."""
    tail = (1 - CONFIDENCE) / 2
    cumulated, low, high = 0.0, 0, None
    for successes, probability in enumerate(_binomial(n, share)):
        cumulated += probability
        if cumulated <= tail:
            low = successes + 1
        if cumulated >= 1 - tail:
            high = successes + 1
            break
    return (low, high) if low >= 1 and high is not None and high <= n else None


def _binomial(n: int, share: float) -> Iterator[float]:
    """Yield the probabilities of 0, 1, … n successes; by logarithms, as powers of many samples underflow."""
    for k in range(n + 1):
        choices = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        yield math.exp(choices + k * math.log(share) + (n - k) * math.log1p(-share))
