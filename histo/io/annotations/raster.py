"""Label maps from what was drawn."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray

from histo.errors import InvalidAnnotation, InvalidArgument
from histo.io.annotations.annotation import Annotation
from histo.types import Compartment, LabelMap

__all__ = ["fill_rings", "labels_from_annotations"]


def labels_from_annotations(
    annotations: Iterable[Annotation],
    shape: tuple[int, int],
    *,
    mpp: float,
    slide_mpp: float | None = None,
    origin: tuple[float, float] = (0.0, 0.0),
    ignore_class: str = "ignore",
) -> tuple[LabelMap, NDArray[np.bool_]]:
    """Paint polygons into a label map, later ones over earlier ones.

    A pixel belongs to a polygon when its centre does; where a ring crosses itself, what it winds around twice counts as
    outside. Lines and points have no area and are passed over, so a file with centrelines can be given whole.

    Parameters
    ----------
    annotations : iterable of Annotation
        In the order in which they were drawn. The class of a polygon is the label of a `Compartment` or
        `ignore_class`.
    shape : (int, int)
        Rows and columns of the map.
    mpp : float
        µm per pixel of the map.
    slide_mpp : float, optional
        µm per level-0 pixel, in which annotations are drawn. Without it the same as `mpp`.
    origin : (float, float)
        Level-0 (row, column) at which the map begins, as in `LabelMap`.
    ignore_class : str
        Class of regions of which nothing is known: background in the map, and marked in the mask.

    Returns
    -------
    labels : LabelMap
        Background where nothing was drawn.
    is_ignored : (rows, cols) array of bool
        Where `ignore_class` was drawn last.

    Raises
    ------
    InvalidAnnotation
        If a polygon has another class or none; the message lists those there are.
    InvalidArgument
        If the shape has no pixels.
    """
    rows, cols = shape
    if rows < 1 or cols < 1:
        raise InvalidArgument("a label map has pixels", expected="rows and cols >= 1", got=str(shape))
    empty = LabelMap(np.zeros((rows, cols), dtype=np.uint8), mpp, origin, mpp if slide_mpp is None else slide_mpp)
    painted, is_ignored = empty.array, np.zeros((rows, cols), dtype=bool)
    for index, annotation in enumerate(annotations):
        polygons = _polygons(annotation)
        if not polygons:
            continue
        is_ignore = annotation.class_name == ignore_class
        value = Compartment.BACKGROUND if is_ignore else _compartment(annotation, index, ignore_class)
        for polygon in polygons:
            window, is_inside = fill_rings(_rings_in_map(polygon, empty), shape)
            painted[window][is_inside] = value
            is_ignored[window][is_inside] = is_ignore
    return empty, is_ignored


def fill_rings(
    rings: list[NDArray[np.float64]], shape: tuple[int, int]
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """Find the pixels whose centre lies within an odd number of rings.

    Parameters
    ----------
    rings : list of (n, 2) array
        (x, y) of closed rings, the last point equal to the first, in pixels whose corners are whole numbers.
    shape : (int, int)
        Rows and columns of the image; what lies outside is left out.

    Returns
    -------
    window : (slice, slice)
        The part of the image that the rings can touch.
    is_inside : array of bool
        The pixels in this window.
    """
    edges = np.concatenate([np.hstack([ring[:-1], ring[1:]]) for ring in rings])
    x_begin, y_begin, x_end, y_end = edges.T
    top, bottom, left, right = _limits(edges, shape)
    window = np.s_[top:bottom, left:right]
    # An edge crosses the centre line r + 0.5 of every row r that lies between its ends.
    first_row = np.clip(np.ceil(np.minimum(y_begin, y_end) - 0.5), top, bottom).astype(np.int64)
    after_row = np.clip(np.ceil(np.maximum(y_begin, y_end) - 0.5), top, bottom).astype(np.int64)
    n_crossed = after_row - first_row
    edge = np.repeat(np.arange(len(edges)), n_crossed)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(n_crossed) - n_crossed, n_crossed) + first_row[edge]
    along = (row + 0.5 - y_begin[edge]) / (y_end[edge] - y_begin[edge])
    x_crossed = x_begin[edge] + along * (x_end[edge] - x_begin[edge])
    # From the first pixel whose centre is not left of the crossing, inside and outside change places.
    col = np.clip(np.ceil(x_crossed - 0.5), left, right).astype(np.int64)
    changes = np.zeros((bottom - top, right - left + 1), dtype=bool)
    place, n_changes = np.unique((row - top) * changes.shape[1] + col - left, return_counts=True)
    changes.flat[place[n_changes % 2 == 1]] = True
    return window, np.logical_xor.accumulate(changes[:, :-1], axis=1)


def _limits(edges: NDArray[np.float64], shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Find the part of the image around the edges: top, bottom, left, right, the second and last not included."""
    rows, cols = shape
    x, y = edges[:, 0::2], edges[:, 1::2]
    top, left = int(np.clip(np.floor(y.min()), 0, rows)), int(np.clip(np.floor(x.min()), 0, cols))
    bottom, right = int(np.clip(np.ceil(y.max()), top, rows)), int(np.clip(np.ceil(x.max()), left, cols))
    return top, bottom, left, right


def _polygons(annotation: Annotation) -> list[shapely.Polygon]:
    parts = shapely.get_parts(annotation.geometry)
    return [part for part in parts if isinstance(part, shapely.Polygon)]


def _rings_in_map(polygon: shapely.Polygon, labels: LabelMap) -> list[NDArray[np.float64]]:
    # Corners, not centres: both the map's and the slide's first pixel begin at 0.
    scale = labels.mpp / labels.slide_mpp
    top, left = labels.origin
    rings = [polygon.exterior, *polygon.interiors]
    return [(shapely.get_coordinates(ring) - (left, top)) / scale for ring in rings]


def _compartment(annotation: Annotation, index: int, ignore_class: str) -> Compartment:
    try:
        return Compartment.from_label(annotation.class_name or "")
    except InvalidArgument:
        known = ", ".join([*(member.label for member in Compartment), ignore_class])
        raise InvalidAnnotation(
            f"annotation {index}: no class that can be painted",
            expected=f"one of {known}",
            got=repr(annotation.class_name),
            next_step="Give it one of these classes, or leave it out.",
        ) from None
