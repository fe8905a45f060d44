from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.inference import compare_two, equivalence, hedges_g, permutation_interval, permutation_test
from histo.study.inference.relabeling import one_sided_p
from histo.study.inference.shuffled import shuffle

CONTROL = [101.2, 96.4, 88.1, 105.9, 93.7]
TREATED = [118.3, 109.5, 126.0, 99.8, 131.4]

groups = st.lists(st.integers(-300, 300), min_size=3, max_size=6)
several_groups = settings(max_examples=30, deadline=None)


def test_a_row_says_what_each_part_says_by_itself() -> None:
    found = compare_two(CONTROL, TREATED)
    outcome = permutation_test(CONTROL, TREATED)
    assert found.estimate == pytest.approx(np.mean(TREATED) - np.mean(CONTROL))
    assert found.effect_size == pytest.approx(hedges_g(CONTROL, TREATED))
    assert found.statistic == pytest.approx(stats.ttest_ind(TREATED, CONTROL, equal_var=False).statistic)
    assert (found.p, found.p_plain) == (float(outcome.p_value), float(outcome.p_plain))
    assert found.test == "exact permutation of animals, mid-p (252 relabelings)"
    assert found.effect_low < found.effect_size < found.effect_high


@several_groups
@given(groups, groups)
def test_swapping_the_groups_turns_every_sign(a: list[int], b: list[int]) -> None:
    forth, back = compare_two(a, b), compare_two(b, a)
    assert back.p == pytest.approx(forth.p)
    for one, other in (("estimate", "estimate"), ("ci_low", "ci_high"), ("effect_low", "effect_high")):
        assert getattr(back, one) == pytest.approx(-getattr(forth, other), abs=1e-6, nan_ok=True)
    assert back.statistic == pytest.approx(-forth.statistic, nan_ok=True)


@several_groups
@given(groups, groups, st.integers(-500, 500))
def test_shifting_one_group_shifts_estimate_and_interval(a: list[int], b: list[int], shift: int) -> None:
    as_is, shifted = compare_two(a, b), compare_two(a, [value + shift for value in b])
    for name in ("estimate", "ci_low", "ci_high"):
        assert getattr(shifted, name) == pytest.approx(getattr(as_is, name) + shift, abs=1e-5, nan_ok=True)


@several_groups
@given(groups, groups, st.randoms(use_true_random=False))
def test_the_order_of_animals_changes_nothing(a: list[int], b: list[int], random: object) -> None:
    as_is = compare_two(a, b)
    random.shuffle(a)  # type: ignore[attr-defined]
    random.shuffle(b)  # type: ignore[attr-defined]
    shuffled = compare_two(a, b)
    assert shuffled.p == as_is.p
    assert shuffled.ci_low == pytest.approx(as_is.ci_low, abs=1e-6, nan_ok=True)


@several_groups
@given(groups, groups)
def test_p_is_a_probability_and_the_plain_one_is_never_smaller(a: list[int], b: list[int]) -> None:
    found = compare_two(a, b)
    assert 0 < found.p <= found.p_plain <= 1


@several_groups
@given(
    st.lists(st.floats(-5, 5), min_size=4, max_size=6, unique=True),
    st.lists(st.floats(-5, 5), min_size=4, max_size=6, unique=True),
)
def test_the_interval_holds_zero_where_p_is_above_the_level(a: list[float], b: list[float]) -> None:
    low, high = permutation_interval(a, b)
    is_far_from_an_end = min(abs(float(low)), abs(float(high))) > 1e-6
    if is_far_from_an_end:
        assert (low < 0 < high) == (float(permutation_test(a, b).p_value) > 0.05)


@several_groups
@given(groups, groups)
def test_a_wider_interval_holds_a_narrower_one(a: list[int], b: list[int]) -> None:
    narrow, wide = (permutation_interval(a, b, level=level) for level in (0.2, 0.05))
    if np.isfinite([*narrow, *wide]).all():
        assert wide[0] <= narrow[0] + 1e-6
        assert narrow[1] <= wide[1] + 1e-6


