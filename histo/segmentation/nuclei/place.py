"""Which compartment a cell lies in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histo.location import LOCATIONS, locate
from histo.types import LabelMap

__all__ = ["compartments_at"]


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
        Names of `histo.location.LOCATIONS`, as `histo.location.locate` finds them: compartments, ``excluded`` and
        ``outside``.

    Examples
    --------
    >>> labels = LabelMap(np.array([[0, 3]], np.uint8), mpp=1.0)
    >>> compartments_at(np.array([[0.0, 1.2], [0.0, 2.0]]), labels).tolist()
    ['crypt', 'outside']
    """
    return np.asarray(np.array(LOCATIONS)[locate(labels, labels.from_slide(points))], np.str_)
