"""Two samples, pooled, and what each relabeling of their animals makes of the difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from histo.errors import InvalidArgument
from histo.study.inference.relabeling import MAX_RELABELINGS, Relabelings, is_mid_p_fair, relabelings

__all__ = ["NOTHING", "Shuffled", "shuffle"]

NOTHING = 1e-12
"""Scatter below this share of the largest value is rounding."""


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

    def turning_shifts(self) -> tuple[NDArray[np.float64], int]:
        """Find the shifts at which each relabeling's difference becomes the observed one, where it `is_linear`.

        Returns
        -------
        shifts : (..., n) array
            In order; below its shift a relabeling's difference is less than the observed one.
        n_same : int
            Relabelings that put the same animals on each side as the observed one, which is one of them.
        """
        labels = self.relabelings.labels
        explained, _, _ = _moments_within(self.values, labels, self.strata)
        by_shift, _, _ = _moments_within(labels[0].astype(float), labels, self.strata)
        fall = by_shift[0] - by_shift
        is_other = fall > NOTHING
        turns = np.sort((explained[..., :1] - explained[..., is_other]) / fall[is_other], axis=-1)
        return turns, int(np.count_nonzero(~is_other))


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


def _centred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the mean off, so that a large one does not eat the digits of the variances; rounding becomes nothing."""
    has_value = np.isfinite(values)
    filled = np.where(has_value, values, 0.0)
    mean = filled.sum(axis=-1, keepdims=True) / np.maximum(has_value.sum(axis=-1, keepdims=True), 1)
    rest = np.where(has_value, values - mean, np.nan)
    is_rounding = np.abs(rest) <= NOTHING * np.abs(filled).max(axis=-1, keepdims=True)
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
