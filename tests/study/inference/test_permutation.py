from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from histo.errors import InvalidArgument
from histo.study.inference import (
    adjust,
    hedges_g,
    hedges_interval,
    permutation_test,
    smallest_reachable_p,
    welch_interval,
    westfall_young,
)
from histo.study.inference.relabeling import relabelings

CONTROL = [101.2, 96.4, 88.1, 105.9, 93.7]
TREATED = [118.3, 109.5, 126.0, 99.8, 131.4]


def test_five_and_five_animals_have_252_relabelings_and_the_smallest_p_is_two_of_them_or_half_that() -> None:
    outcome = permutation_test([1, 2, 3, 4, 5], [11, 12, 13, 14, 15])
    assert outcome.n_relabelings == 252
    assert outcome.is_exact
    assert float(outcome.p_plain) == 2 / 252
    assert float(outcome.p_value) == 1 / 252 == smallest_reachable_p(5, 5)


def test_p_is_counted_by_hand_for_two_and_two_animals() -> None:
    # Of the 6 ways to split 1, 2, 4, 8 into pairs, |difference of means| is 4.5, 1.5, 2.5 and the same mirrored.
    assert float(permutation_test([1, 2], [4, 8]).p_value) == pytest.approx(2 / 6)
    assert float(permutation_test([1, 4], [2, 8]).p_value) == pytest.approx(4 / 6)


def test_mid_p_is_counted_by_hand_for_four_and_four_animals() -> None:
    # The 70 splits come in 35 mirrored pairs. Whole separation is the most extreme pair, and half of it counts;
    # 4 and 5 swapped is the next one: two relabelings above it, half of its own two.
    outcome = permutation_test([1, 2, 3, 4], [5, 6, 7, 8])
    assert float(outcome.p_value) == pytest.approx(1 / 70)
    once_swapped = permutation_test([1, 2, 3, 5], [4, 6, 7, 8])
    assert float(once_swapped.p_plain) == pytest.approx(4 / 70)
    assert float(once_swapped.p_value) == pytest.approx(3 / 70)


@pytest.mark.parametrize(("n", "m", "is_mid"), [(3, 3, False), (2, 6, False), (3, 4, True), (4, 4, True)])
def test_mid_p_needs_relabelings_enough(n: int, m: int, is_mid: bool) -> None:
    outcome = permutation_test(np.arange(n), np.arange(m) + 20)
    assert outcome.is_mid_p == is_mid
    assert (float(outcome.p_value) < float(outcome.p_plain)) == is_mid
    assert float(outcome.p_value) == pytest.approx(smallest_reachable_p(n, m))


def test_p_agrees_with_scipys_permutation_test_of_the_plain_difference_for_equal_numbers() -> None:
    def difference(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return a.mean(axis=axis) - b.mean(axis=axis)

    theirs = stats.permutation_test((CONTROL, TREATED), difference, n_resamples=np.inf)
    ours = permutation_test(CONTROL, TREATED)
    assert float(ours.p_plain) == pytest.approx(float(theirs.pvalue), abs=1e-12)


def test_p_agrees_with_scipys_permutation_of_welchs_t_for_unequal_numbers() -> None:
    theirs = stats.permutation_test(
        (CONTROL, TREATED[:3]),
        lambda a, b, axis: stats.ttest_ind(a, b, axis=axis, equal_var=False).statistic,
        n_resamples=np.inf,
        vectorized=True,
    )
    assert float(permutation_test(CONTROL, TREATED[:3]).p_plain) == pytest.approx(float(theirs.pvalue), abs=1e-12)


def test_many_animals_are_drawn_with_a_seed_and_close_to_welchs_t() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 1, 14), rng.normal(0.7, 1, 14)
    outcome = permutation_test(a, b, seed=5)
    assert not outcome.is_exact
    assert outcome.n_relabelings == 20_000
    assert float(outcome.p_value) == float(permutation_test(a, b, seed=5).p_value)
    assert float(outcome.p_value) == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue, abs=0.01)


def test_a_drawn_p_is_never_zero() -> None:
    outcome = permutation_test(np.arange(12.0), np.arange(1000.0, 1012.0), max_relabelings=1000)
    assert float(outcome.p_value) >= 1 / 1001
    assert float(outcome.p_plain) >= 2 / 1001


