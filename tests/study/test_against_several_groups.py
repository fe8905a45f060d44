"""Several groups, ordered groups and repeated animals beside R and scipy: see ``reference/README.md``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from histo.study.inference import compare_several, compare_two
from histo.study.inference.blocked import blocked_permutation
from histo.study.inference.trend import trend

Cases = Callable[[str], dict[str, Any]]
Shares = dict[str, float]

ALL_RELABELINGS = 40_000


def doubled(shares: Shares, *, is_mid: bool) -> float:
    return min(2 * (min(shares["greater"], shares["less"]) - is_mid * shares["equal"] / 2), 1.0)


def named(values: list[list[float]]) -> dict[str, list[float]]:
    return {str(step): group for step, group in enumerate(values)}


@pytest.mark.parametrize("name", ["three_4_4_4", "three_3_4_5"])
def test_welch_s_f_and_its_permutation_p_value_are_those_of_r(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("several_groups")[name]
    found = compare_several(named(datasets[name]["values"]), max_relabelings=ALL_RELABELINGS)
    assert found.statistic == pytest.approx(expected["welch"]["F"], rel=1e-9)
    assert found.statistic == pytest.approx(reference("scipy_statsmodels")[name]["welch"]["F"], rel=1e-9)
    of_all = expected["permuted_welch_f"]
    assert found.p_plain == pytest.approx(of_all["greater"], rel=1e-9)
    assert found.p == pytest.approx(of_all["greater"] - of_all["equal"] / 2, rel=1e-9)


def test_the_p_value_of_drawn_relabelings_is_near_that_of_all(datasets: dict[str, Any], reference: Cases) -> None:
    expected = reference("several_groups")["three_4_4_4"]["permuted_welch_f"]["greater"]
    found = compare_several(named(datasets["three_4_4_4"]["values"]), max_relabelings=20_000)
    # Three standard errors of a share of 20,000.
    assert found.p == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / 20_000))


@pytest.mark.parametrize("name", ["three_4_4_4", "three_3_4_5", "three_tied_4_4_4"])
def test_jonckheere_s_count_and_exact_p_value_are_those_of_r(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("several_groups")[name]["jonckheere"]
    found = trend(datasets[name]["values"], max_relabelings=ALL_RELABELINGS)
    assert found.statistic == pytest.approx(expected["J"])
    assert found.p_plain == pytest.approx(doubled(expected["enumerated"], is_mid=False), rel=1e-9)
    assert found.p == pytest.approx(doubled(expected["enumerated"], is_mid=True), rel=1e-9)


@pytest.mark.parametrize("name", ["three_4_4_4", "three_3_4_5"])
def test_jonckheere_s_p_value_is_that_of_the_convolution_of_mann_whitney_counts(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    tails = reference("several_groups")[name]["jonckheere"]["convolution"]
    found = trend(datasets[name]["values"], max_relabelings=ALL_RELABELINGS)
    assert found.p_plain == pytest.approx(2 * min(tails["greater"], tails["less"]), rel=1e-9)


def test_the_example_of_hollander_and_wolfe_has_their_j(datasets: dict[str, Any], reference: Cases) -> None:
    found = trend(datasets["motivation_6_6_6"]["values"])
    assert found.statistic == 79.0
    # The normal approximation, which histo does not use, is 0.041.
    expected = reference("several_groups")["motivation_6_6_6"]["jonckheere"]["p_asymptotic"]
    assert found.p == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("name", ["three_4_4_4", "three_3_4_5", "three_tied_4_4_4"])
def test_the_slope_and_the_share_of_rising_pairs_are_those_of_scipy(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("scipy_statsmodels")[name]
    found = trend(datasets[name]["values"])
    assert found.estimate == pytest.approx(expected["theil_sen_slope"], rel=1e-9)
    assert found.effect_size == pytest.approx(expected["somers_d"], rel=1e-9)


def test_a_trend_within_followed_animals_has_the_p_value_of_all_relabelings_within_animals(
    datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("mixed_models")["blocked_followed"]["jonckheere"]
    frame = pd.DataFrame(datasets["followed"])
    steps = [frame[frame["timepoint"] == day] for day in ("0", "7", "14")]
    found = trend([step["value"] for step in steps], blocks=[step["animal"] for step in steps])
    assert found.statistic == pytest.approx(expected["J"])
    assert found.p == pytest.approx(doubled(expected, is_mid=True), rel=1e-9)


def test_timepoints_of_followed_animals_are_tested_as_blocks(datasets: dict[str, Any], reference: Cases) -> None:
    expected = reference("mixed_models")["blocked_followed"]
    found = blocked_permutation(pd.DataFrame(datasets["followed"]), factor="timepoint")
    of_all = expected["permuted_sum_of_squares"]
    assert found.statistic == pytest.approx(expected["F"], rel=1e-9)
    assert found.p_plain == pytest.approx(of_all["greater"], rel=1e-9)
    assert found.p == pytest.approx(of_all["greater"] - of_all["equal"] / 2, rel=1e-9)


def test_pairs_of_timepoints_are_tested_as_exactranktests_and_t_test_do(
    datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("mixed_models")["blocked_pairs"]
    found = blocked_permutation(pd.DataFrame(datasets["followed_pairs"]), factor="timepoint")
    assert found.p_plain == pytest.approx(expected["exactranktests_perm"], rel=1e-9)
    assert found.statistic == pytest.approx(expected["t"], rel=1e-9)


def test_a_factor_of_whole_animals_is_tested_on_their_means(datasets: dict[str, Any], reference: Cases) -> None:
    frame = pd.DataFrame(datasets["sections"])
    found = blocked_permutation(frame, factor="group")
    means = frame.groupby("animal")["value"].mean()
    of_group = frame.drop_duplicates("animal").set_index("animal")["group"]
    by_hand = compare_two(means[of_group == "control"], means[of_group == "EAE 7"])
    assert found.p == pytest.approx(by_hand.p)
    assert abs(found.statistic) == pytest.approx(abs(reference("mixed_models")["sections_animal_means"]["t"]), rel=1e-9)
