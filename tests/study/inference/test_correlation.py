from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.inference import rank_correlation

SCORE = [0.0, 0, 1, 2, 3, 4]
DEPTH = [81.0, 86, 84, 93, 90, 101]


def test_the_correlation_is_spearmans_and_p_counts_all_orders() -> None:
    found = rank_correlation(SCORE, DEPTH)
    assert found.estimate == pytest.approx(stats.spearmanr(SCORE, DEPTH).statistic)
    null = np.array([stats.spearmanr(SCORE, order).statistic for order in permutations(DEPTH)])
    # Both tails are doubled: here the upper one is the smaller.
    assert found.p_plain == pytest.approx(2 * (null >= found.estimate - 1e-9).mean())
    assert found.test == "Spearman, exact permutation of animals, mid-p (720 relabelings)"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), min_size=5, max_size=6))
def test_a_monotone_scale_changes_nothing_and_turning_one_turns_the_sign(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, dtype=float).T
    as_is, scaled, turned = (rank_correlation(x, values) for values in (y, np.exp(y / 9), -y))
    assert (scaled.p, scaled.estimate) == pytest.approx((as_is.p, as_is.estimate), nan_ok=True)
    assert (turned.p, turned.estimate) == pytest.approx((as_is.p, -as_is.estimate), nan_ok=True)
    assert rank_correlation(y, x).p == pytest.approx(as_is.p, nan_ok=True)


def test_strata_take_a_common_course_of_time_away() -> None:
    # Score and depth both rise with the day, and have nothing to do with each other on one day.
    day = np.repeat([7, 14, 21], 4)
    score = day / 7 + np.tile([0.1, 0.2, 0.3, 0.4], 3)
    depth = 10.0 * day + np.tile([2.0, 4.0, 1.0, 3.0], 3)
    assert rank_correlation(score, depth).estimate > 0.8
    within = rank_correlation(score, depth, strata=day)
    assert within.estimate == pytest.approx(stats.spearmanr([1, 2, 3, 4], [2, 4, 1, 3]).statistic)
    assert within.p > 0.5


@pytest.mark.parametrize(("n", "rho"), [(10, 0.0), (10, 0.6), (15, 0.8)])
def test_the_interval_holds_the_true_correlation(n: int, rho: float) -> None:
    rng = np.random.default_rng(n)
    true = 6 / np.pi * np.arcsin(rho / 2)
    n_holding = 0
    for _ in range(600):
        x = rng.normal(size=n)
        found = rank_correlation(x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=n), max_relabelings=20)
        n_holding += found.ci_low <= true <= found.ci_high
    # 600 draws scatter by 0.9 %; the approximation itself holds 94 to 97 %.
    assert 0.92 <= n_holding / 600 <= 0.985


def test_animals_that_lack_a_measure_are_left_out() -> None:
    with_gaps = rank_correlation([*SCORE, np.nan, 3.0], [*DEPTH, 100.0, np.nan])
    assert with_gaps == rank_correlation(SCORE, DEPTH)


@pytest.mark.parametrize(
    ("x", "y", "part"), [([1, 2, 3], [3, 1, 2], "four animals"), ([0, 0, 0, 0, 0], [1, 2, 3, 4, 5], "does not vary")]
)
def test_what_cannot_be_correlated_says_so(x: list[float], y: list[float], part: str) -> None:
    found = rank_correlation(x, y)
    assert found.test == "none"
    assert part in found.note


def test_arrays_of_different_animals_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="same animals"):
        rank_correlation([1, 2, 3], [1, 2])
