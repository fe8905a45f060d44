"""Part values into two groups, and say whether they fall into two at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Parting", "part_in_two"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parting:
    """Two groups of values.

    Parameters
    ----------
    cut : float
        Half-way between the highest value of the lower group and the lowest of the upper.
    separation : float
        Distance of the groups' means over the root mean square of their standard deviations (Ashman's D).
    variance_share : float
        Share of the variance that lies between the groups.
    smaller_share : float
        Share of the values' weight in the smaller group.
    n_smaller : int
        Values in it.
    """

    cut: float
    separation: float
    variance_share: float
    smaller_share: float
    n_smaller: int


def part_in_two(values: Floats, weights: Floats) -> Parting | None:
    """Part values where the variance between the groups is largest (Otsu 1979), exactly, without a histogram.

    Parameters
    ----------
    values : (n,) array
        Finite.
    weights : (n,) array
        How much each value counts; positive.

    Returns
    -------
    Parting or None
        None where all values are the same.
    """
    order = np.argsort(values, kind="stable")
    # Centred first: the variance of large values with a small spread would drown in rounding.
    centre = float(np.average(values, weights=weights)) if len(values) else 0.0
    ordered, weight = values[order] - centre, weights[order]
    ends = np.flatnonzero(np.diff(ordered) > 0)
    if not len(ends):
        return None
    mass, moment, power = (np.cumsum(weight * ordered**degree) for degree in range(3))
    low, total = mass[ends], mass[-1]
    high = total - low
    below, above = moment[ends] / low, (moment[-1] - moment[ends]) / high
    between = low * high / total**2 * (above - below) ** 2
    best = int(between.argmax())
    end = ends[best]
    spread_below = power[end] / low[best] - below[best] ** 2
    spread_above = (power[-1] - power[end]) / high[best] - above[best] ** 2
    within = max((spread_below + spread_above) / 2, 0.0)
    variance = power[-1] / total - (moment[-1] / total) ** 2
    is_low_smaller = low[best] <= high[best]
    return Parting(
        cut=float((ordered[end] + ordered[end + 1]) / 2 + centre),
        separation=float((above[best] - below[best]) / np.sqrt(within)) if within > 0 else np.inf,
        variance_share=float(between[best] / variance),
        smaller_share=float(min(low[best], high[best]) / total),
        n_smaller=int(end + 1 if is_low_smaller else len(values) - end - 1),
    )
