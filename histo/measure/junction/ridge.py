"""How a map rises along a curve: the ridge that a junction is, across its middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["across", "even_points", "normals_of", "smooth_along"]

Floats = NDArray[np.float64]


def even_points(points: Floats, spacing: float = 1.0) -> Floats:
    """Put points evenly along a curve, its ends among them; at least three of them."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    position = np.concatenate([[0.0], np.cumsum(steps)])
    n_points = max(int(np.ceil(position[-1] / spacing)) + 1, 3)
    evenly = np.linspace(0.0, position[-1], n_points)
    return np.column_stack([np.interp(evenly, position, points[:, axis]) for axis in (0, 1)])


def smooth_along(values: Floats, sigma: float, *, is_ring: bool) -> Floats:
    """Smooth by a Gaussian along the first axis; ends stay where they are, as the curve goes on mirrored there."""
    if is_ring:
        opened = ndimage.gaussian_filter1d(values[:-1], sigma, axis=0, mode="wrap")
        return np.concatenate([opened, opened[:1]])
    # Mirrored through its end a curve goes straight on, so that the end neither moves nor draws its neighbours in.
    reach = min(int(4 * sigma) + 1, len(values) - 1)
    before = 2 * values[:1] - values[reach:0:-1]
    after = 2 * values[-1:] - values[-2 : -reach - 2 : -1]
    whole = ndimage.gaussian_filter1d(np.concatenate([before, values, after]), sigma, axis=0, mode="nearest")
    return np.asarray(whole[reach : reach + len(values)])


def normals_of(points: Floats, *, is_ring: bool) -> Floats:
    """Find the unit normals of a curve, to the right of its way with rows running down."""
    if is_ring:
        around = np.concatenate([points[-2:-1], points, points[1:2]])
        along = around[2:] - around[:-2]
    else:
        along = np.gradient(points, axis=0)
    length = np.maximum(np.hypot(*along.T), 1e-12)
    return np.asarray(np.column_stack([along[:, 1], -along[:, 0]]) / length[:, None])


def across(
    image: NDArray[np.floating], points: Floats, normals: Floats, offsets: Floats, *, is_spline: bool = False
) -> Floats:
    """Read an image along the normals of a curve.

    Parameters
    ----------
    image : (rows, cols) array
        What is read; beyond the border stands what is nearest on it.
    points, normals : (n, 2) arrays
        The curve, in pixels, and its unit normals.
    offsets : (m,) array
        Distances from the curve, in pixels.
    is_spline : bool
        Whether the image is the coefficients of its cubic spline, which is then what is read between pixels; else it is
        read linearly.

    Returns
    -------
    (n, m) array
    """
    places = points[:, None, :] + offsets[None, :, None] * normals[:, None, :]
    order = 3 if is_spline else 1
    at = np.moveaxis(places, -1, 0)
    return np.asarray(ndimage.map_coordinates(image, at, order=order, mode="nearest", prefilter=False))
