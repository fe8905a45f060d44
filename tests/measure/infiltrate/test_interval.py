from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from histo.measure.infiltrate.interval import odds_interval, poisson_interval, wilson_interval


@pytest.mark.parametrize(("n_yes", "n_all"), [(0, 10), (3, 10), (10, 10), (41, 907)])
def test_interval_of_a_share_is_that_of_statsmodels(n_yes: int, n_all: int) -> None:
    assert wilson_interval(n_yes, n_all) == pytest.approx(proportion_confint(n_yes, n_all, method="wilson"))


@pytest.mark.parametrize("mean", [0.7, 4.0, 60.0])
def test_interval_of_a_count_holds_the_mean_in_95_of_100_cases_or_more(mean: float) -> None:
    low, high = poisson_interval(np.random.default_rng(1).poisson(mean, 4000))
    assert ((low <= mean) & (mean <= high)).mean() >= 0.94


def test_interval_of_a_ratio_turns_over_with_it() -> None:
    low, high = odds_interval(30, 90)
    assert odds_interval(90, 30) == pytest.approx((1 / high, 1 / low))


def test_nothing_below_the_line_has_no_interval() -> None:
    assert np.isnan(odds_interval(4, 0)).all()
    assert np.isnan(wilson_interval(0, 0)).all()
