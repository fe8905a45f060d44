"""Studies without any effect: each default test errs about as often as it says, and intervals hold the truth."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from histo.study.inference import StudyLayout, permutation_interval, permutation_test
from histo.study.inference.blocked import share_explained
from histo.study.inference.relabeling import is_mid_p_fair, one_sided_p, relabelings, two_sided_p
from histo.study.inference.several import welch_f
from histo.study.inference.simulation import draw_null_groups
from histo.study.inference.trend import concordance

N_STUDIES = 2000
LEAST, MOST = 0.035, 0.065

TWO_GROUPS = [
    pytest.param(sizes, n_sections, icc, shape, id=f"{sizes[0]}v{sizes[1]}x{n_sections}-icc{icc}-{shape}")
    for sizes, n_sections in (((5, 5), 8), ((4, 4), 6), ((4, 6), 8))
    for icc in (0.3, 0.6)
    for shape in ("normal", "skewed", "heavy")
]
THREE_GROUPS = [
    pytest.param(sizes, n_sections, icc, shape, id=f"{sizes}x{n_sections}-icc{icc}-{shape}")
    for sizes, n_sections, icc, shape in (
        ((5, 5, 5), 8, 0.3, "normal"),
        ((5, 5, 5), 8, 0.6, "skewed"),
        ((4, 4, 4), 6, 0.6, "heavy"),
        ((4, 5, 6), 8, 0.6, "normal"),
    )
]


def drawn(sizes: tuple[int, ...], n_sections: int, icc: float, shape: str, seed: int) -> list[NDArray[np.float64]]:
    """Animal means of studies without an effect, by group."""
    layout = StudyLayout(2, 2, n_sections, icc, shape)  # type: ignore[arg-type]
    groups = draw_null_groups(sizes, layout, N_STUDIES, np.random.default_rng(seed))
    return [group.mean(axis=-1) for group in groups]


@pytest.mark.parametrize(("sizes", "n_sections", "icc", "shape"), TWO_GROUPS)
def test_two_groups_err_as_often_as_the_level_says(
    sizes: tuple[int, int], n_sections: int, icc: float, shape: str
) -> None:
    a, b = drawn(sizes, n_sections, icc, shape, seed=41)
    assert LEAST <= (permutation_test(a, b).p_value <= 0.05).mean() <= MOST


@pytest.mark.parametrize(("sizes", "n_sections", "icc", "shape"), TWO_GROUPS)
def test_the_interval_holds_the_true_difference(
    sizes: tuple[int, int], n_sections: int, icc: float, shape: str
) -> None:
    a, b = drawn(sizes, n_sections, icc, shape, seed=43)
    n_holding = 0
    for of_a, of_b in zip(np.array_split(a, 8), np.array_split(b, 8), strict=True):
        low, high = permutation_interval(of_a, of_b + 1.7)
        n_holding += int(((low <= 1.7) & (high >= 1.7)).sum())
    assert 0.935 <= n_holding / N_STUDIES <= 0.965


def test_welchs_interval_holds_a_skewed_difference_too_often() -> None:
    # Why the interval inverts the permutation test.
    a, b = drawn((5, 5), 8, 0.6, "skewed", seed=43)
    interval = stats.ttest_ind(b, a, axis=-1, equal_var=False).confidence_interval()
    assert ((interval.low <= 0) & (interval.high >= 0)).mean() > 0.965


def test_the_plain_p_value_of_four_and_four_animals_errs_half_as_often_as_it_says() -> None:
    # Why mid-p is the default.
    a, b = drawn((4, 4), 6, 0.6, "normal", seed=41)
    assert (permutation_test(a, b).p_plain <= 0.05).mean() < 0.035


def test_no_number_of_animals_lets_mid_p_err_more_often_than_6_25_per_cent() -> None:
    # Of untied relabelings each is as likely as the other to be the one observed.
    for n, m in product(range(2, 9), repeat=2):
        n_all = comb(n + m, n)
        if is_mid_p_fair(n_all) and n_all <= 2000:
            ranks = np.arange(n_all, dtype=float)
            observed_first = np.array([np.concatenate([[rank], np.delete(ranks, int(rank))]) for rank in ranks])
            share = (two_sided_p(observed_first, is_mid=True) <= 0.05).mean()
            assert 0.035 <= share <= 0.0625, (n, m)


def rate_of(
    groups: list[NDArray[np.float64]],
    p_values: Callable[[NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]],
    strata: NDArray[np.int64] | None = None,
) -> float:
    """How often a test is positive; relabelings that are drawn are drawn anew for each tenth of the studies."""
    labels = np.repeat(np.arange(len(groups)), [group.shape[-1] for group in groups]).tolist()
    pooled = np.concatenate(groups, axis=-1)
    n_positive = 0
    for seed, part in enumerate(np.array_split(pooled, 10)):
        found = relabelings(labels, None if strata is None else strata.tolist(), max_relabelings=1500, seed=seed)
        assert is_mid_p_fair(found.n_all)
        n_positive += int((p_values(part, found.labels) <= 0.05).sum())
    return n_positive / len(pooled)


@pytest.mark.parametrize(("sizes", "n_sections", "icc", "shape"), THREE_GROUPS)
def test_three_groups_err_as_often_as_the_level_says(
    sizes: tuple[int, ...], n_sections: int, icc: float, shape: str
) -> None:
    def p_values(pooled: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        f = welch_f(pooled, labels)
        return one_sided_p(f / (1 + f), is_mid=True)

    assert LEAST <= rate_of(drawn(sizes, n_sections, icc, shape, seed=47), p_values) <= MOST


@pytest.mark.parametrize(("sizes", "n_sections", "icc", "shape"), THREE_GROUPS)
def test_a_trend_errs_as_often_as_the_level_says(
    sizes: tuple[int, ...], n_sections: int, icc: float, shape: str
) -> None:
    def p_values(pooled: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        return two_sided_p(concordance(pooled, labels, np.zeros(labels.shape[1], dtype=int)), is_mid=True)

    assert LEAST <= rate_of(drawn(sizes, n_sections, icc, shape, seed=53), p_values) <= MOST


@pytest.mark.parametrize("icc", [0.3, 0.6])
def test_strata_that_matter_leave_the_level_as_it_is(icc: float) -> None:
    a, b = drawn((6, 6), 8, icc, "normal", seed=59)
    sex = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 0, 1, 1])
    outcome = permutation_test(a + 2 * sex[0], b + 2 * sex[1], strata=sex)
    assert LEAST <= (outcome.p_value <= 0.05).mean() <= MOST


@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_animals_seen_twice_err_as_often_as_the_level_says(shape: str) -> None:
    before, after = drawn((6, 6), 8, 0.6, shape, seed=61)
    animals = np.random.default_rng(1).normal(0, 3, before.shape)
    names = np.arange(6)
    outcome = permutation_test(before + animals, after + animals, strata=(names, names))
    assert LEAST <= (outcome.p_value <= 0.05).mean() <= MOST


def test_three_segments_of_an_animal_err_as_often_as_the_level_says() -> None:
    groups = drawn((5, 5, 5), 8, 0.6, "skewed", seed=67)
    animals = np.random.default_rng(2).normal(0, 3, groups[0].shape)
    blocks = np.tile(np.arange(5), 3)

    def p_values(pooled: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        return one_sided_p(share_explained(pooled, labels, blocks), is_mid=True)

    assert LEAST <= rate_of([group + animals for group in groups], p_values, blocks) <= MOST


def test_ranks_that_have_nothing_to_do_with_each_other_correlate_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(71)
    orders = np.argsort(rng.exponential(size=(N_STUDIES, 10)), axis=-1).astype(float) - 4.5
    n_positive = 0
    for seed, part in enumerate(np.array_split(orders, 10)):
        labels = relabelings(list(range(10)), max_relabelings=1500, seed=seed).labels
        n_positive += int((two_sided_p(part @ (labels - 4.5).T / 82.5, is_mid=True) <= 0.05).sum())
    assert LEAST <= n_positive / N_STUDIES <= MOST
