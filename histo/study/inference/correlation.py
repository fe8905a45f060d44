"""Whether two measures of the same animals rise together: Spearman's rank correlation."""

from __future__ import annotations

from math import atanh, nan, sqrt, tanh

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.inference.relabeling import MAX_RELABELINGS, is_mid_p_fair, relabelings, two_sided_p
from histo.study.inference.result import Inference
from histo.study.inference.two_groups import how_relabeled

__all__ = ["rank_correlation"]

_FEWEST_ANIMALS = 4


def rank_correlation(
    x: ArrayLike,
    y: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    level: float = 0.05,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> Inference:
    """Correlate two measures of the same animals by rank; p by permutation.

    Parameters
    ----------
    x, y : (n,) arrays
        One value an animal, such as the clinical score and a measure of the gut; animals that lack one are left out.
    strata : (n,) array, optional
        Group, timepoint, batch, ... of each animal: only animals of one stratum are ranked and exchanged.
    level : float, optional
        The interval covers ``1 - level``.
    max_relabelings, seed : int, optional
        As in `permutation_test`.

    Returns
    -------
    Inference
        Estimate, effect size and statistic are Spearman's correlation; with strata the correlation of the ranks within
        them. Without a test below four animals, or where a measure does not vary.

    Raises
    ------
    InvalidArgument
        If the arrays do not belong to the same animals.

    Notes
    -----
    Spearman 1904; two-sided mid-p value as in `permutation_test`. Interval: Fisher's z with the variance of Bonett and
    Wright 2000 (Psychometrika 65:23), (1 + r²/2) / (n - 3), less one animal for each stratum beyond the first. It does
    not invert the test: near 0.05 the two can fall on different sides of 0.

    Examples
    --------
    >>> found = rank_correlation([0, 0, 1, 2, 3, 4], [10, 12, 11, 15, 14, 18])
    >>> round(found.estimate, 3), round(found.p, 3)
    (0.841, 0.039)
    """
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    within = np.zeros(first.size, dtype=int) if strata is None else np.asarray(strata)
    if first.ndim != 1 or not first.shape == second.shape == within.shape:
        raise InvalidArgument(
            "both measures and the strata are of the same animals",
            expected="arrays of one length",
            got=f"{first.shape}, {second.shape}, {within.shape}",
        )
    has_both = np.isfinite(first) & np.isfinite(second)
    codes = np.unique(within[has_both].astype(str), return_inverse=True)[1]
    n_animals = int(has_both.sum())
    ranks = [_ranks_within(values[has_both], codes) for values in (first, second)]
    size = [sqrt(float(rank @ rank)) for rank in ranks]
    if n_animals < _FEWEST_ANIMALS:
        return Inference("none", n_a=n_animals, note="a correlation needs four animals that have both measures")
    if min(size) == 0:
        return Inference("none", n_a=n_animals, note="a measure that does not vary has no correlation")
    found = relabelings(list(range(n_animals)), codes.tolist(), max_relabelings=max_relabelings, seed=seed)
    correlations = ranks[0][found.labels] @ ranks[1] / (size[0] * size[1])
    is_mid = is_mid_p_fair(found.n_all)
    r = float(np.clip(correlations[0], -1.0, 1.0))
    low, high = _interval(r, n_animals - int(codes.max()), level)
    n_drawn = len(found.labels) - (not found.is_exact)
    of = "animals" if strata is None else "animals within strata"
    return Inference(
        test="Spearman, " + how_relabeled(n_drawn, is_exact=found.is_exact, is_mid_p=is_mid, of=of),
        estimate=r,
        ci_low=low,
        ci_high=high,
        effect_size=r,
        effect_low=low,
        effect_high=high,
        statistic=r,
        p=float(two_sided_p(correlations, is_mid=is_mid)),
        n_a=n_animals,
        p_plain=float(two_sided_p(correlations, is_mid=False)),
    )


def _ranks_within(values: NDArray[np.float64], strata: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rank within strata, about zero."""
    ranks = np.zeros(values.size)
    for stratum in np.unique(strata):
        inside = stats.rankdata(values[strata == stratum])
        ranks[strata == stratum] = inside - inside.mean()
    return ranks


def _interval(r: float, n: int, level: float) -> tuple[float, float]:
    if n <= _FEWEST_ANIMALS or abs(r) >= 1:
        return nan, nan
    half = float(stats.norm.ppf(1 - level / 2)) * sqrt((1 + r**2 / 2) / (n - 3))
    return tanh(atanh(r) - half), tanh(atanh(r) + half)