def test_animals_that_are_all_alike_give_p_one() -> None:
    assert float(permutation_test([5.0] * 5, [5.0] * 5).p_value) == 1.0


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(-500, 500), min_size=3, max_size=5),
    st.lists(st.integers(-500, 500), min_size=3, max_size=5),
    st.sampled_from([0.001, 1.0, 250.0]),
    st.integers(-1000, 1000),
)
def test_p_does_not_change_with_unit_origin_or_the_order_of_the_groups(
    a: list[int], b: list[int], unit: float, origin: int
) -> None:
    p = float(permutation_test(a, b).p_value)
    assert 0 < p <= 1
    assert float(permutation_test(b, a).p_value) == pytest.approx(p)
    moved = [[value * unit + origin * unit for value in group] for group in (a, b)]
    assert float(permutation_test(*moved).p_value) == pytest.approx(p)


@pytest.mark.parametrize(
    ("a", "b", "part"),
    [([1.0], [2.0, 3.0], "two animals in each group"), ([1.0, np.nan], [2.0, 3.0], "without a value")],
)
def test_what_cannot_be_permuted_is_refused(a: list[float], b: list[float], part: str) -> None:
    with pytest.raises(InvalidArgument, match=part):
        permutation_test(a, b)


def test_hedges_g_is_the_difference_over_the_pooled_sd_times_gammas() -> None:
    # Means differ by 2, both variances are 2.5; the correction for 8 degrees of freedom is 0.9027.
    assert hedges_g([1, 2, 3, 4, 5], [3, 4, 5, 6, 7]) == pytest.approx(2 / np.sqrt(2.5) * 0.902703, abs=1e-5)


def test_hedges_g_agrees_with_statsmodels_but_for_its_approximate_correction() -> None:
    from statsmodels.stats.meta_analysis import effectsize_smd

    a, b = np.array(CONTROL), np.array(TREATED)
    theirs, _ = effectsize_smd(b.mean(), b.std(ddof=1), 5, a.mean(), a.std(ddof=1), 5)
    assert hedges_g(CONTROL, TREATED) == pytest.approx(float(theirs), rel=0.001)


def test_welchs_interval_agrees_with_statsmodels() -> None:
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    theirs = CompareMeans(DescrStatsW(TREATED), DescrStatsW(CONTROL[:4])).tconfint_diff(usevar="unequal")
    assert welch_interval(CONTROL[:4], TREATED) == pytest.approx(theirs, abs=1e-9)


def test_one_animal_has_neither_effect_size_nor_interval() -> None:
    assert np.isnan(hedges_g([1.0], [2.0, 3.0]))
    assert np.isnan(welch_interval([1.0], [2.0, 3.0])).all()


def test_adjusting_keeps_the_smallest_p_where_holm_would_lose_it() -> None:
    rng = np.random.default_rng(0)
    null = rng.normal(size=(9, 5)), rng.normal(size=(9, 5))
    a = np.vstack([[1, 2, 3, 4, 5], null[0]])
    b = np.vstack([[41, 42, 43, 44, 45], null[1]])
    adjusted = westfall_young(a, b)
    assert adjusted[0] == pytest.approx(1 / 252)
    assert adjust(np.full(14, 1 / 252)).min() > 0.05
    assert (adjusted[1:] > 0.05).all()


def test_adjusted_p_agrees_with_the_step_down_procedure_written_out() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(3, 4)), rng.normal(1.0, 1, size=(3, 5))
    pooled = np.hstack([a, b])

    def welch(of_reference: tuple[int, ...]) -> np.ndarray:
        others = [column for column in range(9) if column not in of_reference]
        return np.abs(
            stats.ttest_ind(pooled[:, list(of_reference)], pooled[:, others], axis=1, equal_var=False).statistic
        )

    observed = welch((0, 1, 2, 3))
    null = np.array([welch(labels) for labels in combinations(range(9), 4)])
    order = sorted(range(3), key=lambda endpoint: -observed[endpoint])
    expected, so_far = {}, 0.0
    for rank, endpoint in enumerate(order):
        largest = null[:, order[rank:]].max(axis=1)
        is_equal = np.abs(largest - observed[endpoint]) < 1e-9
        so_far = max(so_far, float((largest > observed[endpoint] + 1e-9).mean() + is_equal.mean() / 2))
        expected[endpoint] = so_far
    adjusted = westfall_young(a, b)
    assert adjusted == pytest.approx([expected[endpoint] for endpoint in range(3)], abs=1e-12)


def test_endpoints_that_say_the_same_are_not_paid_for_twice() -> None:
    a, b = np.tile(CONTROL, (6, 1)), np.tile(TREATED, (6, 1))
    single = float(permutation_test(CONTROL, TREATED).p_value)
    assert westfall_young(a, b) == pytest.approx(np.full(6, single))


def test_an_animal_without_one_endpoint_keeps_its_others() -> None:
    a, b = np.array([CONTROL, CONTROL], dtype=float), np.array([TREATED, TREATED], dtype=float)
    b[1, 0] = np.nan
    adjusted = westfall_young(a, b)
    assert np.isfinite(adjusted).all()
    assert (adjusted > 0).all()


