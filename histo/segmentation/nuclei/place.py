"""Which compartment a cell lies in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histo.types import Compartment, LabelMap

__all__ = ["EXCLUDED", "OUTSIDE", "compartments_at"]

EXCLUDED = "excluded"
"""Where an exclusion lies over the label map."""

OUTSIDE = "outside"
"""Where the label map has ended."""


def compartments_at(points: NDArray[np.float64], labels: LabelMap) -> NDArray[np.str_]:
    """Look up the compartment at places on the slide.

    Parameters
    ----------
    points : (n, 2) array
        Rows and columns, level-0 pixels.
    labels : LabelMap
        Of the slide or of a part of it.

    Returns
    -------
    (n,) array of str
        Names of `Compartment`; ``excluded`` and ``outside`` where there is none.

    Examples
    --------
    >>> labels = LabelMap(np.array([[0, 3]], np.uint8), mpp=1.0)
    >>> compartments_at(np.array([[0.0, 1.2], [0.0, 2.0]]), labels).tolist()
    ['crypt', 'outside']
    """
    rows, cols = np.floor(labels.from_slide(points) + 0.5).astype(np.int64).T
    n_rows, n_cols = labels.shape
    is_on = (rows >= 0) & (rows < n_rows) & (cols >= 0) & (cols < n_cols)
    names = np.array([*(member.label for member in Compartment), EXCLUDED, OUTSIDE])
    which = np.full(len(points), len(names) - 1)
    which[is_on] = labels.array[rows[is_on], cols[is_on]]
    if labels.excluded is not None:
        which[np.flatnonzero(is_on)[labels.excluded[rows[is_on], cols[is_on]] > 0]] = len(names) - 2
    return np.asarray(names[which], np.str_)
