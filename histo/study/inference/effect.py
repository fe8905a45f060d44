"""How large a difference between two groups of animals is, and how sure that is."""

from __future__ import annotations

from math import exp, lgamma, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

__all__ = ["hedges_g", "hedges_interval", "small_sample_factor", "welch_interval", "welch_moments"]


def hedges_g(reference: ArrayLike, comparison: ArrayLike) -> float:
    """Compute Hedges' g: comparison minus reference over the pooled standard deviation, corrected for small samples.

    Parameters
    ----------
    reference, comparison : (n,) and (m,) arrays
        One value an animal.

    Returns
    -------
    float
        Missing when a group has fewer than two animals or neither scatters.

    Notes
    -----
    The correction is Hedges' exact one (1981, J Educ Stat 6:107), Γ(ν/2) / (√(ν/2) Γ((ν-1)/2)) with ν = n + m - 2; the
    familiar 1 - 3 / (4ν - 1), which statsmodels uses, differs from it by less than 1 % from ν = 4 on.

    Examples
    --------
    >>> round(hedges_g([1, 2, 3, 4, 5], [3, 4, 5, 6, 7]), 4)
    1.1418
    """
    a, b = np.asarray(reference, dtype=float), np.asarray(comparison, dtype=float)
    degrees = a.size + b.size - 2
    if min(a.size, b.size) < 2:
        return float("nan")
    pooled = sqrt(((a.size - 1) * a.var(ddof=1) + (b.size - 1) * b.var(ddof=1)) / degrees)
    if pooled == 0:
        return float("nan")
    return float((b.mean() - a.mean()) / pooled * small_sample_factor(degrees))


def hedges_interval(g: float, degrees: int, weight: float, level: float = 0.05) -> tuple[float, float]:
    """Compute the confidence interval of Hedges' g from the noncentral t distribution.

    An interval of the true difference in standard deviations, which g estimates: exact for normal values of equal
    scatter, also at three animals a group, where the usual g ± 1.96 standard errors is not (Steiger and Fouladi 1997,
    in Harlow et al., What if there were no significance tests?, chapter 9). The small-sample factor of g has no place
    in its ends: with it, as R's effectsize has them, they would hold the true difference in 90 to 94 % of studies of
    three to five animals a group.

    Parameters
    ----------
    g : float
        What `hedges_g` gave.
    degrees : int
        Degrees of freedom of the standard deviation: n + m - 2.
    weight : float
        n m / (n + m).
    level : float, optional
        The interval covers ``1 - level``.

    Returns
    -------
    (float, float)
        Missing when `g` is.

    Examples
    --------
    >>> low, high = hedges_interval(1.1418, 8, 2.5)
    >>> round(low, 2), round(high, 2)
    (-0.15, 2.62)
    """
    if not np.isfinite(g):
        return float("nan"), float("nan")
    t = g / small_sample_factor(degrees) * sqrt(weight)

    def noncentrality(quantile: float) -> float:
        def excess(shift: float) -> float:
            below = float(stats.nct.cdf(t, degrees, shift))
            # Far out scipy gives no number: the probability is 0 or 1 there.
            return (below if np.isfinite(below) else float(shift < t)) - quantile

        reach = 10.0 + 2 * abs(t)
        return float(optimize.brentq(excess, t - reach, t + reach))

    return noncentrality(1 - level / 2) / sqrt(weight), noncentrality(level / 2) / sqrt(weight)


def welch_interval(reference: ArrayLike, comparison: ArrayLike, level: float = 0.05) -> tuple[float, float]:
    """Compute the confidence interval of comparison minus reference, allowing unequal scatter (Welch 1947).

    It stands in for `permutation_interval` where the animals are too few for that one. It supposes normal values.

    Parameters
    ----------
    reference, comparison : (n,) and (m,) arrays
        One value an animal.
    level : float, optional
        The interval covers ``1 - level``.

    Returns
    -------
    (float, float)
        Missing when a group has fewer than two animals.

    Examples
    --------
    >>> low, high = welch_interval([1, 2, 3, 4, 5], [3, 4, 5, 6, 7])
    >>> round(low, 3), round(high, 3)
    (-0.306, 4.306)
    """
    a, b = np.asarray(reference, dtype=float), np.asarray(comparison, dtype=float)
    if min(a.size, b.size) < 2:
        return float("nan"), float("nan")
    difference, error, degrees = welch_moments(a, b)
    half = float(stats.t.ppf(1 - level / 2, degrees)) * error if error > 0 else 0.0
    return difference - half, difference + half


def welch_moments(reference: NDArray[np.float64], comparison: NDArray[np.float64]) -> tuple[float, float, float]:
    """Compute what Welch's t is made of (Welch 1947, Biometrika 34:28).

    Returns
    -------
    difference, error, degrees : float
        Comparison minus reference, its standard error, and the degrees of freedom, which are missing without scatter.

    Examples
    --------
    >>> difference, error, degrees = welch_moments(np.array([1.0, 2.0, 3.0]), np.array([4.0, 4.0, 4.0]))
    >>> difference, round(error, 4), round(degrees, 1)
    (2.0, 0.5774, 2.0)
    """
    groups = (reference, comparison)
    parts = [float(group.var(ddof=1)) / group.size for group in groups]
    scatter = sum(part**2 / (group.size - 1) for part, group in zip(parts, groups, strict=True))
    degrees = sum(parts) ** 2 / scatter if scatter > 0 else float("nan")
    return float(comparison.mean() - reference.mean()), sqrt(sum(parts)), degrees


def small_sample_factor(degrees: int) -> float:
    """Compute Hedges' exact small-sample factor (1981, J Educ Stat 6:107).

    Examples
    --------
    >>> round(small_sample_factor(8), 4)
    0.9027
    """
    return exp(lgamma(degrees / 2) - lgamma((degrees - 1) / 2)) / sqrt(degrees / 2)
