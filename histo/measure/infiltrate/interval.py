"""95 % intervals of counts and of ratios of counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

__all__ = ["odds_interval", "poisson_interval", "wilson_interval"]

Floats = NDArray[np.float64]

_LEVEL = 0.95


def poisson_interval(n: NDArray[np.integer]) -> tuple[Floats, Floats]:
    """Exact interval of the mean of a Poisson count (Garwood, Biometrika 1936; 28:437).

    Parameters
    ----------
    n : (k,) array
        Counts.

    Returns
    -------
    low, high : (k,) arrays
        In counts; divide by the area for a density.

    Examples
    --------
    >>> low, high = poisson_interval(np.array([0, 10]))
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 4.8], [3.69, 18.39])
    """
    counts = np.asarray(n, dtype=float)
    tail = 0.5 * (1 - _LEVEL)
    low = np.where(counts > 0, 0.5 * chi2.ppf(tail, 2 * np.maximum(counts, 0.5)), 0.0)
    high: Floats = 0.5 * chi2.ppf(1 - tail, 2 * counts + 2)
    return low, high


def wilson_interval(n_yes: int, n_all: int) -> tuple[float, float]:
    """Score interval of a share (Wilson, J Am Stat Assoc 1927; 22:209); not a number where nothing was counted.

    Examples
    --------
    >>> low, high = wilson_interval(5, 10)
    >>> round(low, 3), round(high, 3)
    (0.237, 0.763)
    """
    if n_all == 0:
        return float("nan"), float("nan")
    z2 = float(norm.ppf(0.5 + 0.5 * _LEVEL)) ** 2
    share = n_yes / n_all
    middle = (share + 0.5 * z2 / n_all) / (1 + z2 / n_all)
    reach = (z2 * share * (1 - share) / n_all + 0.25 * (z2 / n_all) ** 2) ** 0.5 / (1 + z2 / n_all)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def odds_interval(n_above: int, n_below: int) -> tuple[float, float]:
    """Interval of the ratio of two counts: that of the share of the first among both, turned into odds.

    Not a number where nothing was counted below the line.
    """
    if n_below == 0:
        return float("nan"), float("nan")
    low, high = wilson_interval(n_above, n_above + n_below)
    return low / (1 - low), high / (1 - high)
