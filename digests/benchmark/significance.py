"""Is a difference between two runs more than chance? Sign flips of paired differences, and Holm's correction.

R. A. Fisher, «The Design of Experiments», 1935, section 21 (the test); B. Phipson, G. K. Smyth, «Permutation P-values
Should Never Be Zero», Statistical Applications in Genetics and Molecular Biology 9(1), 2010 (drawn flips); S. Holm,
«A Simple Sequentially Rejective Multiple Test Procedure», Scandinavian Journal of Statistics 6(2), 1979.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from digests.benchmark.statistics import Estimate, Sample, estimate_mean, generator

EXACT_MAX_UNITS = 16  # 65,536 flips; above, as many drawn ones say it to the third digit
DRAWN_FLIPS = 65_536
_CHUNK = 4_096  # flips looked at together
_EPSILON = 1e-12

Floats = NDArray[np.float64]


class Method(StrEnum):
    EXACT = "exact sign flips"
    DRAWN = "drawn sign flips"


@dataclass(frozen=True, slots=True)
class Pair:
    """What two runs score on one sample."""

    first: float
    second: float
    unit: str
    stratum: str = ""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """The second run against the first: the mean difference with its interval, and how likely chance gives as much.

    `p_value` is two-sided, of one metric alone; None without a pair. `wins` counts pairs in which the second is above.
    """

    first: float | None
    second: float | None
    difference: Estimate
    p_value: float | None
    method: Method | None
    wins: int
    losses: int
    ties: int


def compare_pairs(pairs: Sequence[Pair], *, name: str, seed: int) -> PairedTest:
    """Test whether the second run's mean differs from the first's on the samples that both have.

    All pairs of a unit are flipped together, as they are no more independent than the runs of one day.
    """
    changes = [Sample(pair.second - pair.first, pair.unit, pair.stratum) for pair in pairs]
    difference = estimate_mean(changes, name=f"difference {name}", seed=seed)
    sums = _sums_of_units(changes)
    is_exact = len(sums) <= EXACT_MAX_UNITS
    p_value = _exact_p(sums) if is_exact else _drawn_p(sums, generator(seed, f"flips {name}"))
    return PairedTest(
        first=_mean([pair.first for pair in pairs]),
        second=_mean([pair.second for pair in pairs]),
        difference=difference,
        p_value=p_value if pairs else None,
        method=(Method.EXACT if is_exact else Method.DRAWN) if pairs else None,
        wins=sum(change.value > _EPSILON for change in changes),
        losses=sum(change.value < -_EPSILON for change in changes),
        ties=sum(abs(change.value) <= _EPSILON for change in changes),
    )


def correct_by_holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return p-values that hold for all the metrics at once, in the order given; those that are None stay it."""
    known = sorted((p, name) for name, p in p_values.items() if p is not None)
    corrected: dict[str, float | None] = dict.fromkeys(p_values)
    highest = 0.0
    for rank, (p, name) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p))
        corrected[name] = highest
    return corrected


def _sums_of_units(changes: Sequence[Sample]) -> Floats:
    """Return the summed differences of the units in the order of their names; a 0 flips into itself, and is no unit."""
    units: dict[tuple[str, str], list[float]] = defaultdict(list)
    for change in changes:
        units[change.stratum, change.unit].append(change.value)
    sums = [math.fsum(sorted(units[key])) for key in sorted(units)]
    return np.array([value for value in sums if abs(value) > _EPSILON])


def _exact_p(sums: Floats) -> float:
    """Return the share of all ways to sign the differences that are as far from 0; 1 if there is no difference."""
    total = 1 << len(sums)
    found = sum(_count_as_far(signs, sums) for signs in _all_signs(len(sums)))
    return found / total


def _drawn_p(sums: Floats, source: np.random.Generator) -> float:
    """Return the share among drawn signs and the signs observed, which is never 0."""
    found = 0
    for start in range(0, DRAWN_FLIPS, _CHUNK):
        size = (min(_CHUNK, DRAWN_FLIPS - start), len(sums))
        found += _count_as_far(_signs(source.integers(0, 2, size=size)), sums)
    return (found + 1) / (DRAWN_FLIPS + 1)


def _all_signs(units: int) -> Iterator[Floats]:
    for start in range(0, 1 << units, _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, 1 << units))
        yield _signs(numbers[:, None] >> np.arange(units) & 1)


def _signs(bits: NDArray[np.int64]) -> Floats:
    return bits.astype(np.float64) * 2 - 1


def _count_as_far(signs: Floats, sums: Floats) -> int:
    far = abs(float(sums.sum())) - _EPSILON * max(1, len(sums))
    return int(np.count_nonzero(np.abs(signs @ sums) >= far))


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
