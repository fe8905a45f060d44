"""Two groups of animals, or the same animals twice: difference, interval, effect size, p-value."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from histo.errors import InvalidArgument
from histo.study.inference.effect import hedges_interval, small_sample_factor, welch_interval, welch_moments
from histo.study.inference.permutation import permutation_interval, permutation_test
from histo.study.inference.relabeling import MAX_RELABELINGS
from histo.study.inference.result import Inference
from histo.study.inference.shuffled import shuffle

__all__ = ["compare_two", "how_relabeled", "with_values"]


_NO_SCATTER = "no animal differs from another of its group: nothing is known of the scatter"


@dataclass(frozen=True)
class _Settings:
    """How the test that is inverted was made."""

    strata: tuple[NDArray[np.object_], NDArray[np.object_]] | None
    level: float
    max_relabelings: int
    seed: int


def compare_two(
    a: ArrayLike,
    b: ArrayLike,
    *,
    strata: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.05,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> Inference:
    """Compare two groups of animals by permutation; the interval inverts the test.

    Parameters
    ----------
    a, b : (n,) and (m,) arrays
        Reference and comparison: one value an animal; animals without a value are left out.
    strata : pair of (n,) and (m,) arrays, optional
        Batch, sex, ... of each animal: labels are exchanged only within, and the estimate is adjusted for them.
    level : float, optional
        Intervals cover ``1 - level``.
    max_relabelings, seed : int, optional
        As in `permutation_test`.

    Returns
    -------
    Inference
        Estimate: b minus a (with strata: by least squares, the strata as fixed effects). Effect size: Hedges' g with
        its noncentral t interval. Statistic: Welch's t (with strata: the least-squares t). Without a test where a group
        has fewer than two animals.

    Raises
    ------
    InvalidArgument
        If `strata` do not fit the animals, or leave nothing to exchange.

    Notes
    -----
    Sources: `permutation_test`, `permutation_interval`, `hedges_g`, `hedges_interval`.

    Examples
    --------
    >>> found = compare_two([1, 2, 3, 4, 5], [3, 4, 5, 6, 7])
    >>> found.estimate, round(found.ci_low, 2), round(found.ci_high, 2), round(found.p, 3)
    (2.0, -0.5, 4.5, 0.087)
    """
    groups, within = with_values((a, b), strata)
    n_a, n_b = groups[0].size, groups[1].size
    if min(n_a, n_b) < 2:
        estimate = float(groups[1].mean() - groups[0].mean()) if min(n_a, n_b) else nan
        return Inference("none", estimate, n_a=n_a, n_b=n_b, note="a test needs two animals with a value in each group")
    chosen = (within[0], within[1]) if within is not None else None
    settings = _Settings(chosen, level, max_relabelings, seed)
    shuffled = shuffle(*groups, strata=chosen, max_relabelings=max_relabelings, seed=seed)
    difference, weight, residual = (float(part) for part in shuffled.adjusted_difference())
    degrees = n_a + n_b - 1 - int(np.unique(shuffled.strata).size)
    sd = sqrt(residual / degrees) if degrees > 0 else 0.0
    effect = difference / sd * small_sample_factor(degrees) if sd > 0 and degrees > 1 else nan
    effect_low, effect_high = hedges_interval(effect, degrees, weight, level)
    outcome = permutation_test(*groups, strata=chosen, max_relabelings=max_relabelings, seed=seed)
    low, high, note = _interval(groups, settings) if sd > 0 else (nan, nan, _NO_SCATTER)
    t = nan
    if sd > 0:
        t = difference * sqrt(weight) / sd if chosen is not None else _welch_t(groups[0], groups[1])
    return Inference(
        test=how_relabeled(
            outcome.n_relabelings,
            is_exact=outcome.is_exact,
            is_mid_p=outcome.is_mid_p,
            of="animals" if chosen is None else "animals within strata",
        ),
        estimate=difference,
        ci_low=low,
        ci_high=high,
        effect_size=effect,
        effect_low=effect_low,
        effect_high=effect_high,
        statistic=t,
        p=float(outcome.p_value),
        n_a=n_a,
        n_b=n_b,
        p_plain=float(outcome.p_plain),
        note=note,
    )


def with_values(
    groups: tuple[ArrayLike, ...], labels: tuple[ArrayLike, ...] | None = None
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.object_]] | None]:
    """Leave out animals without a value, and their labels.

    Raises
    ------
    InvalidArgument
        If a group is not one row of numbers, or its labels are not one an animal.
    """
    arrays = [np.asarray(group, dtype=float) for group in groups]
    if any(array.ndim != 1 for array in arrays):
        raise InvalidArgument("a group is one row of values, one an animal", got=f"{[a.shape for a in arrays]}")
    kept = [array[np.isfinite(array)] for array in arrays]
    if labels is None:
        return kept, None
    named = [np.asarray(of_group, dtype=object) for of_group in labels]
    if [of_group.shape for of_group in named] != [array.shape for array in arrays]:
        raise InvalidArgument(
            "each animal needs a stratum", expected=f"{[a.size for a in arrays]}", got=f"{[n.size for n in named]}"
        )
    return kept, [of_group[np.isfinite(array)] for of_group, array in zip(named, arrays, strict=True)]


def how_relabeled(n_relabelings: int, *, is_exact: bool, is_mid_p: bool, of: str) -> str:
    """Name a permutation test.

    Examples
    --------
    >>> how_relabeled(252, is_exact=True, is_mid_p=True, of="animals")
    'exact permutation of animals, mid-p (252 relabelings)'
    """
    kind = "exact permutation" if is_exact else "permutation"
    counted = f"{n_relabelings:,} relabelings" if is_exact else f"{n_relabelings:,} drawn relabelings"
    return f"{kind} of {of}{', mid-p' if is_mid_p else ''} ({counted})"


def _interval(groups: list[NDArray[np.float64]], settings: _Settings) -> tuple[float, float, str]:
    """Invert the test where that can be done, else take Welch's interval and say so."""
    low, high = permutation_interval(
        groups[0],
        groups[1],
        level=settings.level,
        strata=settings.strata,
        max_relabelings=settings.max_relabelings,
        seed=settings.seed,
    )
    if np.isfinite(low) and np.isfinite(high):
        return float(low), float(high), ""
    if settings.strata is not None:
        return nan, nan, "too few animals share a stratum for an interval"
    low_welch, high_welch = welch_interval(groups[0], groups[1], settings.level)
    return low_welch, high_welch, "too few animals to invert the permutation test: the interval is Welch's"


def _welch_t(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    difference, error, _ = welch_moments(a, b)
    return difference / error
