"""From borders along pixels to curves along the crest of the map, finer than pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from histo.measure.junction.ridge import across, even_points, normals_of, smooth_along

__all__ = ["fit_crest", "smooth_curve"]

Floats = NDArray[np.float64]

# A border along pixels strays from the crest by about one of them; twice as much is searched.
_REACH, _STEP = 2.0, 0.5
_ROUNDS = 3
# Smooths the steps of a border along pixels away before its crest is looked for.
_STEPS = 1.0
# A crest that rises this far over the map beside it is followed fully. Without one the border itself counts a little,
# so that the bridge over a gap stays where it parts the cells.
_CLEAR_RISE, _BORDER_TRUST = 0.1, 0.02


def fit_crest(border: Floats, crest: NDArray[np.float32], shortest_wave: float, *, is_ring: bool) -> Floats:
    """Move a curve onto the crest of a map.

    At each point the crest is looked for across the curve and found between pixels. The curve follows where the crest
    is clear; where there is none, as in a gap, it goes on smoothly.

    Parameters
    ----------
    border : (n, 2) array
        Row and column along a border, in pixels; a ring's last is its first.
    crest : (rows, cols) array
        Coefficients of the cubic spline through the map, from `scipy.ndimage.spline_filter`.
    shortest_wave : float
        Length in pixels of the shortest wave that the curve follows by half.
    is_ring : bool
        Whether it closes on itself.

    Returns
    -------
    (m, 2) array
        Points about one pixel apart.
    """
    points = smooth_along(even_points(border), _STEPS, is_ring=is_ring)
    offsets = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    for _ in range(_ROUNDS):
        points = even_points(points)
        normals = normals_of(points, is_ring=is_ring)
        found, rise = _crest_offsets(across(crest, points, normals, offsets, is_spline=True), offsets)
        trust = np.clip(rise / _CLEAR_RISE, _BORDER_TRUST, 1.0)
        points = smooth_curve(points + found[:, None] * normals, trust, shortest_wave, is_ring=is_ring)
    return even_points(points)


def _crest_offsets(profiles: Floats, offsets: Floats) -> tuple[Floats, Floats]:
    """Find how far off each profile is highest, and how clearly: its rise over the higher of its ends."""
    top = profiles[:, 1:-1].argmax(axis=1) + 1
    rows = np.arange(len(profiles))
    left, middle, right = (profiles[rows, top + step] for step in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -1e-9)
    between = np.clip(0.5 * (left - right) / bend, -1.0, 1.0)
    found = offsets[top] + between * (offsets[1] - offsets[0])
    is_inside = (top > 1) & (top < len(offsets) - 2)
    rise = middle - np.maximum(profiles[:, 0], profiles[:, -1])
    return np.where(is_inside, found, 0.0), np.where(is_inside, np.maximum(rise, 0.0), 0.0)


def smooth_curve(points: Floats, trust: Floats, shortest_wave: float, *, is_ring: bool) -> Floats:
    """Smooth a curve by weighted least squares with a penalty on its bending (Whittaker, Proc Edinb Math Soc 1923).

    Parameters
    ----------
    points : (n, 2) array
        Evenly spaced.
    trust : (n,) array
        Weight of each point, 0 to 1; where it is low the curve goes on from its neighbours.
    shortest_wave : float
        Wave, in steps from point to point, that passes by half where the trust is 1.
    is_ring : bool
        Whether the last point is the first again.

    Returns
    -------
    (n, 2) array
    """
    if is_ring:
        reach = min(len(points) - 1, int(3 * shortest_wave) + 1)
        around = [np.concatenate([v[-reach - 1 : -1], v, v[1 : reach + 1]]) for v in (points, trust)]
        smooth = smooth_curve(around[0], around[1], shortest_wave, is_ring=False)[reach : reach + len(points)]
        smooth[-1] = smooth[0]
        return smooth
    # The upper band of D'D, where D takes second differences.
    band = np.zeros((3, len(points)))
    band[2, :-2] += 1
    band[2, 1:-1] += 4
    band[2, 2:] += 1
    band[1, 1:-1] -= 2
    band[1, 2:] -= 2
    band[0, 2:] += 1
    band *= (shortest_wave / (2 * np.pi)) ** 4
    band[2] += trust
    return np.asarray(solveh_banded(band, trust[:, None] * points))
