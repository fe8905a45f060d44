"""Chance that belongs to places of an endless plane, so that every window and pixel size shows the same tissue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["Frame", "Stream", "chance", "normal", "scatter", "waves"]

Floats = NDArray[np.float64]
Image = NDArray[np.float32]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_ONE = np.uint64(0xBF58476D1CE4E5B9)
_MIX_TWO = np.uint64(0x94D049BB133111EB)


class Stream(IntEnum):
    """What chance decides on; each has room for ten numbers of its own, from its value on."""

    CELL = 10
    COURSE = 20
    PHASE = 30
    GAP = 40
    BAND = 50
    BEAD = 60
    SPIKE = 70
    WALL = 80
    PUNCTUM = 90
    BLOB = 100
    ILLUMINATION = 110
    CLOUD = 120
    TEXTURE = 130
    BRIGHTNESS = 140
    NUCLEUS = 150
    MEMBRANE = 160
    GRAIN = 170
    CYTOPLASM = 180


@dataclass(frozen=True)
class Frame:
    """The window of the plane that a picture shows.

    Parameters
    ----------
    top_um, left_um : float
        Outer corner of the first pixel.
    shape : (int, int)
        Rows and columns.
    mpp : float
        µm per pixel.
    """

    top_um: float
    left_um: float
    shape: tuple[int, int]
    mpp: float

    @property
    def corner(self) -> Floats:
        """Outer corner of the first pixel, (row, column) in µm."""
        return np.array([self.top_um, self.left_um])

    @property
    def size_um(self) -> Floats:
        """Height and width in µm."""
        return np.array(self.shape) * self.mpp

    @property
    def area_um2(self) -> float:
        """Area in µm²."""
        return float(self.size_um.prod())

    def to_pixels(self, points_um: Floats) -> Floats:
        """Turn places of the plane into pixels whose centres are whole numbers."""
        return (points_um - self.corner) / self.mpp - 0.5

    def contains(self, points_um: Floats) -> NDArray[np.bool_]:
        """Say which places lie in the window."""
        inside = points_um - self.corner
        return np.asarray(((inside >= 0) & (inside < self.size_um)).all(axis=-1))

    def shows(self, pixels: Floats) -> NDArray[np.bool_]:
        """Say which places, given in pixels whose centres are whole numbers, lie in the window."""
        return np.asarray(((pixels >= -0.5) & (pixels < np.array(self.shape) - 0.5)).all(axis=-1))

    def padded(self, margin_um: float) -> tuple[Frame, int]:
        """Widen the window by whole pixels on every side; returns it and their number."""
        pad = int(np.ceil(margin_um / self.mpp))
        wider = Frame(
            self.top_um - pad * self.mpp,
            self.left_um - pad * self.mpp,
            (self.shape[0] + 2 * pad, self.shape[1] + 2 * pad),
            self.mpp,
        )
        return wider, pad


def chance(seed: int, stream: int, *keys: NDArray[np.int64]) -> Floats:
    """Draw a number above 0 and below 1 for each key: always the same for the same seed, stream and key.

    The mixing function is that of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).

    Parameters
    ----------
    seed, stream : int
        Which tissue, and which of its properties.
    *keys : (n,) int64 array
        What the numbers belong to: lattice places, identities.
    """
    state = _mix(np.full(np.shape(keys[0]), (seed * 0x1F123BB5 + stream) & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64))
    for key in keys:
        state = _mix(state ^ (np.asarray(key, dtype=np.int64).astype(np.uint64) * _GOLDEN))
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(seed: int, stream: int, *keys: NDArray[np.int64]) -> Floats:
    """Draw a standard normal deviate for each key."""
    return np.asarray(ndtri(chance(seed, stream, *keys)))


def scatter(frame: Frame, per_mm2: float, seed: int, stream: int) -> tuple[Floats, NDArray[np.int64]]:
    """Scatter points over the plane, and find those in the window.

    Returns
    -------
    points : (n, 2) array
        Places in µm.
    keys : (n,) int64 array
        One for each point, to draw its properties with.
    """
    if per_mm2 <= 0:
        return np.empty((0, 2)), np.empty(0, np.int64)
    # One point in every fourth square of a lattice: close to a Poisson process, and known square by square.
    side = np.sqrt(0.25 / per_mm2) * 1000
    low = np.floor(frame.corner / side).astype(np.int64)
    high = np.floor((frame.corner + frame.size_um) / side).astype(np.int64) + 1
    rows, cols = (part.ravel() for part in np.mgrid[low[0] : high[0], low[1] : high[1]])
    is_there = chance(seed, stream, rows, cols) < 0.25
    rows, cols = rows[is_there], cols[is_there]
    offset = np.stack([chance(seed, stream + 1, rows, cols), chance(seed, stream + 2, rows, cols)], axis=1)
    points = (np.stack([rows, cols], axis=1) + offset) * side
    inside = frame.contains(points)
    return points[inside], rows[inside] * 1_000_003 + cols[inside]


def waves(frame: Frame, scale_um: float, seed: int, stream: int, n: int = 24) -> Image:
    """Draw a smooth random surface of unit standard deviation as a sum of plane waves.

    Parameters
    ----------
    scale_um : float
        Width of its hills; waves are 1.4 to 4 times as long.
    n : int
        Number of waves.
    """
    keys = np.arange(n)
    direction = 2 * np.pi * chance(seed, stream, keys)
    number = 2 * np.pi / (scale_um * (1.4 + 2.6 * chance(seed, stream + 1, keys)))
    phase = 2 * np.pi * chance(seed, stream + 2, keys)
    rows, cols = (
        low + (np.arange(size) + 0.5) * frame.mpp for low, size in zip(frame.corner, frame.shape, strict=True)
    )
    down = rows[:, None] * (number * np.sin(direction)) + phase
    right = cols[:, None] * (number * np.cos(direction))
    left_side = np.concatenate([np.cos(down), -np.sin(down)], axis=1).astype(np.float32)
    right_side = np.concatenate([np.cos(right), np.sin(right)], axis=1).astype(np.float32)
    return np.asarray(left_side @ right_side.T * np.float32(np.sqrt(2 / n)), dtype=np.float32)


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + _GOLDEN
    state = (state ^ (state >> np.uint64(30))) * _MIX_ONE
    state = (state ^ (state >> np.uint64(27))) * _MIX_TWO
    return np.asarray(state ^ (state >> np.uint64(31)))
