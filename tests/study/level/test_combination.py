from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.level.combination import combination_interval


def test_of_one_mean_square_it_is_the_interval_of_chi_square() -> None:
    low, high = combination_interval([2.0], [3.0], [7], level=0.1)
    assert low == pytest.approx(2 * 3 * 7 / stats.chi2.isf(0.05, 7))
    assert high == pytest.approx(2 * 3 * 7 / stats.chi2.ppf(0.05, 7))


def test_turning_all_signs_turns_the_interval_round() -> None:
    low, high = combination_interval([1.0, -0.2, 0.1], [3.0, 2.0, 5.0], [7, 40, 90])
    turned_low, turned_high = combination_interval([-1.0, 0.2, -0.1], [3.0, 2.0, 5.0], [7, 40, 90])
    assert (turned_low, turned_high) == pytest.approx((-high, -low))


@pytest.mark.parametrize(
    ("weights", "expected", "df"),
    [
        ([1.0, -0.125], [1.125, 1.0], [12, 105]),  # three groups of five animals with eight sections, ICC 0.5
        ([1.0, -0.25], [0.475, 0.7], [6, 24]),  # two groups of four with four, ICC 0.3
        ([1.0, -0.125], [0.125, 1.0], [8, 70]),  # no variance between animals
        ([1.0, 0.1, -0.2], [2.0, 1.0, 1.0], [8, 30, 90]),
        ([1.0, 0.5], [2.0, 1.0], [8, 30]),
    ],
)
def test_the_interval_holds_the_truth_at_its_level(weights: list[float], expected: list[float], df: list[int]) -> None:
    rng = np.random.default_rng(3)
    truth = float(np.dot(weights, expected))
    n, n_held = 1500, 0
    for squares in np.asarray(expected) * rng.chisquare(df, (n, len(df))) / df:
        low, high = combination_interval(weights, squares, df)
        n_held += low <= truth <= high
    # 1,500 draws scatter by 0.6 % around 95 %.
    assert 0.93 <= n_held / n <= 0.975


def test_a_mean_square_without_freedom_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="degree of freedom"):
        combination_interval([1.0, -1.0], [2.0, 1.0], [4, 0])