def test_many_studies_are_adjusted_at_once_as_one_by_one() -> None:
    rng = np.random.default_rng(8)
    a, b = rng.normal(size=(3, 4, 5)), rng.normal(0.8, 1, size=(3, 4, 5))
    assert westfall_young(a, b) == pytest.approx(np.array([westfall_young(*study) for study in zip(a, b, strict=True)]))


@pytest.mark.parametrize(("method", "theirs"), [("holm", "holm"), ("bh", "fdr_bh")])
def test_adjusting_agrees_with_statsmodels(method: str, theirs: str) -> None:
    p_values = np.random.default_rng(6).uniform(size=12) ** 3
    assert adjust(p_values, method) == pytest.approx(multipletests(p_values, method=theirs)[1])  # type: ignore[arg-type]


def test_holm_and_benjamini_hochberg_are_counted_by_hand() -> None:
    p_values = [0.01, 0.04, np.nan, 0.03, 0.005]
    assert adjust(p_values).tolist() == pytest.approx([0.03, 0.06, np.nan, 0.06, 0.02], nan_ok=True)
    assert adjust(p_values, "bh").tolist() == pytest.approx([0.02, 0.04, np.nan, 0.04, 0.02], nan_ok=True)
    assert np.isnan(adjust([np.nan, np.nan])).all()


@pytest.mark.parametrize(("p_values", "method", "part"), [([0.5], "sidak", "holm or bh"), ([1.2], "holm", "0 and 1")])
def test_what_cannot_be_adjusted_is_refused(p_values: list[float], method: str, part: str) -> None:
    with pytest.raises(InvalidArgument, match=part):
        adjust(p_values, method)  # type: ignore[arg-type]


def test_the_interval_of_hedges_g_is_pivotal() -> None:
    # At its ends the noncentral t distribution has the observed t at its 2.5 and 97.5 % points.
    g = hedges_g(CONTROL, TREATED)
    low, high = hedges_interval(g, 8, 2.5)
    t = stats.ttest_ind(TREATED, CONTROL).statistic
    to_shift = np.sqrt(2.5)
    assert stats.nct.cdf(t, 8, low * to_shift) == pytest.approx(0.975, abs=1e-6)
    assert stats.nct.cdf(t, 8, high * to_shift) == pytest.approx(0.025, abs=1e-6)


@pytest.mark.parametrize(("n", "effect"), [(3, 0.0), (5, 1.5)])
def test_the_interval_of_hedges_g_holds_the_true_effect(n: int, effect: float) -> None:
    rng = np.random.default_rng(17)
    n_holding = 0
    for _ in range(150):
        low, high = hedges_interval(hedges_g(rng.normal(size=n), rng.normal(effect, 1, n)), 2 * n - 2, n / 2)
        n_holding += low <= effect <= high
    # 150 draws scatter by 1.8 %.
    assert n_holding / 150 >= 0.895


@pytest.mark.parametrize("g", [0.0, 40.0, -40.0, 1e4])
def test_the_interval_of_hedges_g_exists_however_large_it_is(g: float) -> None:
    low, high = hedges_interval(g, 2, 1.0)
    assert low < g < high


def test_relabelings_are_each_there_once_and_the_observed_one_first() -> None:
    labels = [0, 1, 0, 1, 1, 2, 2, 0]
    found = relabelings(labels)
    assert found.is_exact
    assert len(np.unique(found.labels, axis=0)) == len(found.labels) == found.n_all == 560
    assert found.labels[0].tolist() == labels
    assert (np.sort(found.labels, axis=1) == sorted(labels)).all()


def test_strata_keep_their_labels() -> None:
    strata = np.array([0, 0, 0, 1, 1, 1, 1])
    found = relabelings([0, 1, 1, 0, 0, 1, 2], strata.tolist())
    assert found.n_all == len(found.labels) == 3 * 12
    assert (np.sort(found.labels[:, strata == 0], axis=1) == [0, 1, 1]).all()
    assert (np.sort(found.labels[:, strata == 1], axis=1) == [0, 0, 1, 2]).all()


def test_too_many_relabelings_are_drawn_and_the_observed_one_is_added() -> None:
    found = relabelings([0] * 12 + [1] * 12, max_relabelings=500, seed=2)
    assert not found.is_exact
    assert found.labels.shape == (501, 24)
    assert (found.labels.sum(axis=1) == 12).all()
    assert (found.labels == relabelings([0] * 12 + [1] * 12, max_relabelings=500, seed=2).labels).all()
