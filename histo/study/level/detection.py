"""How surely the default test of two groups finds a difference of a given size."""

from __future__ import annotations

from math import comb, floor, isfinite

import numpy as np
from scipy import optimize, stats

__all__ = ["attained_level", "detection_power", "smallest_effect"]

_LARGEST = 1e3
"""Differences, in standard deviations, beyond which none is looked for."""


def attained_level(n_animals: int, level: float = 0.05, max_relabelings: int = 20_000) -> float:
    """Tell how large a p-value may be that is still at most `level`, in an exact permutation test of equal groups.

    Parameters
    ----------
    n_animals : int
        Animals in each of the two groups.
    level : float, optional
        Nominal level.
    max_relabelings : int, optional
        Beyond so many relabelings they are drawn at random, and the level is attained as it is.

    Returns
    -------
    float
        0 where no p-value can be that small.

    Examples
    --------
    >>> [round(attained_level(n), 4) for n in (3, 4, 5, 8)]
    [0.0, 0.0286, 0.0476, 0.0499]
    """
    n_relabelings = comb(2 * n_animals, n_animals)
    if n_relabelings > max_relabelings:
        return level
    # Swapping the labels of equal groups gives the same |t|: relabelings come in pairs.
    return 2 * floor(level * n_relabelings / 2 + 1e-9) / n_relabelings


def detection_power(effect: float, sd: float, n_animals: int, level: float) -> float:
    """Compute the chance that a two-sided test of two equal groups finds a true difference.

    Parameters
    ----------
    effect : float
        True difference of the groups' means.
    sd : float
        Standard deviation between animals' values, the same in both groups, in the unit of `effect`.
    n_animals : int
        Animals in each group, 2 or more.
    level : float
        Level of the test; of a permutation test its `attained_level`.

    Returns
    -------
    float
        0 to 1; missing without an effect or a standard deviation.

    Notes
    -----
    Pooled t by the noncentral t distribution (Cohen 1988, Statistical Power Analysis, chapter 2), exact for normal
    animals. The permutation test of the means has nearly the same power at the level that it attains (Hoeffding 1952,
    Ann Math Stat 23:169, for large groups; docs/levels.md has simulations of 4, 5 and 8 animals).

    Examples
    --------
    >>> round(detection_power(1.2, 1.0, 5, 0.05), 4)
    0.3864
    """
    if not (isfinite(effect) and isfinite(sd)):
        return float("nan")
    if level <= 0:
        return 0.0
    if sd <= 0:
        return 1.0 if effect else level
    df = 2 * n_animals - 2
    shift = abs(effect) / sd * np.sqrt(n_animals / 2)
    critical = stats.t.isf(level / 2, df)
    # Beyond 6 the wrong sign has a chance below 1e-9, and scipy's noncentral t gives nan for it.
    wrong_sign = stats.nct.cdf(-critical, df, shift) if shift < 6 else 0.0
    return float(np.clip(stats.nct.sf(critical, df, shift) + wrong_sign, 0.0, 1.0))


def smallest_effect(sd: float, n_animals: int, level: float, target: float) -> float:
    """Compute the smallest true difference that is found with a chance of `target`; otherwise as `detection_power`.

    Returns
    -------
    float
        In the unit of `sd`; missing where no difference, however large, is found.

    Examples
    --------
    >>> round(smallest_effect(1.0, 5, 0.05, 0.8), 3)
    2.024
    """
    if not isfinite(sd) or level <= 0:
        return float("nan")
    if sd <= 0 or target <= level:
        return 0.0
    return sd * float(
        optimize.brentq(lambda effect: detection_power(effect, 1.0, n_animals, level) - target, 0.0, _LARGEST)
    )
