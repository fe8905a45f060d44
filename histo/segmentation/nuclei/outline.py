"""Outlines of nuclei as well-known binary: bytes that every GIS and QuPath's importers read, not objects."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import find_objects

__all__ = ["outlines_as_wkb"]

Points = NDArray[np.float64]

_FINER = 2
_TOLERANCE_PX = 0.6


def outlines_as_wkb(
    labels: NDArray[np.int32], chosen: NDArray[np.int64], to_slide: Callable[[Points], Points]
) -> list[bytes]:
    """Draw around nuclei.

    Parameters
    ----------
    labels : (rows, cols) array of int32
        0 outside of nuclei.
    chosen : (n,) array of int
        Labels to draw around.
    to_slide : callable
        Turns rows and columns of the array, (n, 2), into level-0 pixels.

    Returns
    -------
    list of bytes
        Of each a polygon as well-known binary, x along the columns, y along the rows of level 0.
    """
    boxes = find_objects(labels)
    rings = [to_slide(_trace(labels, int(label), boxes[int(label) - 1])) for label in chosen]
    if not rings:
        return []
    points = np.concatenate(rings)[:, ::-1]
    of_ring = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    return list(shapely.to_wkb(shapely.polygons(shapely.linearrings(points, indices=of_ring))))


def _trace(labels: NDArray[np.int32], label: int, box: tuple[slice, slice]) -> Points:
    """Follow the edge of one nucleus, on a grid twice as fine: else it would run through the middle of its pixels."""
    mask = np.pad((labels[box] == label).astype(np.uint8), 1)
    fine = cv2.resize(mask, None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_NEAREST)
    pieces, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = max(pieces, key=len)
    smooth = cv2.approxPolyDP(longest, _TOLERANCE_PX * _FINER, closed=True)
    ring = (smooth if len(smooth) > 3 else longest)[:, 0, ::-1].astype(np.float64)
    corner = np.array([box[0].start - 1, box[1].start - 1])
    return np.asarray((np.concatenate([ring, ring[:1]]) + 0.5) / _FINER - 0.5 + corner, np.float64)
