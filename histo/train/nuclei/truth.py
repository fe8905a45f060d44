"""What is known of the nuclei of one picture, however a set writes it down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.types import CellClass

__all__ = ["ANYTHING", "NucleiTruth", "as_bits", "truth_of_outlines"]

ANYTHING = 0
"""Class bits of a nucleus of which nobody said what it is."""


@dataclass(frozen=True, eq=False)
class NucleiTruth:
    """Every nucleus of a picture.

    Parameters
    ----------
    centre : (n, 2) array
        Rows and columns in pixels of the picture; whole numbers are pixel centres.
    kind_bits : (n,) array of uint8
        For each class that a nucleus may be, the bit of its place in `CellClass`; `ANYTHING` if that is not known.
    outlines : (rows, cols) array of int32, optional
        0 outside of nuclei, else 1 + the nucleus's place above. None if only centres are known.
    """

    centre: NDArray[np.float64]
    kind_bits: NDArray[np.uint8]
    outlines: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.centre)


def as_bits(names: tuple[str, ...]) -> int:
    """Write classes as bits.

    Examples
    --------
    >>> as_bits(("epithelial", "granulocyte"))
    5
    """
    places = [str(member) for member in CellClass]
    return sum(1 << places.index(name) for name in set(names))


def truth_of_outlines(labels: NDArray[np.integer]) -> NucleiTruth:
    """Take the nuclei of a label image, whose numbers may have gaps.

    Parameters
    ----------
    labels : (rows, cols) array of integers
        0 outside of nuclei.

    Returns
    -------
    NucleiTruth
        In the order of the numbers, of unknown class.

    Examples
    --------
    >>> truth = truth_of_outlines(np.array([[0, 7, 7], [3, 0, 7]]))
    >>> truth.outlines.tolist(), truth.centre[0].tolist()
    ([[0, 2, 2], [1, 0, 2]], [1.0, 0.0])
    """
    values, numbers = np.unique(labels, return_inverse=True)
    outlines = (numbers.reshape(labels.shape) + int(values[0] != 0)).astype(np.int32)
    n_nuclei = int(outlines.max())
    rows, cols = np.nonzero(outlines)
    owner = outlines[rows, cols] - 1
    area = np.maximum(np.bincount(owner, minlength=n_nuclei), 1)
    centre = np.stack([np.bincount(owner, axis, n_nuclei) / area for axis in (rows, cols)], axis=1)
    return NucleiTruth(centre, np.full(n_nuclei, ANYTHING, np.uint8), outlines)
