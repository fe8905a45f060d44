"""What is known of the junctions of one picture, however a set writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize

__all__ = ["STEP_UM", "JunctionTruth", "Known", "thin", "truth_of_lines"]

STEP_UM = 0.01
"""Distances are kept in steps of this, up to 255 of them: nobody asks what lies farther from a junction."""


class Known(IntFlag):
    """What is known of a pixel; of one beside a junction, what is known of the nearest place on it."""

    COURSE = 1
    STAINED = 2
    GAP = 4
    DOUBTED = 8


@dataclass(frozen=True, eq=False)
class JunctionTruth:
    """Every junction of a picture.

    Parameters
    ----------
    distance : (rows, cols) array of uint8
        To the nearest centreline in steps of `STEP_UM`, 255 for all that is farther; 0 on centrelines, gaps included.
    known : (rows, cols) array of uint8
        Bits of `Known`: whether it is known where junctions run around here; whether the nearest place is stained, is a
        gap, or nobody said; and whether what was said is doubted, so that nothing is learned from it.
    """

    distance: NDArray[np.uint8]
    known: NDArray[np.uint8]

    @property
    def lines(self) -> NDArray[np.bool_]:
        """The centrelines."""
        return np.asarray(self.distance == 0, bool)

    def lines_that_are(self, state: Known) -> NDArray[np.bool_]:
        """Return those parts of the centrelines that are stained, or gaps."""
        return np.asarray((self.distance == 0) & (self.known & state > 0), bool)


def truth_of_lines(
    lines: NDArray[np.bool_],
    mpp: float,
    *,
    stained: NDArray[np.bool_] | None = None,
    gaps: NDArray[np.bool_] | None = None,
    is_known: NDArray[np.bool_] | None = None,
    is_doubted: NDArray[np.bool_] | None = None,
) -> JunctionTruth:
    """Say of each pixel how far the nearest centreline is, and what is known of it there.

    Parameters
    ----------
    lines : (rows, cols) array of bool
        Centrelines, one pixel wide.
    mpp : float
        µm per pixel.
    stained, gaps : (rows, cols) array of bool, optional
        Where the lines are stained and where not; of the others that is not known.
    is_known : (rows, cols) array of bool, optional
        Where all lines are known; everywhere if left out.
    is_doubted : (rows, cols) array of bool, optional
        Where nothing should be learned; nowhere if left out.

    Returns
    -------
    JunctionTruth

    Examples
    --------
    >>> line = np.array([[0, 0, 1, 0]], bool)
    >>> truth = truth_of_lines(line, 0.5, stained=line)
    >>> truth.distance.tolist(), truth.known.tolist()
    ([[100, 50, 0, 50]], [[3, 3, 3, 3]])
    """
    known = np.full(lines.shape, Known.COURSE, np.uint8)
    if is_known is not None:
        known[~is_known] = 0
    if is_doubted is not None:
        known[is_doubted] |= np.uint8(Known.DOUBTED)
    if not lines.any():
        return JunctionTruth(np.full(lines.shape, 255, np.uint8), known)
    far, (rows, cols) = ndimage.distance_transform_edt(~lines, sampling=mpp, return_indices=True)
    distance = np.minimum(np.rint(far / STEP_UM), 255).astype(np.uint8)
    for state, where in ((Known.STAINED, stained), (Known.GAP, gaps)):
        if where is not None:
            known[where[rows, cols]] |= np.uint8(state)
    return JunctionTruth(distance, known)


def thin(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin a mask of lines to one pixel."""
    lines: NDArray[np.bool_] = skeletonize(mask)  # type: ignore[no-untyped-call]
    return lines
