from __future__ import annotations

import itertools
import math
import random
from statistics import NormalDist, fmean, stdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digests.benchmark.significance import EXACT_MAX_UNITS, Method, Pair, compare_pairs, correct_by_holm
from digests.benchmark.statistics import (
    Estimate,
    NoInterval,
    Sample,
    estimate_mean,
    estimate_quantile,
    generator,
)

Z = 1.959964


def days(values: list[float], *, channel: str = "news") -> list[Sample]:
    return [Sample(float(value), f"{channel} {number:03}", channel) for number, value in enumerate(values)]


def mean_of(samples: list[Sample], *, resamples: int = 2_000) -> Estimate:
    return estimate_mean(samples, name="faithfulness", seed=7, resamples=resamples)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Estimate(None, None, None, 0, NoInterval.NO_SAMPLES)),
        ([0.5], Estimate(0.5, None, None, 1, NoInterval.ONE_UNIT)),
        ([1.0] * 150, Estimate(1.0, None, None, 150, NoInterval.NO_VARIATION)),
    ],
)
def test_without_variation_there_is_no_interval_and_a_reason(values: list[float], expected: Estimate) -> None:
    assert mean_of(days(values)) == expected


def test_channels_that_differ_only_from_each_other_have_no_interval() -> None:
    samples = [*days([1.0] * 30, channel="a"), *days([0.5] * 30, channel="b")]

    assert mean_of(samples) == Estimate(0.75, None, None, 60, NoInterval.NO_VARIATION)


def test_few_days_of_many_channels_count_the_differences_between_the_channels() -> None:
    samples = [sample for n in range(20) for sample in days([n % 2, n % 2], channel=f"c{n}")]

    estimate = mean_of(samples)

    assert estimate.low is not None
    assert estimate.low < 0.5


def test_digests_of_one_day_are_no_more_than_one_day() -> None:
    values = [float(n % 2) for n in range(40)]
    once = days(values)
    thrice = [*once, *once, *once]

    assert mean_of(thrice) == Estimate(0.5, mean_of(once).low, mean_of(once).high, 120)


def test_the_same_samples_in_another_order_give_the_same_digits_and_other_seeds_others() -> None:
    source = random.Random(1)
    samples = [
        *days([source.random() for _ in range(40)], channel="a"),
        *days([source.random()] * 3, channel="b"),
    ]
    shuffled = random.Random(2).sample(samples, len(samples))

    assert mean_of(shuffled) == mean_of(samples)
    assert estimate_mean(samples, name="faithfulness", seed=8, resamples=2_000) != mean_of(samples)


def test_on_a_symmetric_distribution_the_interval_is_the_normal_one() -> None:
    normal = NormalDist(10, 2)
    values = [normal.inv_cdf((number + 0.5) / 200) for number in range(200)]

    estimate = mean_of(days(values), resamples=40_000)

    half = Z * stdev(values) / math.sqrt(len(values))
    assert estimate.low == pytest.approx(fmean(values) - half, abs=0.05 * half)
    assert estimate.high == pytest.approx(fmean(values) + half, abs=0.05 * half)


def test_on_a_skewed_share_the_interval_holds_the_mean_about_as_often_as_it_says() -> None:
    source = np.random.Generator(np.random.PCG64(11))
    true_mean, trials = 8 / 9, 2_000  # so many that no other draws come to another verdict
    held = 0
    for _ in range(trials):
        channels = [days(source.beta(8, 1, 30).tolist(), channel=name) for name in ("a", "b")]
        estimate = mean_of([*channels[0], *channels[1]], resamples=600)
        held += (estimate.low or 1) <= true_mean <= (estimate.high or 0)

    assert 0.92 <= held / trials <= 0.98


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_an_interval_lies_within_the_samples(values: list[float]) -> None:
    estimate = estimate_mean(days(values), name="x", seed=0, resamples=200)

    ends = [end for end in (estimate.low, estimate.high) if end is not None]
    assert all(min(values) - 1e-9 <= end <= max(values) + 1e-9 for end in ends)
    assert ends == sorted(ends)


