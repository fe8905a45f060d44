from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

from histo.errors import InvalidArgument
from histo.study.inference import compare_several, trend

THREE = {
    "control": [85.1, 98.2, 89.8, 94.4],
    "day 7": [98.6, 106.4, 103.2, 90.9],
    "day 14": [103.3, 96.8, 117.3, 113.4],
}


def test_the_statistic_is_welchs_f() -> None:
    theirs = anova_oneway(list(map(np.array, THREE.values())), use_var="unequal", welch_correction=True)
    assert compare_several(THREE).statistic == pytest.approx(theirs.statistic)


def test_all_relabelings_of_three_small_groups_are_counted() -> None:
    groups = {"a": [1.0, 2.0, 4.0], "b": [3.0, 7.0, 9.0], "c": [8.0, 5.0, 12.0]}
    found = compare_several(groups)

    def welch_f(values: np.ndarray) -> float:
        return float(anova_oneway(list(values.reshape(3, 3)), use_var="unequal", welch_correction=True).statistic)

    pooled = np.concatenate(list(groups.values()))
    splits = {
        tuple(tuple(sorted(pooled[list(order[start : start + 3])])) for start in (0, 3, 6))
        for order in permutations(range(9))
        if order[0] < order[1] < order[2] and order[3] < order[4] < order[5] and order[6] < order[7] < order[8]
    }
    assert len(splits) == 1680
    null = np.array([welch_f(np.array(split).ravel()) for split in list(splits)])
    observed = welch_f(pooled)
    assert found.p_plain == pytest.approx((null >= observed - 1e-9).mean())
    assert "exact permutation of animals" in found.test


def test_two_groups_give_the_p_value_of_two_groups() -> None:
    found = compare_several({"a": THREE["control"], "b": THREE["day 14"]})
    theirs = stats.permutation_test(
        (THREE["control"], THREE["day 14"]), lambda a, b: np.mean(b) - np.mean(a), n_resamples=np.inf
    )
    assert found.p_plain == pytest.approx(theirs.pvalue)


def test_groups_far_apart_have_the_smallest_p_and_alike_ones_p_one() -> None:
    far = compare_several({"a": [1, 2, 3], "b": [101, 102, 103], "c": [201, 202, 203]})
    # Six of 1,680 relabelings only name the groups otherwise, and they count half.
    assert far.p == pytest.approx(3 / 1680)
    assert compare_several({"a": [5.0] * 4, "b": [5.0] * 4}).p == 1.0


def test_names_and_order_of_groups_change_nothing() -> None:
    turned = dict(reversed(list(THREE.items())))
    assert compare_several(turned).p == pytest.approx(compare_several(THREE).p, abs=0.005)  # drawn relabelings
    assert compare_several(turned).statistic == pytest.approx(compare_several(THREE).statistic)


def test_strata_keep_a_batch_out_of_the_comparison() -> None:
    batch = {name: ["x", "x", "y", "y"] for name in THREE}
    moved = {name: np.add(values, [0, 0, 80, 80]) for name, values in THREE.items()}
    assert compare_several(moved, strata=batch).p == pytest.approx(compare_several(THREE, strata=batch).p)
    assert compare_several(moved, strata=batch).p < compare_several(moved).p


@pytest.mark.parametrize("values", [{"a": [1.0, 2.0]}, {}])
def test_one_group_cannot_be_compared(values: dict[str, list[float]]) -> None:
    with pytest.raises(InvalidArgument, match="two groups or more"):
        compare_several(values)


def test_a_group_of_one_animal_leaves_no_test() -> None:
    found = compare_several({"a": [1.0, 2.0], "b": [3.0, np.nan], "c": [2.0, 4.0]})
    assert found.test == "none"
    assert found.n_a == 5


def test_jonckheeres_j_is_kendalls_s_in_other_words() -> None:
    values = list(THREE.values())
    found = trend(values)
    steps = np.repeat([0, 1, 2], 4)
    pooled = np.concatenate(values)
    concordant = sum(np.sign(pooled[j] - pooled[i]) for i in range(12) for j in range(12) if steps[i] < steps[j])
    assert found.statistic == (concordant + 48) / 2
    assert found.effect_size == pytest.approx(stats.somersd(steps, pooled).statistic)


