"""Undo what the border of a field does to counts and means: large things are cut by it more often than small ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cells_in_field", "inclusion_weight", "weighted_mean"]


def inclusion_weight(extent: tuple[float, float], field: tuple[float, float]) -> float:
    """Weigh something seen whole by the inverse of the chance that a field of this size shows it whole.

    Parameters
    ----------
    extent : (float, float)
        Height and width of the thing.
    field : (float, float)
        Height and width of the field, in the same unit.

    Returns
    -------
    float
        1 for a point, more for what is larger. Horvitz and Thompson, J Am Stat Assoc 1952; 47: 663; for particles
        in a window Lantuéjoul, Microsc Acta Suppl 1980; 4: 266.

    Examples
    --------
    >>> inclusion_weight((50, 0), (100, 100))
    2.0
    """
    share = [max(1 - size / whole, 1e-3) for size, whole in zip(extent, field, strict=True)]
    return float(1 / (share[0] * share[1]))


def weighted_mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Average what is known, by weight; NaN where nothing is."""
    is_known = np.isfinite(values) & (weights > 0)
    return float(np.average(values[is_known], weights=weights[is_known])) if is_known.any() else np.nan


def cells_in_field(labels: NDArray[np.int32]) -> float:
    """Count cells so that the counts of fields laid side by side add up: those that the border cuts count in part.

    Cells seen, whole or in part, less half of the pieces into which cells part the four sides, plus one: the mean over
    the four ways of leaving out two adjoining sides. In a large field a cell cut by one side counts one half.

    Parameters
    ----------
    labels : (rows, cols) int32 array
        Cells; every pixel is some cell's, and each cell hangs together.

    Returns
    -------
    float
        Can be 0 where a field shows less than one cell's share of corners. The plane's Euler number, as in Gundersen,
        J Microsc 1977; 111: 219, and Miles, Quantitative Analysis of Microstructures 1978: 115.

    Examples
    --------
    >>> four = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]], dtype=np.int32)
    >>> cells_in_field(four)
    1.0
    """
    sides = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    pieces = sum(1 + int(np.count_nonzero(side[1:] != side[:-1])) for side in sides)
    return len(np.unique(labels)) - 0.5 * pieces + 1