def test_a_quantile_has_the_ranks_of_the_tables_and_none_where_there_are_too_few() -> None:
    hundred = [float(n) for n in range(100, 0, -1)]

    assert estimate_quantile(hundred, 0.5) == Estimate(50, 40, 61, 100)
    assert estimate_quantile(hundred, 0.95) == Estimate(95, 90, 100, 100)
    assert estimate_quantile(hundred[:20], 0.95).no_interval is NoInterval.TOO_FEW
    assert estimate_quantile([3.0], 0.5) == Estimate(3.0, None, None, 1, NoInterval.ONE_UNIT)
    assert estimate_quantile([], 0.5).no_interval is NoInterval.NO_SAMPLES


def test_the_interval_of_a_95th_percentile_holds_it_as_often_as_it_says() -> None:
    source = generator(5, "exponential")
    truth = -math.log(0.05)
    estimates = [estimate_quantile(source.exponential(size=150).tolist(), 0.95) for _ in range(2_000)]

    assert sum((e.low or 9) <= truth <= (e.high or 0) for e in estimates) / len(estimates) >= 0.94


def pairs(differences: list[float]) -> list[Pair]:
    return [Pair(0.5, 0.5 + change, f"{number:03}", "news") for number, change in enumerate(differences)]


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1, 2, 3], 2 / 8),
        ([1, -1], 1.0),
        ([0, 0, 0], 1.0),
        ([4], 1.0),
        ([1, 1, 1, 1, 1, -1], 14 / 64),
        ([0, 1, 2, 3], 2 / 8),
    ],
)
def test_a_few_pairs_have_the_p_value_that_is_counted_by_hand(differences: list[float], p: float) -> None:
    result = compare_pairs(pairs(differences), name="x", seed=0)

    assert (result.p_value, result.method) == (p, Method.EXACT)


@settings(max_examples=20)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_exact_p_values_count_all_the_signs(differences: list[int]) -> None:
    observed = abs(sum(differences))
    signs = list(itertools.product((-1, 1), repeat=len(differences)))
    as_far = sum(
        abs(sum(s * d for s, d in zip(sign, differences, strict=True))) >= observed for sign in signs
    )

    assert compare_pairs(pairs(differences), name="x", seed=0).p_value == pytest.approx(as_far / len(signs))


def test_many_pairs_are_flipped_by_lot_and_come_to_the_normal_p_value() -> None:
    changes = np.random.Generator(np.random.PCG64(9)).normal(0.02, 0.1, 120).tolist()

    result = compare_pairs(pairs(changes), name="x", seed=0)

    z = abs(sum(changes)) / math.sqrt(math.fsum(change**2 for change in changes))
    assert result.method is Method.DRAWN
    assert result.p_value == pytest.approx(math.erfc(z / math.sqrt(2)), abs=0.01)
    assert compare_pairs(pairs([1.0] * (EXACT_MAX_UNITS + 14)), name="x", seed=0).p_value == pytest.approx(
        1 / 65_537
    )


def test_without_pairs_nothing_is_claimed_and_wins_are_counted() -> None:
    nothing = compare_pairs([], name="x", seed=0)
    some = compare_pairs(pairs([0.1, 0.2, -0.1, 0]), name="x", seed=0)

    assert (nothing.p_value, nothing.method, nothing.first, nothing.difference.n) == (None, None, None, 0)
    assert (some.wins, some.losses, some.ties) == (2, 1, 1)
    assert some.difference.value == pytest.approx(0.05)


def test_runs_of_one_day_are_flipped_together() -> None:
    repeated = [Pair(0, 1, "day 1"), Pair(0, 1, "day 1"), Pair(0, 1, "day 2")]

    assert compare_pairs(repeated, name="x", seed=0).p_value == 2 / 4


def test_holm_corrects_in_the_order_of_the_p_values_and_leaves_out_what_has_none() -> None:
    assert correct_by_holm({"a": 0.03, "b": 0.01, "c": None, "d": 0.04, "e": 0.9}) == pytest.approx(
        {"a": 0.09, "b": 0.04, "c": None, "d": 0.09, "e": 0.9}
    )
    assert correct_by_holm({}) == {}