def test_the_interval_of_equal_groups_lies_on_differences_of_means_of_swapped_animals() -> None:
    # 4 against 4: the ends are the second least and second greatest of all 69 such differences.
    a, b = np.array([3.1, 4.7, 2.2, 5.0]), np.array([6.3, 5.9, 8.8, 4.1])
    differences = [
        b[list(second)].mean() - a[list(first)].mean()
        for size in (1, 2, 3, 4)
        for first in combinations(range(4), size)
        for second in combinations(range(4), size)
    ]
    assert len(differences) == 69
    low, high = permutation_interval(a, b)
    assert (float(low), float(high)) == pytest.approx((sorted(differences)[1], sorted(differences)[-2]))


def test_halving_finds_the_same_ends_as_the_swapped_animals() -> None:
    # 5 against 5 by its closed form; the same animals with one more in the reference, by halving, lie near.
    equal = [float(end) for end in permutation_interval(CONTROL, TREATED)]
    unequal = [float(end) for end in permutation_interval([*CONTROL, float(np.mean(CONTROL))], TREATED)]
    assert unequal == pytest.approx(equal, abs=4.0)
    for end, outside in zip(unequal, (-0.01, 0.01), strict=True):
        moved = [value - end for value in TREATED]
        inside_p, outside_p = (
            float(permutation_test([*CONTROL, float(np.mean(CONTROL))], np.array(moved) - step).p_value)
            for step in (-outside, outside)
        )
        assert outside_p <= 0.05 < inside_p


def test_an_animal_without_a_value_is_left_out() -> None:
    assert compare_two([*CONTROL, np.nan], [np.nan, *TREATED]) == compare_two(CONTROL, TREATED)


def test_three_and_three_animals_have_welchs_interval_and_a_plain_p() -> None:
    found = compare_two(CONTROL[:3], TREATED[:3])
    theirs = stats.ttest_ind(TREATED[:3], CONTROL[:3], equal_var=False).confidence_interval()
    assert (found.ci_low, found.ci_high) == pytest.approx((theirs.low, theirs.high))
    assert found.p == found.p_plain == pytest.approx(0.1)
    assert "Welch" in found.note


def test_two_and_two_animals_have_a_p_value_that_says_little() -> None:
    found = compare_two([1.0, 2.0], [10.0, 12.0])
    assert found.p == pytest.approx(2 / 6)


@pytest.mark.parametrize(("a", "b"), [([1.0], [2.0, 3.0]), ([], [2.0, 3.0]), ([np.nan, 1.0], [2.0, 3.0])])
def test_one_animal_is_no_group(a: list[float], b: list[float]) -> None:
    found = compare_two(a, b)
    assert found.test == "none"
    assert np.isnan(found.p)
    assert "two animals" in found.note


def test_animals_that_are_all_alike_have_no_interval_and_p_one() -> None:
    found = compare_two([0.1 + 0.2] * 5, [0.3] * 5)
    assert found.p == 1.0
    assert np.isnan([found.ci_low, found.effect_size, found.statistic]).all()
    assert "nothing is known of the scatter" in found.note


def test_ties_count_half() -> None:
    # Of the 70 splits of four 0 and four 1, 36 give three or more of the 1 on one side as observed: 1 + 16 each way.
    found = compare_two([0, 0, 0, 1], [0, 1, 1, 1])
    assert found.p == pytest.approx(2 * (1 + 16 / 2) / 70)
    assert found.p_plain == pytest.approx(2 * (1 + 16) / 70)


