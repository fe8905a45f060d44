"""The ring of cytoplasm and membrane around each nucleus."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.types import PixelSize

__all__ = ["label_rings"]


def label_rings(nuclei: NDArray[np.int32], mpp: float, *, ring_um: float = 2.0) -> NDArray[np.int32]:
    """Draw a ring around every nucleus.

    Parameters
    ----------
    nuclei : (rows, cols) array of int32
        Label of the nucleus, 0 where there is none.
    mpp : float
        µm per pixel.
    ring_um : float
        Width of the ring from the nucleus' edge outwards.

    Returns
    -------
    (rows, cols) array of int32
        Label of the nucleus whose ring a pixel belongs to: the nearest one's. 0 in all nuclei and beyond the ring.

    Raises
    ------
    InvalidArgument
        If the ring is narrower than half a pixel, so that it would hold none.
    MissingPixelSize
        If `mpp` is not a positive number.

    Notes
    -----
    Distances are those of a 5 x 5 chamfer mask, at most 2 % from the straight line (Borgefors G. Distance
    transformations in digital images. Comput Vis Graph Image Process 1986; 34: 344-371). They look no farther than the
    ring, so that a tile with a margin of `ring_um` gives the rings of the whole slide.

    Examples
    --------
    >>> nucleus = np.zeros((1, 7), np.int32)
    >>> nucleus[0, 3] = 5
    >>> label_rings(nucleus, 1.0, ring_um=2.0).tolist()
    [[0, 5, 5, 0, 5, 5, 0]]
    """
    PixelSize(mpp)
    if not ring_um > 0.5 * mpp:
        raise InvalidArgument(
            "the ring is too narrow to hold a pixel",
            expected=f"ring_um above {0.5 * mpp:g} at {mpp:g} µm/px",
            got=f"{ring_um!r}",
            next_step="Widen the ring, or measure a finer level of the slide.",
        )
    inside = nuclei > 0
    if not inside.any():
        return np.zeros_like(nuclei)
    distance, nearest = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Every nuclear pixel carries a number of its own, which says whose ring it is.
    owner = np.zeros(int(nearest.max()) + 1, np.int32)
    owner[nearest[inside]] = nuclei[inside]
    # A nucleus ends half a pixel beyond the centre of its last pixel.
    in_ring = ~inside & ((distance - 0.5) * mpp < ring_um)
    return np.where(in_ring, owner[nearest], 0).astype(np.int32)
