"""Two groups of animals beside R and statsmodels: see ``reference/README.md``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from histo.study.inference import (
    adjust,
    compare_two,
    equivalence,
    hedges_g,
    hedges_interval,
    permutation_test,
    welch_interval,
    westfall_young,
)
from histo.study.inference.effect import small_sample_factor

Cases = Callable[[str], dict[str, Any]]
Shares = dict[str, float]

PAIRS = ["villus_5_5", "crypt_4_7", "tied_5_5", "equal_6_6", "equal_3_3"]


def doubled(shares: Shares, *, is_mid: bool) -> float:
    """The two-sided p-value as histo makes it: twice the smaller tail, ties half for mid-p."""
    return min(2 * (min(shares["greater"], shares["less"]) - is_mid * shares["equal"] / 2), 1.0)


@pytest.mark.parametrize("name", PAIRS)
def test_the_permutation_p_value_is_that_of_all_relabelings_enumerated_in_r(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("two_groups")[name]["enumerated_welch"]
    found = permutation_test(datasets[name]["a"], datasets[name]["b"])
    assert found.n_relabelings == expected["n_relabelings"]
    assert found.p_plain == pytest.approx(doubled(expected, is_mid=False), rel=1e-9)
    # Three against three animals have 20 relabelings, too few for a mid-p value.
    assert found.p_value == pytest.approx(doubled(expected, is_mid=name != "equal_3_3"), rel=1e-9)


@pytest.mark.parametrize("name", ["villus_5_5", "tied_5_5", "equal_6_6"])
def test_of_equal_groups_the_p_value_is_that_of_coin_and_of_exactranktests(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("two_groups")[name]
    found = permutation_test(datasets[name]["a"], datasets[name]["b"])
    # Both take the difference of means, which orders the relabelings of equal groups as Welch's t does.
    assert found.p_plain == pytest.approx(expected["coin_oneway_exact"]["two_sided"], rel=1e-9)
    assert found.p_plain == pytest.approx(expected["exactranktests_perm"], rel=1e-9)
    mid = min(expected["coin_oneway_exact"]["mid_greater"], expected["coin_oneway_exact"]["mid_less"])
    assert found.p_value == pytest.approx(2 * mid, rel=1e-9)


def test_of_unequal_groups_the_p_value_differs_from_coin_because_the_difference_is_studentised(
    datasets: dict[str, Any], reference: Cases
) -> None:
    # The larger group scatters three times as much here. coin permutes the plain difference of means.
    expected = reference("two_groups")["crypt_4_7"]
    found = permutation_test(datasets["crypt_4_7"]["a"], datasets["crypt_4_7"]["b"])
    assert expected["coin_oneway_exact"]["greater"] == pytest.approx(expected["enumerated_difference"]["greater"])
    assert found.p_plain != pytest.approx(expected["coin_oneway_exact"]["two_sided"], rel=0.01)


@pytest.mark.parametrize("name", PAIRS[:4])
def test_the_plain_p_value_is_that_of_scipy_s_exact_t_test(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("scipy_statsmodels")[name]["permutation_of_t"]["two-sided"]
    found = permutation_test(datasets[name]["a"], datasets[name]["b"])
    assert found.p_plain == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["villus_5_5", "crypt_4_7", "equal_6_6"])
def test_the_interval_is_that_of_the_test_inverted_in_r(name: str, datasets: dict[str, Any], reference: Cases) -> None:
    expected = reference("two_groups")[name]["interval"]
    found = compare_two(datasets[name]["a"], datasets[name]["b"])
    # R halves until the shift makes two statistics alike to nine digits.
    assert (found.ci_low, found.ci_high) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", PAIRS)
def test_difference_and_welch_s_interval_are_those_of_t_test_and_of_statsmodels(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("two_groups")[name]
    a, b = datasets[name]["a"], datasets[name]["b"]
    found = compare_two(a, b)
    assert found.estimate == pytest.approx(expected["mean_difference"], rel=1e-9)
    assert found.statistic == pytest.approx(expected["welch"]["t"], rel=1e-9)
    assert welch_interval(a, b) == pytest.approx(expected["welch"]["ci"], rel=1e-9)
    if name in reference("scipy_statsmodels"):
        assert welch_interval(a, b) == pytest.approx(reference("scipy_statsmodels")[name]["welch"]["ci"], rel=1e-9)


@pytest.mark.parametrize("name", PAIRS)
def test_hedges_g_and_its_interval_are_those_of_effectsize(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("two_groups")[name]["hedges_g"]
    found = compare_two(datasets[name]["a"], datasets[name]["b"])
    assert found.effect_size == pytest.approx(expected["g"], rel=1e-9)
    assert hedges_g(datasets[name]["a"], datasets[name]["b"]) == pytest.approx(expected["g"], rel=1e-9)
    # effectsize multiplies the ends by the small-sample factor too, and then they hold the true effect too seldom
    # (test_the_interval_of_hedges_g_holds_the_true_effect); and it searches them by optim, to about six digits.
    factor = small_sample_factor(len(datasets[name]["a"]) + len(datasets[name]["b"]) - 2)
    ends = np.array([found.effect_low, found.effect_high])
    assert ends * factor == pytest.approx(expected["ci_to_ten_digits"], rel=1e-6)
    assert ends * factor == pytest.approx(expected["ci"], abs=1e-5)


@pytest.mark.parametrize(("n", "effect"), [(3, 2.0), (4, 2.0), (5, 1.2), (5, 3.0)])
def test_the_interval_of_hedges_g_holds_the_true_effect(n: int, effect: float) -> None:
    # t falls between these quantiles in 95 % of studies; at each of them one end of the interval is the truth.
    df, weight = 2 * n - 2, n / 2
    low, high = stats.nct.ppf([0.025, 0.975], df, effect * np.sqrt(weight))
    of_t = small_sample_factor(df) / np.sqrt(weight)
    assert hedges_interval(low * of_t, df, weight)[1] == pytest.approx(effect, rel=1e-6)
    assert hedges_interval(high * of_t, df, weight)[0] == pytest.approx(effect, rel=1e-6)


def test_within_batches_estimate_and_p_value_are_those_of_lm_and_of_coin(
    datasets: dict[str, Any], reference: Cases
) -> None:
    dataset, expected = datasets["two_batches"], reference("two_groups")["two_batches"]
    strata = np.array(dataset["strata"])
    found = compare_two(dataset["a"], dataset["b"], strata=(strata[:5], strata[5:]))
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-9)
    assert found.statistic == pytest.approx(expected["t"], rel=1e-9)
    assert found.p == pytest.approx(doubled(expected["enumerated"], is_mid=True), rel=1e-9)
    assert found.p == pytest.approx(2 * expected["coin_blocked_exact"]["mid_greater"], rel=1e-9)
    assert (found.ci_low, found.ci_high) == pytest.approx(expected["interval"], rel=1e-6)


@pytest.mark.parametrize("name", PAIRS)
def test_equivalence_is_that_of_two_one_sided_tests(name: str, datasets: dict[str, Any], reference: Cases) -> None:
    expected = reference("two_groups")[name]["tost"]
    found = equivalence(datasets[name]["a"], datasets[name]["b"], expected["margin"])
    if name == "equal_3_3":
        # Too few relabelings: both tests are Welch's.
        assert found.p == pytest.approx(expected["p"], rel=1e-9)
        assert (found.ci_low, found.ci_high) == pytest.approx(expected["ci90"], rel=1e-9)
    else:
        assert found.p == pytest.approx(expected["permuted_mid_p"], rel=1e-9)
        # The t tests of R and statsmodels suppose normal values and are near, not the same.
        assert found.p == pytest.approx(expected["p"], abs=0.02)


def test_statsmodels_and_r_agree_on_the_t_tests_of_equivalence(reference: Cases) -> None:
    for name in PAIRS[:4]:
        in_r, in_python = reference("two_groups")[name]["tost"], reference("scipy_statsmodels")[name]["tost"]
        assert in_r["p"] == pytest.approx(in_python["p"], rel=1e-9)


def test_several_endpoints_are_adjusted_as_multtest_does_less_half_of_the_observed_relabeling(
    datasets: dict[str, Any], reference: Cases
) -> None:
    dataset, expected = datasets["five_endpoints_5_5"], reference("two_groups")["five_endpoints_5_5"]
    found = westfall_young(dataset["a"], dataset["b"])
    # mt.maxT (Ge, Dudoit and Speed) counts the observed relabeling and its mirror image, 2 of 252, in full.
    assert found == pytest.approx(np.array(expected["p_adjusted"]) - 1 / 252, rel=1e-9)


@pytest.mark.parametrize(("method", "in_r", "in_python"), [("holm", "holm", "holm"), ("bh", "BH", "fdr_bh")])
def test_p_values_are_adjusted_as_p_adjust_does(
    method: str, in_r: str, in_python: str, datasets: dict[str, Any], reference: Cases
) -> None:
    found = adjust(datasets["p_values"]["p"], method)
    assert found == pytest.approx(reference("two_groups")["p_values"][in_r], rel=1e-9)
    assert found == pytest.approx(reference("scipy_statsmodels")["p_values"][in_python], rel=1e-9)
