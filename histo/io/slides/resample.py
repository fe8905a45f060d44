"""Anti-aliased resampling on one grid for the whole slide, so that tiles and windows give the same pixels.

An output pixel is the mean of the source over exactly the area it covers, fractions of source pixels included; when it
is smaller than a source pixel, the source is interpolated linearly between pixel centres. The value depends only on
where on the slide the pixel lies, never on the window that it was read with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["AxisPlan", "plan_axis", "resample"]

# Positions are rounded to this fraction of a source pixel: it takes away what floating-point sums add at the 12th
# digit, so that an edge meant to fall on a pixel border falls on it from whichever window it is computed.
_SUBPIXEL = 2.0**-16


@dataclass(frozen=True, eq=False)
class AxisPlan:
    """How the output pixels along one axis are made from source pixels.

    Parameters
    ----------
    low, high : int
        Source pixels that are needed: ``low <= i < high``. Both are 0 when the window lies outside.
    first, last : int
        Output pixels that lie on the slide: ``first <= i < last``; the others are filled.
    weights : sparse matrix of (last - first, high - low), or None
        Weights of the source pixels. None when output and source pixels coincide.
    """

    low: int
    high: int
    first: int
    last: int
    weights: sparse.csr_matrix | None


def plan_axis(start: float, step: float, count: int, size: int) -> AxisPlan:
    """Plan one axis of a window.

    Parameters
    ----------
    start : float
        Outer edge of the first output pixel, in source pixels from the slide's outer edge. It may be negative.
    step : float
        Width of an output pixel in source pixels.
    count : int
        Number of output pixels.
    size : int
        Number of source pixels there are.

    Returns
    -------
    AxisPlan

    Examples
    --------
    >>> plan_axis(start=1.0, step=1.5, count=2, size=10).weights.toarray().round(3)
    array([[0.667, 0.333, 0.   ],
           [0.   , 0.333, 0.667]])
    """
    edges = _snap(start + step * np.arange(count + 1, dtype=np.float64))
    centres = (edges[:-1] + edges[1:]) / 2
    on_slide = np.flatnonzero((centres > 0) & (centres < size))
    if on_slide.size == 0:
        return AxisPlan(0, 0, 0, 0, None)
    first, last = int(on_slide[0]), int(on_slide[-1]) + 1
    if step == 1 and float(edges[0]).is_integer():
        low = int(edges[first])
        return AxisPlan(low, low + last - first, first, last, None)
    if step >= 1:
        rows, sources, values = _area_weights(edges[first : last + 1], size)
    else:
        rows, sources, values = _linear_weights(centres[first:last], size)
    low, high = int(sources.min()), int(sources.max()) + 1
    weights = sparse.csr_matrix((values, (rows, sources - low)), shape=(last - first, high - low))
    return AxisPlan(low, high, first, last, weights)


def resample(source: NDArray[Any], rows: AxisPlan, cols: AxisPlan, shape: tuple[int, int], fill: float) -> NDArray[Any]:
    """Make a window from the source pixels that its two plans ask for.

    Parameters
    ----------
    source : (rows.high - rows.low, cols.high - cols.low, channels) array
        The source pixels.
    rows, cols : AxisPlan
        Plans of both axes.
    shape : (int, int)
        Rows and columns of the output.
    fill : float
        Value of output pixels outside the slide.

    Returns
    -------
    (rows, cols, channels) array
        Of the type of `source`; integers are rounded to the nearest.
    """
    is_copy = rows.weights is None and cols.weights is None
    inside = source if is_copy else _weigh(source, rows.weights, cols.weights)
    if inside.shape[:2] == shape:
        return inside
    window = np.full((*shape, source.shape[2]), fill, source.dtype)
    window[rows.first : rows.last, cols.first : cols.last] = inside
    return window


def _snap(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    snapped: NDArray[np.float64] = np.round(positions / _SUBPIXEL) * _SUBPIXEL
    return snapped


def _area_weights(
    edges: NDArray[np.float64], size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Share of each source pixel in each output pixel, as (output, source, weight) triples."""
    low, high = np.clip(edges[:-1], 0, size), np.clip(edges[1:], 0, size)
    first = np.floor(low).astype(np.intp)
    n_taps = int((np.ceil(high) - first).max())
    sources = first[:, None] + np.arange(n_taps)
    overlap = np.minimum(high[:, None], sources + 1) - np.maximum(low[:, None], sources)
    rows, taps = np.nonzero(overlap > 0)
    weights = overlap[rows, taps] / (high - low)[rows]
    return rows, sources[rows, taps], weights


def _linear_weights(
    centres: NDArray[np.float64], size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Weights of the two source pixels between whose centres an output centre lies, as triples."""
    position = np.clip(centres - 0.5, 0, size - 1)
    first = np.floor(position).astype(np.intp)
    fraction = position - first
    outputs = np.arange(len(centres))
    rows = np.concatenate([outputs, outputs[fraction > 0]])
    sources = np.concatenate([first, first[fraction > 0] + 1])
    weights = np.concatenate([1 - fraction, fraction[fraction > 0]])
    return rows, sources, weights


def _weigh(source: NDArray[Any], rows: sparse.csr_matrix | None, cols: sparse.csr_matrix | None) -> NDArray[Any]:
    precise = np.float32 if source.dtype in (np.uint8, np.uint16, np.float32) else np.float64
    values = source.astype(precise)
    if rows is not None:
        values = _weigh_rows(values, rows)
    if cols is not None:
        values = _transposed(_weigh_rows(_transposed(values), cols))
    if np.issubdtype(source.dtype, np.integer):
        np.rint(values, out=values)
    return values.astype(source.dtype)


def _weigh_rows(values: NDArray[Any], weights: sparse.csr_matrix) -> NDArray[Any]:
    height, width, n_channels = values.shape
    weighed = weights.astype(values.dtype) @ values.reshape(height, width * n_channels)
    result: NDArray[Any] = weighed.reshape(weights.shape[0], width, n_channels)
    return result


def _transposed(values: NDArray[Any]) -> NDArray[Any]:
    """Exchange rows and columns; OpenCV's is several times faster where it knows the pixel width."""
    height, width, n_channels = values.shape
    if values.dtype == np.float32 and n_channels <= 3:
        return np.asarray(cv2.transpose(values)).reshape(width, height, n_channels)
    return np.ascontiguousarray(values.transpose(1, 0, 2))
