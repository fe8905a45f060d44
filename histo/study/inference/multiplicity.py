"""Several endpoints or comparisons: p-values that hold for all of them together."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.inference.relabeling import MAX_RELABELINGS, one_sided_p
from histo.study.inference.shuffled import shuffle

__all__ = ["adjust", "westfall_young"]


def adjust(p_values: ArrayLike, method: Literal["holm", "bh"] = "holm") -> NDArray[np.float64]:
    """Adjust the p-values of one declared family.

    Parameters
    ----------
    p_values : (n,) array
        Missing ones stay missing and do not count.
    method : {"holm", "bh"}, optional
        ``holm``: the chance of one or more false positives stays below the level, whatever the tests have in common
        (Holm 1979, Scand J Stat 6:65). ``bh``: the expected share of false ones among the positives does (Benjamini and
        Hochberg 1995, J R Stat Soc B 57:289); for exploring, not for confirming.

    Raises
    ------
    InvalidArgument
        If there is no such method, or a p-value is not between 0 and 1.

    Examples
    --------
    >>> adjust([0.01, 0.04, float("nan"), 0.03]).round(3).tolist()
    [0.03, 0.06, nan, 0.06]
    >>> adjust([0.01, 0.04, 0.03], "bh").round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    if method not in ("holm", "bh"):
        raise InvalidArgument("there is no such correction", expected="holm or bh", got=repr(method))
    given = np.asarray(p_values, dtype=float)
    is_there = ~np.isnan(given)
    if not ((given[is_there] >= 0) & (given[is_there] <= 1)).all():
        raise InvalidArgument("a p-value lies between 0 and 1", got=f"{given.tolist()}")
    adjusted = np.full(given.shape, np.nan)
    if is_there.any():
        adjust_all = _holm if method == "holm" else stats.false_discovery_control
        adjusted[is_there] = adjust_all(given[is_there])
    return adjusted


def westfall_young(
    reference: ArrayLike,
    comparison: ArrayLike,
    *,
    strata: tuple[ArrayLike, ArrayLike] | None = None,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Adjust the p-values of several endpoints that were measured on the same two groups of animals.

    Whole animals are relabelled, with all their endpoints, and each endpoint is held against the largest statistic that
    a relabeling gives among those not yet decided (step-down maxT). The chance of one or more false positives among the
    endpoints stays at the level, whichever of them truly differ, and what the endpoints have in common is used.

    It is the better choice for the endpoints of one comparison, whose tests permute the same animals: the smallest
    adjusted p-value is the smallest p-value itself, however many endpoints there are, where Holm multiplies it by their
    number. Holm is for p-values that come from different animals or different tests.

    Parameters
    ----------
    reference, comparison : (..., endpoints, n) and (..., endpoints, m) arrays
        One value an animal along the last axis, the same animals in every row; missing where an animal has none.
        Leading axes are independent studies.
    strata, max_relabelings, seed : optional
        As in `permutation_test`.

    Returns
    -------
    (..., endpoints) array
        Adjusted two-sided p-values (mid-p as in `permutation_test`), in the order of the rows.

    Raises
    ------
    InvalidArgument
        If a group has fewer than two animals, or strata leave nothing to exchange.

    Notes
    -----
    Westfall and Young 1993, algorithm 4.1; Ge, Dudoit and Speed 2003 (Test 12:1), box 2. A relabeling that leaves fewer
    than two values on one side counts as no difference.

    Examples
    --------
    >>> groups = [[1, 2, 3, 4, 5], [2, 4, 1, 3, 5]], [[11, 12, 13, 14, 15], [3, 1, 5, 2, 4]]
    >>> westfall_young(*groups).round(4).tolist()
    [0.004, 0.9127]
    """
    shuffled = shuffle(reference, comparison, strata=strata, max_relabelings=max_relabelings, seed=seed)
    size = np.abs(shuffled.statistic())
    order = np.argsort(-size[..., 0], axis=-1, kind="stable")
    # From the least to the most extreme endpoint: the largest statistic among those not yet decided.
    from_least = np.take_along_axis(size, order[..., ::-1, np.newaxis], axis=-2)
    largest = np.maximum.accumulate(from_least, axis=-2)[..., ::-1, :]
    p_values = one_sided_p(largest, is_mid=shuffled.is_mid_p)
    adjusted = np.empty_like(p_values)
    np.put_along_axis(adjusted, order, np.maximum.accumulate(p_values, axis=-1), axis=-1)
    return adjusted


def _holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Step down; statsmodels has it too, but tidies all memory at every call."""
    order = np.argsort(p_values, kind="stable")
    times = p_values.size - np.arange(p_values.size)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(times * p_values[order]), 1.0)
    return adjusted