def test_the_p_value_of_a_trend_over_two_groups_is_that_of_mann_and_whitney() -> None:
    a, b = THREE["control"], THREE["day 14"]
    assert trend([a, b]).p_plain == pytest.approx(stats.mannwhitneyu(a, b, method="exact").pvalue)


def test_the_slope_of_two_groups_is_that_of_hodges_and_lehmann() -> None:
    a, b = np.array(THREE["control"]), np.array(THREE["day 14"])
    assert trend([a, b]).estimate == pytest.approx(np.median(b[:, np.newaxis] - a))


def test_the_slope_agrees_with_theil_and_sen() -> None:
    pooled, steps = np.concatenate(list(THREE.values())), np.repeat([0, 1, 2], 4)
    slopes = [
        (pooled[j] - pooled[i]) / (steps[j] - steps[i]) for i in range(12) for j in range(12) if steps[i] < steps[j]
    ]
    assert trend(list(THREE.values())).estimate == pytest.approx(np.median(slopes))
    assert stats.theilslopes(pooled, steps).slope == pytest.approx(np.median(slopes))


values_of_steps = st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=4), min_size=3, max_size=3)


@settings(max_examples=20, deadline=None)
@given(values_of_steps)
def test_the_reversed_order_falls_as_much_as_the_order_rises(values: list[list[int]]) -> None:
    forth, back = trend(values, max_relabelings=40_000), trend(values[::-1], max_relabelings=40_000)
    assert back.estimate == pytest.approx(-forth.estimate)
    assert back.effect_size == pytest.approx(-forth.effect_size)
    assert back.p == pytest.approx(forth.p)


@settings(max_examples=20, deadline=None)
@given(values_of_steps)
def test_a_monotone_scale_changes_no_p_value(values: list[list[int]]) -> None:
    stretched = [[float(np.exp(value / 10)) for value in step] for step in values]
    as_is, changed = trend(values, max_relabelings=2000), trend(stretched, max_relabelings=2000)
    assert (changed.p, changed.statistic) == (as_is.p, as_is.statistic)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.floats(0, 9), min_size=4, max_size=5), min_size=3, max_size=3), st.floats(-5, 5))
def test_adding_a_slope_shifts_slope_and_interval(values: list[list[float]], slope: float) -> None:
    tilted = [[value + slope * step for value in of_step] for step, of_step in enumerate(values)]
    as_is, changed = trend(values, max_relabelings=2000), trend(tilted, max_relabelings=2000)
    assert changed.estimate == pytest.approx(as_is.estimate + slope, abs=1e-9)


def test_the_slopes_interval_leaves_zero_out_where_p_is_small() -> None:
    rng = np.random.default_rng(5)
    for _ in range(25):
        values = [rng.normal(0.8 * step, 1, 4) for step in range(3)]
        found = trend(values, max_relabelings=3000)
        assert (found.ci_low > 0 or found.ci_high < 0) == (found.p <= 0.05)


def test_followed_animals_are_blocks_of_a_trend() -> None:
    followed = [[85.7, 117.8, 101.4, 93.9], [100.7, 118.3, 104.3, 95.7], [96.5, 121.6, 107.6, 96.9]]
    found = trend(followed, blocks=[list("abcd")] * 3)
    # Each animal's three values in one of six orders: three rise throughout, one has one pair falling.
    assert found.statistic == 11
    assert "within blocks" in found.test
    assert found.p < trend(followed).p


@pytest.mark.parametrize("values", [[[1.0, 2.0, 3.0]], []])
def test_one_group_has_no_trend(values: list[list[float]]) -> None:
    with pytest.raises(InvalidArgument, match="two groups"):
        trend(values)


def test_too_few_values_have_no_trend() -> None:
    assert trend([[1.0], [2.0], [np.nan]]).test == "none"
