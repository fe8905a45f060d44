"""Two groups of animals: the permutation test of their means, and the interval that agrees with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from histo.errors import InvalidArgument
from histo.study.inference.relabeling import (
    MAX_RELABELINGS,
    Relabelings,
    is_mid_p_fair,
    one_sided_p,
    relabelings,
    two_sided_p,
)

__all__ = ["PermutationTest", "Shuffled", "permutation_interval", "permutation_test", "shuffle", "smallest_reachable_p"]

_HALVINGS = 34
_NOTHING = 1e-12
"""Scatter below this share of the largest value is rounding."""


@dataclass(frozen=True)
class PermutationTest:
    """Outcome of a permutation test.

    Parameters
    ----------
    p_value : (...) array
        Two-sided mid-p values, one for each pair of samples; plain ones where the relabelings are too few for mid-p.
    p_plain : (...) array
        The same, counting the relabelings that equal the observed one in full: never below the level more often than
        the level says, and coarse.
    n_relabelings : int
        Relabelings that the p-values rest on.
    is_exact : bool
        Whether these are all there are.
    is_mid_p : bool
        Whether `p_value` is a mid-p value.
    """

    p_value: NDArray[np.float64]
    p_plain: NDArray[np.float64]
    n_relabelings: int
    is_exact: bool
    is_mid_p: bool


@dataclass(frozen=True)
class Shuffled:
    """Two samples, pooled, and the labels that their animals could carry.

    Parameters
    ----------
    values : (..., n + m) array
        Reference, then comparison; missing where an animal has no value.
    relabelings : Relabelings
        Of the labels 0 (reference) and 1 (comparison).
    strata : (n + m,) array of int
        Animals exchange labels within their stratum.
    """

    values: NDArray[np.float64]
    relabelings: Relabelings
    strata: NDArray[np.int64]

    @property
    def is_mid_p(self) -> bool:
        """Whether there are relabelings enough for a mid-p value."""
        return is_mid_p_fair(self.relabelings.n_all)

    @property
    def is_linear(self) -> bool:
        """Whether relabelings stand in the order of their (adjusted) differences of means."""
        return np.unique(self.strata).size > 1 or 2 * int(self.relabelings.labels[0].sum()) == self.strata.size

    def adjusted_difference(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Fit group and strata as fixed effects by least squares.

        Returns
        -------
        difference, weight, residual : (...) arrays
            Comparison minus reference; residual variance over its variance; residual squares' sum.
        """
        explained, weight, scatter = _moments_within(self.values, self.relabelings.labels[:1], self.strata)
        difference = np.divide(explained, weight, out=np.zeros_like(explained + weight), where=weight > 0)
        residual = np.maximum(scatter - weight * difference**2, 0.0)
        return difference[..., 0], np.broadcast_to(weight, difference.shape)[..., 0], residual[..., 0]

    def statistic(self, shift: ArrayLike = 0.0) -> NDArray[np.float64]:
        """Compute the signed statistic of each relabeling, had the comparison been lower by `shift`.

        Returns
        -------
        (..., n_relabelings) array
            Between -1 and 1, the observed one first; positive where the comparison is greater.
        """
        labels = self.relabelings.labels
        moved = self.values - np.asarray(shift, dtype=float)[..., np.newaxis] * labels[0]
        if np.unique(self.strata).size == 1:
            return _studentised_difference(_centred(moved), labels)
        return _stratified_difference(moved, labels, self.strata)


