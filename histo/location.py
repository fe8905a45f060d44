"""In which compartment a point of a section lies, and how much room each compartment has, between pixels too.

The pixels of a coarse label map are squares, the borders of tissue are not: a nucleus beside a border is often on the
wrong side of a staircase, and nearly always so that a stroma full of cells loses one to an epithelium that has none. So
on maps of pixels larger than 1 µm a point is of the compartment that most of its surroundings are of, each pixel
weighed by a Gaussian of its distance, and areas are those of the same division. On finer maps the pixel counts: it is
small beside a nucleus.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.types import Compartment, LabelMap

__all__ = ["EXCLUDED", "LOCATIONS", "OUTSIDE", "check_same_field", "compartment_areas_um2", "locate"]

EXCLUDED, OUTSIDE = len(Compartment), len(Compartment) + 1
"""Codes beside those of `Compartment`: under an exclusion, and where the map has ended."""

LOCATIONS = (*(compartment.label for compartment in Compartment), "excluded", "outside")
"""Names of the codes, in their order."""

# Ours, and measured: benchmarks/infiltrate.py. Wider, and thin stroma is lost; narrower, and the staircase is left.
_FINE_MPP = 1.0
_SIGMA_PX = 1.2
_REACH_PX = 3
_POINTS_AT_ONCE = 100_000
_ROWS_AT_ONCE = 1024


def check_same_field(shape: tuple[int, int], mpp: float, labels: LabelMap) -> None:
    """See to it that a picture and a label map, both from the same outer corner, are of the same field.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the picture.
    mpp : float
        µm per pixel of the picture.
    labels : LabelMap
        At any pixel size.

    Raises
    ------
    InvalidArgument
        If their sides differ by more than a pixel of each.
    """
    seen, labelled = np.array(shape) * mpp, np.array(labels.shape) * labels.mpp
    if np.any(np.abs(seen - labelled) > mpp + labels.mpp):
        raise InvalidArgument(
            "picture and label map are not of the same size",
            expected=f"{labelled[0]:.1f} x {labelled[1]:.1f} µm, as the label map",
            got=f"{seen[0]:.1f} x {seen[1]:.1f} µm",
            next_step="Crop the label map to the picture (LabelMap.crop), or check the µm/px of both.",
        )


def locate(labels: LabelMap, at_px: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Say in which compartment points lie.

    Parameters
    ----------
    labels : LabelMap
    at_px : (n, 2) array
        Rows and columns in pixels of the map; whole numbers are pixel centres.

    Returns
    -------
    (n,) array of uint8
        Values of `Compartment`, `EXCLUDED` or `OUTSIDE`: places in `LOCATIONS`. What an exclusion covers has no say.

    Examples
    --------
    The corner of a staircase belongs to what lies around it.

    >>> stairs = np.where(np.add.outer(np.arange(9), np.arange(9)) < 9, Compartment.CRYPT, Compartment.LAMINA_PROPRIA)
    >>> corner = np.array([[4.4, 4.4]])
    >>> [LOCATIONS[locate(LabelMap(stairs, mpp=mpp), corner)[0]] for mpp in (1.0, 2.0)]
    ['crypt', 'lamina_propria']
    """
    pixel = np.floor(at_px + 0.5).astype(np.int64)
    inside = ((pixel >= 0) & (pixel < np.array(labels.shape))).all(axis=1)
    codes = np.full(len(at_px), OUTSIDE, dtype=np.uint8)
    rows, cols = pixel[inside].T
    found = labels.array[rows, cols]
    if labels.mpp > _FINE_MPP:
        points = at_px[inside]
        for first in range(0, len(points), _POINTS_AT_ONCE):
            part = slice(first, first + _POINTS_AT_ONCE)
            found[part] = _vote(labels, points[part])
    if labels.excluded is not None:
        found = np.where(labels.excluded[rows, cols] > 0, np.uint8(EXCLUDED), found)
    codes[inside] = found
    return codes


def compartment_areas_um2(labels: LabelMap) -> NDArray[np.float64]:
    """Measure the room of each compartment in the same division that `locate` makes.

    Parameters
    ----------
    labels : LabelMap

    Returns
    -------
    (k,) array
        µm² by value of `Compartment`; without what is excluded.

    Examples
    --------
    >>> compartment_areas_um2(LabelMap(np.full((10, 10), Compartment.CRYPT), mpp=2.0))[Compartment.CRYPT]
    np.float64(400.0)
    """
    n_px = np.zeros(len(Compartment), dtype=np.int64)
    for first in range(0, labels.shape[0], _ROWS_AT_ONCE):
        divided, is_seen = _divide(labels, first, min(first + _ROWS_AT_ONCE, labels.shape[0]))
        n_px += np.bincount(divided[is_seen], minlength=len(Compartment))
    return np.asarray(n_px * labels.mpp**2, dtype=np.float64)


def _vote(labels: LabelMap, at_px: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Weigh the pixels around each point; beyond the edge the map goes on as it ends."""
    nearest = np.floor(at_px + 0.5).astype(np.int64)
    offsets = np.arange(-_REACH_PX, _REACH_PX + 1)
    away = offsets + (nearest - at_px)[..., None]
    weights = np.exp(-(away**2) / (2 * _SIGMA_PX**2)).astype(np.float32)
    last_row, last_col = np.array(labels.shape) - 1
    votes = np.zeros((len(at_px), len(Compartment)), dtype=np.float32)
    everyone = np.arange(len(at_px))
    for i, down in enumerate(offsets):
        rows = np.clip(nearest[:, 0] + down, 0, last_row)
        for j, across in enumerate(offsets):
            cols = np.clip(nearest[:, 1] + across, 0, last_col)
            weight = weights[:, 0, i] * weights[:, 1, j]
            if labels.excluded is not None:
                weight = weight * (labels.excluded[rows, cols] == 0)
            votes[everyone, labels.array[rows, cols]] += weight
    return np.asarray(votes.argmax(axis=1), dtype=np.uint8)


def _divide(labels: LabelMap, first: int, last: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Give each pixel of some rows to the compartment that most around its centre is of, and say which are seen."""
    top, bottom = max(first - _REACH_PX, 0), min(last + _REACH_PX, labels.shape[0])
    array = labels.array[top:bottom]
    seen = np.ones(array.shape, dtype=bool) if labels.excluded is None else labels.excluded[top:bottom] == 0
    own = slice(first - top, last - top)
    if labels.mpp <= _FINE_MPP:
        return array[own], seen[own]
    size = (2 * _REACH_PX + 1, 2 * _REACH_PX + 1)
    most = np.full(array.shape, -1.0, dtype=np.float32)
    divided = np.zeros(array.shape, dtype=np.uint8)
    for code in np.unique(array):
        share = ((array == code) & seen).astype(np.float32)
        around = np.asarray(cv2.GaussianBlur(share, size, _SIGMA_PX, borderType=cv2.BORDER_REPLICATE))
        is_more = around > most
        most[is_more] = around[is_more]
        divided[is_more] = code
    return divided[own], seen[own]
