"""Which patches of tissue are one piece of gut, and in which order pieces are read."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["group_patches", "reading_order"]

Mask = NDArray[np.bool_]


def group_patches(
    tissue: Mask, mpp: float, *, min_area_mm2: float, crack_um: float = 60.0, reach_um: float = 300.0
) -> NDArray[np.int32]:
    """Tell apart the pieces of gut in a tissue mask.

    Patches no further apart than a crack are one piece, and so is everything inside the outline of a ring. A patch
    that is smaller than a piece, or than a tenth of the largest, belongs to the nearest larger piece within reach;
    out of reach it is a piece of its own when it has the area, and nothing when it has not.

    Parameters
    ----------
    tissue : (rows, cols) array of bool
        True on tissue.
    mpp : float
        µm per pixel.
    min_area_mm2 : float
        Tissue that a piece of gut has at least.
    crack_um : float
        Widest gap within one piece.
    reach_um : float
        Furthest that a fragment lies from the piece it broke off.

    Returns
    -------
    (rows, cols) array of int32
        0 where there is no tissue or tissue of no piece, then 1, 2, ... in no order.

    Examples
    --------
    >>> import numpy as np
    >>> tissue = np.zeros((40, 100), bool)
    >>> tissue[5:35, 5:30] = tissue[5:35, 60:95] = True
    >>> int(group_patches(tissue, mpp=10.0, min_area_mm2=0.02).max())
    2
    """
    outlines = _filled(_closed(tissue, 0.5 * crack_um / mpp))
    count, numbered = cv2.connectedComponents(outlines.astype(np.uint8), connectivity=8)
    patches = numbered.astype(np.int32, copy=False)
    areas_mm2 = np.bincount(patches[tissue], minlength=count) * (mpp / 1000.0) ** 2
    areas_mm2[0] = 0.0
    large = np.flatnonzero(areas_mm2 >= max(min_area_mm2, 0.1 * float(areas_mm2.max())))
    if large.size == 0:
        return np.zeros(tissue.shape, dtype=np.int32)
    numbers = np.zeros(count, dtype=np.int32)
    numbers[large] = np.arange(1, large.size + 1)
    numbers = _adopted(numbers, patches, numbers[patches], reach_um / mpp)
    apart = np.flatnonzero((areas_mm2 >= min_area_mm2) & (numbers == 0))
    numbers[apart] = large.size + 1 + np.arange(apart.size)
    return np.where(tissue, numbers[patches], 0).astype(np.int32)


def reading_order(boxes: NDArray[np.floating]) -> NDArray[np.intp]:
    """Order boxes as a text is read: rows from the top, and from left to right within a row.

    Parameters
    ----------
    boxes : (n, 4) array
        Top, left, bottom, right of each box.

    Returns
    -------
    (n,) array of int
        Indices into `boxes`. A box joins the row above it when its centre is higher than the mean lower edge of that
        row, so sections that a hand has laid a little askew still make a row.
    """
    boxes = np.asarray(boxes, dtype=float).reshape(-1, 4)
    centres = 0.5 * (boxes[:, 0] + boxes[:, 2])
    rows: list[list[int]] = []
    for index in np.lexsort((boxes[:, 1], centres)):
        if rows and centres[index] < boxes[rows[-1], 2].mean():
            rows[-1].append(int(index))
        else:
            rows.append([int(index)])
    ordered = [index for row in rows for index in sorted(row, key=lambda member: (boxes[member, 1], boxes[member, 0]))]
    return np.asarray(ordered, dtype=np.intp)


def _adopted(
    numbers: NDArray[np.int32], patches: NDArray[np.int32], pieces: NDArray[np.int32], reach_px: float
) -> NDArray[np.int32]:
    distance, nearest = cv2.distanceTransformWithLabels(
        (pieces == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner_of_label = np.zeros(int(nearest.max()) + 1, dtype=np.int32)
    owner_of_label[nearest[pieces > 0]] = pieces[pieces > 0]
    loose = (patches > 0) & (pieces == 0)
    ids, where = patches[loose], np.flatnonzero(loose)
    order = np.lexsort((distance.ravel()[where], ids))
    first = np.unique(ids[order], return_index=True)[1]
    closest = where[order][first]
    within = closest[distance.ravel()[closest] <= reach_px]
    adopted = numbers.copy()
    adopted[patches.ravel()[within]] = owner_of_label[nearest.ravel()[within]]
    return adopted


def _closed(mask: Mask, radius_px: float) -> Mask:
    radius = max(1, round(radius_px))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    padded = np.pad(mask, radius).astype(np.uint8)
    closed: Mask = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[radius:-radius, radius:-radius] > 0
    return closed


def _filled(mask: Mask) -> Mask:
    _, outside = cv2.connectedComponents(np.pad(~mask, 1, constant_values=True).astype(np.uint8), connectivity=4)
    filled: Mask = (outside != outside[0, 0])[1:-1, 1:-1]
    return filled