def permutation_test(
    reference: ArrayLike,
    comparison: ArrayLike,
    *,
    strata: tuple[ArrayLike, ArrayLike] | None = None,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> PermutationTest:
    """Test whether animals could carry each other's group labels.

    The statistic is Welch's t; for equal numbers the order of relabelings, and so p, is that of the plain difference of
    means. Within strata it is the difference of means adjusted for them. All relabelings are enumerated when there are
    at most `max_relabelings`, otherwise so many are drawn and the observed one is added.

    Equal groups stay near the level when one scatters more (5 against 5 animals, twice the scatter: 6 % false
    positives). Unequal ones do not where it is the smaller one, for Welch's t corrects that in large groups only: 4
    against 7 animals, twice the scatter among the 4, 9 % (``benchmarks/type_one_error.py``).

    Parameters
    ----------
    reference, comparison : (..., n) and (..., m) arrays
        One value an animal along the last axis; leading axes are independent studies.
    strata : pair of (n,) and (m,) arrays, optional
        Batch, sex, ... of each animal: animals exchange labels only within it.
    max_relabelings : int, optional
        Bound of the enumeration and size of the random draw.
    seed : int, optional
        Seed of the draw; without effect on the enumeration.

    Raises
    ------
    InvalidArgument
        If a group has fewer than two animals, a value is missing, or strata leave nothing to exchange.

    Notes
    -----
    Exact under exchangeability (Fisher 1935; Pitman 1937); studentised after Janssen 1997 (Statistics & Probability
    Letters 36:9). The p-value doubles the smaller tail, and relabelings that equal the observed one count half
    (mid-p: Lancaster 1961; Hwang and Yang 2001): four against four animals have 35 pairs of relabelings, of which the
    plain p-value may call only one significant at 5 %, that is 2.9 % false positives; mid-p calls two, 5.7 %.

    Examples
    --------
    >>> outcome = permutation_test([1, 2, 3, 4, 5], [11, 12, 13, 14, 15])
    >>> round(float(outcome.p_value), 4), round(float(outcome.p_plain), 4)
    (0.004, 0.0079)
    """
    shuffled = _complete(reference, comparison, strata, max_relabelings, seed)
    statistic = shuffled.statistic()
    return PermutationTest(
        two_sided_p(statistic, is_mid=shuffled.is_mid_p),
        two_sided_p(statistic, is_mid=False),
        statistic.shape[-1] - (0 if shuffled.relabelings.is_exact else 1),
        shuffled.relabelings.is_exact,
        shuffled.is_mid_p,
    )


def permutation_interval(
    reference: ArrayLike,
    comparison: ArrayLike,
    *,
    level: float = 0.05,
    strata: tuple[ArrayLike, ArrayLike] | None = None,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the differences that `permutation_test` does not reject: its confidence interval.

    It holds 0 exactly when the p-value is above the level, whatever the shape of the distribution; groups are taken to
    differ by a shift.

    Parameters
    ----------
    level : float, optional
        The interval covers ``1 - level``.
    reference, comparison, strata, max_relabelings, seed
        As in `permutation_test`.

    Returns
    -------
    low, high : (...) arrays
        Missing where the relabelings are too few to reject anything at this level.

    Raises
    ------
    InvalidArgument
        As `permutation_test`.

    Notes
    -----
    Inversion of the test, each tail at half the level (Tritchler 1984, J Am Stat Assoc 79:200; Good 2005, Permutation,
    Parametric and Bootstrap Tests, chapter 3), by halving.

    Examples
    --------
    >>> low, high = permutation_interval([1, 2, 3, 4, 5], [3, 4, 5, 6, 7])
    >>> round(float(low), 3), round(float(high), 3)
    (-0.5, 4.5)
    """
    shuffled = _complete(reference, comparison, strata, max_relabelings, seed)
    if shuffled.is_linear:
        return _linear_interval(shuffled, level)
    n_a = np.shape(reference)[-1]
    middle = np.asarray(shuffled.values[..., n_a:].mean(axis=-1) - shuffled.values[..., :n_a].mean(axis=-1))
    step = np.maximum(np.ptp(shuffled.values, axis=-1), np.finfo(float).tiny)

    def is_rejected(shift: NDArray[np.float64], sign: float) -> NDArray[np.bool_]:
        tail = one_sided_p(sign * shuffled.statistic(shift), is_mid=shuffled.is_mid_p)
        return np.asarray(2 * tail <= level)

    low = _last_kept(lambda shift: is_rejected(shift, 1.0), middle, -step)
    return low, _last_kept(lambda shift: is_rejected(shift, -1.0), middle, step)


def shuffle(
    reference: ArrayLike,
    comparison: ArrayLike,
    *,
    strata: tuple[ArrayLike, ArrayLike] | None = None,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> Shuffled:
    """Pool two samples and find the labels that their animals could carry; missing values stay with their animal.

    Raises
    ------
    InvalidArgument
        If a group has fewer than two animals, or strata leave nothing to exchange.
    """
    a, b = np.asarray(reference, dtype=float), np.asarray(comparison, dtype=float)
    n_a, n_b = a.shape[-1], b.shape[-1]
    if min(n_a, n_b) < 2:
        raise InvalidArgument("a permutation test needs two animals in each group", got=f"{n_a}, {n_b}")
    within = np.zeros(n_a + n_b, dtype=int)
    if strata is not None:
        within = np.unique(np.concatenate([np.asarray(part) for part in strata]), return_inverse=True)[1]
    if within.size != n_a + n_b:
        raise InvalidArgument("each animal needs a stratum", expected=f"{n_a + n_b}", got=f"{within.size}")
    labels = [0] * n_a + [1] * n_b
    found = relabelings(labels, within.tolist(), max_relabelings=max_relabelings, seed=seed)
    if found.n_all == 1:
        raise InvalidArgument(
            "no two animals of different groups are in one stratum: group and stratum cannot be told apart",
            next_step="Leave the covariate out and say so, or balance it in the next study.",
        )
    return Shuffled(np.concatenate([a, b], axis=-1), found, within)


def smallest_reachable_p(
    n_reference: int, n_comparison: int, strata: tuple[ArrayLike, ArrayLike] | None = None
) -> float:
    """Tell the smallest two-sided p-value that so many animals can give, however large the difference.

    Parameters
    ----------
    n_reference, n_comparison : int
        Animals.
    strata : pair of (n,) and (m,) arrays, optional
        As in `permutation_test`.

    Examples
    --------
    >>> round(smallest_reachable_p(5, 5), 4), smallest_reachable_p(3, 3)
    (0.004, 0.1)
    """
    n_all = comb(n_reference + n_comparison, n_reference)
    if strata is not None:
        within = [np.asarray(part, dtype=object).tolist() for part in strata]
        n_all = prod(
            comb(within[0].count(name) + within[1].count(name), within[0].count(name))
            for name in {*within[0], *within[1]}
        )
    return min((1 if is_mid_p_fair(n_all) else 2) / n_all, 1.0)


def _complete(
    reference: ArrayLike,
    comparison: ArrayLike,
    strata: tuple[ArrayLike, ArrayLike] | None,
    max_relabelings: int,
    seed: int,
) -> Shuffled:
    shuffled = shuffle(reference, comparison, strata=strata, max_relabelings=max_relabelings, seed=seed)
    if not np.isfinite(shuffled.values).all():
        raise InvalidArgument("animals without a value cannot be permuted", next_step="Leave them out first.")
    return shuffled


def _linear_interval(shuffled: Shuffled, level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the ends among the shifts at which a relabeling's difference becomes the observed one."""
    labels, strata = shuffled.relabelings.labels, shuffled.strata
    explained, _, _ = _moments_within(shuffled.values, labels, strata)
    by_shift, _, _ = _moments_within(labels[0].astype(float), labels, strata)
    fall = by_shift[0] - by_shift
    is_other = fall > _NOTHING
    turns = np.sort((explained[..., :1] - explained[..., is_other]) / fall[is_other], axis=-1)
    n_same = np.count_nonzero(~is_other) * (0.5 if shuffled.is_mid_p else 1.0)
    # The fewest turns on one side of a shift that is not rejected.
    fewest = int(np.floor(level / 2 * len(labels) - n_same + _NOTHING)) + 1
    if fewest < 1:
        nothing = np.full(turns.shape[:-1], np.nan)
        return nothing, nothing
    return turns[..., fewest - 1], turns[..., -fewest]


def _last_kept(
    is_rejected: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
    kept: NDArray[np.float64],
    step: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Walk away from a shift that is kept until one is rejected, then halve the way between."""
    rejected = kept + step
    for _ in range(_HALVINGS):
        is_near = ~is_rejected(rejected)
        if not is_near.any():
            break
        step = np.where(is_near, 2 * step, step)
        rejected = np.where(is_near, kept + step, rejected)
    has_end = is_rejected(rejected)
    for _ in range(_HALVINGS):
        middle = (kept + rejected) / 2
        is_out = is_rejected(middle)
        kept, rejected = np.where(is_out, kept, middle), np.where(is_out, middle, rejected)
    return np.where(has_end, kept, np.nan)


def _centred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the mean off, so that a large one does not eat the digits of the variances; rounding becomes nothing."""
    has_value = np.isfinite(values)
    filled = np.where(has_value, values, 0.0)
    mean = filled.sum(axis=-1, keepdims=True) / np.maximum(has_value.sum(axis=-1, keepdims=True), 1)
    rest = np.where(has_value, values - mean, np.nan)
    is_rounding = np.abs(rest) <= _NOTHING * np.abs(filled).max(axis=-1, keepdims=True)
    centred: NDArray[np.float64] = np.where(is_rounding, 0.0, rest)
    return centred


def _studentised_difference(values: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Map Welch's t one to one into -1..1 as t |t| / (1 + t²), which stays finite when a relabeling has no scatter.

    A relabeling that leaves fewer than two values on one side has statistic 0.
    """
    has_value = np.isfinite(values)
    filled = np.where(has_value, values, 0.0)
    is_b = labels.T.astype(float)
    n = has_value.sum(axis=-1, keepdims=True)
    n_b = labels.sum(axis=1) if has_value.all() else has_value.astype(float) @ is_b
    n_a = n - n_b
    # Sums over the comparison tell those over the reference, for the mean is zero.
    total_b, squares_b = filled @ is_b, filled**2 @ is_b
    squares_a = (filled**2).sum(axis=-1, keepdims=True) - squares_b
    divisor_a, divisor_b = np.maximum(n_a, 1), np.maximum(n_b, 1)
    total_squared = total_b**2
    squared_error = (squares_b - total_squared / divisor_b) / (divisor_b * np.maximum(n_b - 1, 1))
    squared_error += (squares_a - total_squared / divisor_a) / (divisor_a * np.maximum(n_a - 1, 1))
    weight = (1 / divisor_a + 1 / divisor_b) ** 2
    size = weight * total_squared + np.maximum(squared_error, 0.0)
    can_tell = (np.minimum(n_a, n_b) >= 2) & (size > 0)
    signed = weight * total_b * np.abs(total_b)
    t: NDArray[np.float64] = np.divide(signed, size, out=np.zeros_like(size), where=can_tell)
    return t


def _stratified_difference(
    values: NDArray[np.float64], labels: NDArray[np.int64], strata: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Difference of means with the strata as fixed effects (least squares), over the scatter within strata."""
    explained, weight, scatter = _moments_within(values, labels, strata)
    # The correlation of group and value within strata; its order is that of the adjusted difference.
    size = np.sqrt(weight * scatter)
    correlation: NDArray[np.float64] = np.divide(explained, size, out=np.zeros_like(size), where=size > 0)
    return correlation


def _moments_within(
    values: NDArray[np.float64], labels: NDArray[np.int64], strata: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sum over strata: values of the comparison less the stratum's mean; animals at work; scatter in the stratum."""
    explained, weight, scatter = (np.zeros(1) for _ in range(3))
    for stratum in np.unique(strata):
        of_stratum = strata == stratum
        has_value = np.isfinite(values[..., of_stratum])
        inside = np.where(has_value, _centred(values[..., of_stratum]), 0.0)
        chosen = (labels[:, of_stratum] == 1).T.astype(float)
        n, n_b = has_value.sum(axis=-1, keepdims=True), has_value.astype(float) @ chosen
        explained = explained + inside @ chosen
        weight = weight + n_b * (n - n_b) / np.maximum(n, 1)
        scatter = scatter + (inside**2).sum(axis=-1, keepdims=True)
    return explained, weight, scatter
