"""A smooth curve in the plane, sampled every 2 µm, and every pixel's place relative to it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["STEP_UM", "CoarseGrid", "Curve", "CurveField", "evenly_spaced", "locate"]

Floats = NDArray[np.float64]
STEP_UM = 2.0
_COARSE_UM = 4.0


@dataclass(frozen=True, eq=False)
class Curve:
    """Points every 2 µm with their normals.

    Parameters
    ----------
    points, normals : (n, 2) array
        Places in µm (row, column), and unit vectors to the left of the curve's direction.
    is_closed : bool
        Whether the curve ends where it begins.
    """

    points: Floats
    normals: Floats
    is_closed: bool

    @classmethod
    def through(cls, points: Floats, *, is_closed: bool) -> Curve:
        """Lay a curve through points, spacing them evenly."""
        even = evenly_spaced(points, closed=is_closed)
        return cls(even, _normals(even, closed=is_closed), is_closed)

    @property
    def length_um(self) -> float:
        """Length of the curve."""
        return STEP_UM * (len(self.points) - (0 if self.is_closed else 1))

    def at(self, position_um: Floats, values: Floats) -> Floats:
        """Interpolate per-point values (n,) or (n, k) at arc lengths; a closed curve goes on around its end."""
        n_steps = len(self.points) if self.is_closed else len(self.points) - 1
        steps = np.asarray(position_um, dtype=float) / STEP_UM
        steps = np.mod(steps, n_steps) if self.is_closed else np.clip(steps, 0, n_steps)
        low = np.minimum(steps.astype(int), n_steps - 1)
        share = steps - low
        high = (low + 1) % len(self.points)
        if values.ndim > 1:
            share = share[..., None]
        blended: Floats = values[low] * (1 - share) + values[high] * share
        return blended


@dataclass(frozen=True, eq=False)
class CoarseGrid:
    """A grid of about 4 µm over the pixels, and the arc length nearest to each of its places."""

    shape: tuple[int, int]
    factor: int
    pixels: tuple[int, int]
    position_um: Floats

    def spread(self, values: Floats, interpolation: int) -> NDArray[np.float32]:
        """Interpolate the grid's values at every pixel."""
        size = (self.shape[1] * self.factor, self.shape[0] * self.factor)
        fine = cv2.resize(values.reshape(self.shape).astype(np.float32), size, interpolation=interpolation)
        return np.asarray(fine[: self.pixels[0], : self.pixels[1]])

    def spread_steps(self, values: Floats, step: float) -> NDArray[np.float32]:
        """Interpolate, but not across steps larger than `step`, as where the nearest place changes to another turn."""
        linear = self.spread(values, cv2.INTER_LINEAR)
        blocky = self.spread(values, cv2.INTER_NEAREST)
        return np.where(np.abs(linear - blocky) > step, blocky, linear)


@dataclass(frozen=True, eq=False)
class CurveField:
    """Every pixel's nearest place on a curve.

    Parameters
    ----------
    position_um, distance_um : (rows, cols) float32 array
        Arc length of the nearest place, and signed distance from it (positive along the normal).
    is_beside : (rows, cols) bool array
        Whether the nearest place is not an open end.
    coarse : CoarseGrid
        The grid that the search ran on.
    """

    position_um: NDArray[np.float32]
    distance_um: NDArray[np.float32]
    is_beside: NDArray[np.bool_]
    coarse: CoarseGrid

    def spread(self, curve: Curve, values: Floats) -> NDArray[np.float32]:
        """Give every pixel the value that a slowly varying quantity has at its nearest place."""
        return self.coarse.spread(curve.at(self.coarse.position_um, values), cv2.INTER_LINEAR)


def locate(curve: Curve, shape: tuple[int, int], mpp: float) -> CurveField:
    """Find every pixel's nearest place on the curve.

    The search runs on a 4 µm grid and is interpolated: distances from a smooth curve are smooth, and at a radius of
    0.5 mm the error is 4 nm.
    """
    factor = max(1, round(_COARSE_UM / mpp))
    coarse_shape = (-(-shape[0] // factor) + 1, -(-shape[1] // factor) + 1)
    centres = [((np.arange(size) + 0.5) * factor) * mpp for size in coarse_shape]
    grid = np.stack(np.meshgrid(*centres, indexing="ij"), axis=-1).reshape(-1, 2)
    _, nearest = cKDTree(curve.points).query(grid)
    offset = grid - curve.points[nearest]
    normals = curve.normals[nearest]
    tangents = np.stack([normals[:, 1], -normals[:, 0]], axis=1)
    along = np.clip((offset * tangents).sum(axis=1), -STEP_UM, STEP_UM)
    is_end = np.zeros(len(grid)) if curve.is_closed else (nearest == 0) | (nearest == len(curve.points) - 1)
    component = (offset * normals).sum(axis=1)
    coarse = CoarseGrid(coarse_shape, factor, shape, nearest * STEP_UM + along)
    return CurveField(
        position_um=coarse.spread_steps(coarse.position_um, 4 * _COARSE_UM),
        distance_um=coarse.spread_steps(component, 2 * factor * mpp),
        is_beside=coarse.spread(np.asarray(is_end, dtype=float), cv2.INTER_NEAREST) < 0.5,
        coarse=coarse,
    )


def evenly_spaced(points: Floats, *, closed: bool) -> Floats:
    """Space points 2 µm apart; a closed curve is scaled by less than one step to come out even."""
    ring = np.concatenate([points, points[:1]]) if closed else points
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    n = max(8, round(arc[-1] / STEP_UM))
    if closed:
        scale, centre = n * STEP_UM / arc[-1], points.mean(axis=0)
        ring, arc = centre + (ring - centre) * scale, arc * scale
    where = np.arange(n if closed else n + 1) * STEP_UM
    return np.stack([np.interp(where, arc, ring[:, axis]) for axis in range(2)], axis=1)


def _normals(points: Floats, *, closed: bool) -> Floats:
    """Take unit normals from differences over 12 µm."""
    span = 3
    if closed:
        tangent = np.roll(points, -span, axis=0) - np.roll(points, span, axis=0)
    else:
        padded = np.pad(points, ((span, span), (0, 0)), mode="reflect", reflect_type="odd")
        tangent = padded[2 * span :] - padded[: -2 * span]
    tangent = tangent / np.hypot(*tangent.T)[:, None]
    return np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
