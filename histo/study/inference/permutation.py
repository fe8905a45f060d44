"""Two groups of animals: the permutation test of their means."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from histo.errors import InvalidArgument

__all__ = ["PermutationTest", "Relabelings", "permutation_test", "relabel", "smallest_reachable_p"]

_TIE = 1e-12
"""Statistics closer than this are the same number, reached by another order of additions."""


@dataclass(frozen=True)
class PermutationTest:
    """Outcome of a permutation test.

    Parameters
    ----------
    p_value : (...) array
        Two-sided p-values, one for each pair of samples.
    statistic : (...) array
        Welch's t, comparison minus reference; missing where neither group scatters.
    n_relabelings : int
        Relabelings that the p-values rest on.
    is_exact : bool
        Whether these are all there are.
    """

    p_value: NDArray[np.float64]
    statistic: NDArray[np.float64]
    n_relabelings: int
    is_exact: bool


@dataclass(frozen=True)
class Relabelings:
    """What the statistic would have been, had the animals carried each other's labels.

    Parameters
    ----------
    observed : (...) array
        The statistic as the animals were.
    null : (n_relabelings, ...) array
        The statistic of each relabeling; leading axes of the samples are relabelled together.
    is_exact : bool
        Whether all relabelings are there, the observed one among them.
    """

    observed: NDArray[np.float64]
    null: NDArray[np.float64]
    is_exact: bool

    def p_values(self, null: NDArray[np.float64], observed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count how many of `null` reach `observed`; of a random draw the observed labels are one more."""
        n_as_extreme = (null >= observed - _TIE).sum(axis=0)
        extra = 0 if self.is_exact else 1
        p_values: NDArray[np.float64] = (n_as_extreme + extra) / (len(null) + extra)
        return p_values


def permutation_test(
    reference: ArrayLike, comparison: ArrayLike, *, max_relabelings: int = 20_000, seed: int = 0
) -> PermutationTest:
    """Test whether animals could carry each other's group labels.

    The statistic is Welch's |t|, so that for unequal numbers the test also stays honest when one group scatters more
    (for equal numbers the order of relabelings, and so p, is that of the plain difference of means). All relabelings
    are enumerated when there are at most `max_relabelings`, otherwise so many are drawn and the observed one is added.

    Parameters
    ----------
    reference, comparison : (..., n) and (..., m) arrays
        One value an animal along the last axis; leading axes are independent studies.
    max_relabelings : int, optional
        Bound of the enumeration and size of the random draw.
    seed : int, optional
        Seed of the draw; without effect on the enumeration.

    Raises
    ------
    InvalidArgument
        If a group has fewer than two animals or a value is missing.

    Notes
    -----
    Exact under exchangeability (Fisher 1935; Pitman 1937); studentised after Janssen 1997 (Statistics & Probability
    Letters 36:9). Relabelled by `scipy.stats.permutation_test`. Ours differs from its ``alternative="two-sided"``,
    which doubles the smaller tail: we count relabelings whose |t| is at least the observed one.

    Examples
    --------
    >>> float(permutation_test([1, 2, 3, 4, 5], [11, 12, 13, 14, 15]).p_value)
    0.007936507936507936
    """
    a, b = np.asarray(reference, dtype=float), np.asarray(comparison, dtype=float)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InvalidArgument("animals without a value cannot be permuted", next_step="Leave them out first.")
    relabeled = relabel(a, b, max_relabelings=max_relabelings, seed=seed)
    p_value = relabeled.p_values(relabeled.null, relabeled.observed)
    return PermutationTest(p_value, _welch_t(a, b), len(relabeled.null), relabeled.is_exact)


def relabel(
    reference: ArrayLike, comparison: ArrayLike, *, max_relabelings: int = 20_000, seed: int = 0
) -> Relabelings:
    """Compute the statistic of `permutation_test` for the labels as they were and for all (or many) others.

    Missing values stay with their animal; a relabeling that leaves fewer than two values on one side has statistic 0.

    Raises
    ------
    InvalidArgument
        If a group has fewer than two animals.
    """
    a, b = np.asarray(reference, dtype=float), np.asarray(comparison, dtype=float)
    if min(a.shape[-1], b.shape[-1]) < 2:
        raise InvalidArgument("a permutation test needs two animals in each group", got=f"{a.shape[-1]}, {b.shape[-1]}")
    n_all = comb(a.shape[-1] + b.shape[-1], a.shape[-1])
    is_exact = n_all <= max_relabelings
    # Centred, so that a large mean does not eat the digits of the variances.
    centre = _centre(np.concatenate([a, b], axis=-1))
    outcome = stats.permutation_test(
        (a - centre, b - centre),
        _studentised_difference,
        vectorized=True,
        axis=-1,
        alternative="greater",
        n_resamples=np.inf if is_exact else max_relabelings,
        rng=np.random.default_rng(seed),
    )
    return Relabelings(np.asarray(outcome.statistic), np.asarray(outcome.null_distribution), is_exact)


def smallest_reachable_p(n_reference: int, n_comparison: int) -> float:
    """Tell the smallest two-sided p-value that so many animals can give, however large the difference.

    Examples
    --------
    >>> round(smallest_reachable_p(5, 5), 4), smallest_reachable_p(3, 3)
    (0.0079, 0.1)
    """
    # With equal numbers, swapping the two labels gives the same |t|, so the extreme relabeling comes in pairs.
    n_extreme = 2 if n_reference == n_comparison else 1
    return n_extreme / comb(n_reference + n_comparison, n_reference)


def _centre(values: NDArray[np.float64]) -> NDArray[np.float64]:
    has_value = np.isfinite(values)
    total = np.where(has_value, values, 0.0).sum(axis=-1, keepdims=True)
    mean: NDArray[np.float64] = total / np.maximum(has_value.sum(axis=-1, keepdims=True), 1)
    return mean


def _studentised_difference(a: NDArray[np.float64], b: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Map Welch's |t| one to one into 0..1 as t² / (1 + t²), which stays finite when a relabeling has no scatter."""
    n_a, mean_a, squared_error_a = _moments(a, axis)
    n_b, mean_b, squared_error_b = _moments(b, axis)
    squared_difference = (mean_a - mean_b) ** 2
    total = squared_difference + squared_error_a + squared_error_b
    can_tell = (np.minimum(n_a, n_b) >= 2) & (total > 0)
    return np.divide(squared_difference, total, out=np.zeros_like(total), where=can_tell)


def _welch_t(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    _, mean_a, squared_error_a = _moments(a, -1)
    _, mean_b, squared_error_b = _moments(b, -1)
    error = np.sqrt(squared_error_a + squared_error_b)
    t: NDArray[np.float64] = np.divide(mean_b - mean_a, error, out=np.full(np.shape(error), np.nan), where=error > 0)
    return t


def _moments(
    values: NDArray[np.float64], axis: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Count, mean and squared standard error of the mean, over the values that are there."""
    has_value = np.isfinite(values)
    n = has_value.sum(axis=axis)
    filled = np.where(has_value, values, 0.0)
    mean = filled.sum(axis=axis) / np.maximum(n, 1)
    deviation = np.where(has_value, filled - np.expand_dims(mean, axis), 0.0)
    return n, mean, (deviation**2).sum(axis=axis) / (np.maximum(n - 1, 1) * np.maximum(n, 1))