def test_strata_take_a_batch_off_the_difference() -> None:
    batch = ["b1", "b1", "b2", "b2", "b2"], ["b1", "b1", "b1", "b2", "b2"]
    moved = [
        np.array(values) + [50 if name == "b2" else 0 for name in names]
        for values, names in zip((CONTROL, TREATED), batch, strict=True)
    ]
    found, plain = compare_two(*moved, strata=batch), compare_two(CONTROL, TREATED, strata=batch)
    assert found.estimate == pytest.approx(plain.estimate)
    assert (found.ci_low, found.ci_high) == pytest.approx((plain.ci_low, plain.ci_high))
    assert found.p == plain.p


def test_strata_give_the_coefficient_of_least_squares() -> None:
    batch = [0, 0, 1, 1, 1], [0, 0, 0, 1, 1]
    design = np.column_stack([np.ones(10), np.repeat([0, 1], 5), np.concatenate(batch)])
    values = np.concatenate([CONTROL, TREATED])
    coefficients, residual, *_ = np.linalg.lstsq(design, values)
    found = compare_two(CONTROL, TREATED, strata=batch)
    assert found.estimate == pytest.approx(coefficients[1])
    error = np.sqrt(residual[0] / 7 * np.linalg.inv(design.T @ design)[1, 1])
    assert found.statistic == pytest.approx(coefficients[1] / error)


def test_animals_as_strata_are_a_paired_comparison() -> None:
    names = list("abcde")
    found = compare_two(CONTROL, TREATED, strata=(names, names))
    theirs = stats.ttest_rel(TREATED, CONTROL)
    flips = stats.permutation_test(
        (np.array(TREATED) - np.array(CONTROL),), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert found.statistic == pytest.approx(theirs.statistic)
    assert found.p_plain == pytest.approx(flips.pvalue)


def test_strata_of_one_group_each_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="cannot be told apart"):
        compare_two(CONTROL, TREATED, strata=(["x"] * 5, ["y"] * 5))


def test_equivalence_is_supported_exactly_where_its_interval_lies_within_the_margin() -> None:
    rng = np.random.default_rng(7)
    verdicts = set()
    for _ in range(40):
        found = equivalence(rng.normal(size=5), rng.normal(size=5), margin=1.6)
        is_within = found.ci_low > -1.6 and found.ci_high < 1.6
        assert (found.p <= 0.05) == is_within
        assert found.note.startswith("No difference larger than 1.6 is supported" if is_within else "A difference")
        verdicts.add(is_within)
    assert verdicts == {True, False}


def test_equivalence_of_few_animals_agrees_with_statsmodels() -> None:
    from statsmodels.stats.weightstats import ttost_ind

    found = equivalence(CONTROL[:3], TREATED[:3], margin=60)
    theirs = ttost_ind(np.array(TREATED[:3]), np.array(CONTROL[:3]), -60, 60, usevar="unequal")
    assert found.p == pytest.approx(theirs[0])


def test_equivalence_is_wrongly_supported_in_about_five_per_cent_where_the_difference_is_the_margin() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.exponential(size=(2000, 5)), rng.exponential(size=(2000, 5)) + 8.0
    low, high = permutation_interval(a, b, level=0.1)
    assert 0.035 <= ((low > -8) & (high < 8)).mean() <= 0.065
    shuffled = shuffle(a[0], b[0])
    assert float(one_sided_p(-shuffled.statistic(8.0), is_mid=True)) == pytest.approx(
        equivalence(a[0], b[0], margin=8.0).p
    )


def test_a_larger_margin_is_supported_more_readily() -> None:
    p_values = [equivalence(CONTROL, TREATED, margin=margin).p for margin in (5, 15, 30, 60)]
    assert p_values == sorted(p_values, reverse=True)
    assert p_values[-1] < 0.05 < p_values[0]


@pytest.mark.parametrize("margin", [0.0, -1.0, np.nan, np.inf])
def test_a_margin_is_a_positive_number(margin: float) -> None:
    with pytest.raises(InvalidArgument, match="positive"):
        equivalence(CONTROL, TREATED, margin=margin)
