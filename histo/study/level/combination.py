"""An interval for a sum and difference of mean squares, as a variance component is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from histo.errors import InvalidArgument

__all__ = ["combination_interval"]


def combination_interval(
    weights: ArrayLike, mean_squares: ArrayLike, df: ArrayLike, level: float = 0.05
) -> tuple[float, float]:
    """Compute an interval for a linear combination of expected mean squares.

    Parameters
    ----------
    weights : (n,) array
        The combination, of any signs.
    mean_squares : (n,) array
        Independent mean squares, in squared units of the measure.
    df : (n,) array
        Their degrees of freedom, 1 or more.
    level : float, optional
        The interval covers ``1 - level``.

    Returns
    -------
    low, high : float
        In squared units; `low` may be below 0.

    Raises
    ------
    InvalidArgument
        If a mean square has no degree of freedom.

    Notes
    -----
    Modified large-sample interval: exact when all but one weight is 0, and close to its level for any degrees of
    freedom otherwise, where Satterthwaite's is too narrow for differences. For one sign Graybill and Wang 1980 (J Am
    Stat Assoc 75:869), for both Ting, Burdick, Graybill, Jeyaratnam and Lu 1990 (J Stat Comput Simul 35:135), whose
    terms for pairs of one sign are left out; both in Burdick and Graybill 1992, Confidence Intervals on Variance
    Components, chapter 3. Mean squares are taken as multiples of chi-square: the values scatter normally.

    Examples
    --------
    >>> low, high = combination_interval([1.0], [4.0], [10])
    >>> round(low, 2), round(high, 2)
    (1.95, 12.32)
    """
    weight, square, freedom = (np.asarray(values, dtype=float) for values in (weights, mean_squares, df))
    if (freedom < 1).any():
        raise InvalidArgument(
            "a mean square without a degree of freedom has no interval", got=f"df = {freedom.tolist()}"
        )
    estimate = float(weight @ square)
    below = _squared_reach(weight, square, freedom, level / 2)
    above = _squared_reach(-weight, square, freedom, level / 2)
    return estimate - float(np.sqrt(below)), estimate + float(np.sqrt(above))


def _squared_reach(
    weight: NDArray[np.float64], square: NDArray[np.float64], df: NDArray[np.float64], tail: float
) -> float:
    """Square of how far the interval reaches down; turned round, up."""
    shrink = 1 - df / stats.chi2.isf(tail, df)
    stretch = df / stats.chi2.ppf(tail, df) - 1
    part = np.abs(weight) * square
    reach = float((np.where(weight > 0, shrink, stretch) ** 2 * part**2).sum())
    for q in np.flatnonzero(weight > 0):
        for r in np.flatnonzero(weight < 0):
            ratio = float(stats.f.isf(tail, df[q], df[r]))
            cross = ((ratio - 1) ** 2 - (shrink[q] * ratio) ** 2 - stretch[r] ** 2) / ratio
            reach += float(cross * part[q] * part[r])
    return max(reach, 0.0)
