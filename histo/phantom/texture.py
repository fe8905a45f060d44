"""Noise that looks like tissue: isotropic, and fibres that follow the wall."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["along_wall", "grain", "smooth_step"]

Image = NDArray[np.float32]


def grain(shape: tuple[int, int], scale_um: float, mpp: float, rng: np.random.Generator) -> Image:
    """Draw smooth noise of unit standard deviation whose blobs are about `scale_um` wide."""
    factor = max(scale_um / mpp / 2, 1.0)
    coarse = (int(shape[0] / factor) + 4, int(shape[1] / factor) + 4)
    noise: Image = rng.standard_normal(coarse, dtype=np.float32)
    if factor > 1:
        size = (int(coarse[1] * factor), int(coarse[0] * factor))
        noise = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)
    cut = noise[: shape[0], : shape[1]]
    return np.asarray(cut / np.float32(cut.std() + 1e-6), dtype=np.float32)


def along_wall(
    position_um: Image, distance_um: Image, length_um: float, width_um: float, rng: np.random.Generator
) -> Image:
    """Draw noise whose blobs are long along the wall and thin across it, unit standard deviation.

    Parameters
    ----------
    position_um, distance_um : (rows, cols) float32 array
        Every pixel's place along the wall and its distance from it.
    length_um, width_um : float
        Size of a blob along and across.
    """
    tile = cv2.GaussianBlur(rng.standard_normal((512, 512), dtype=np.float32), (0, 0), 1.0)
    tile = tile / tile.std()
    wave = _wave(position_um, distance_um, length_um, rng) * width_um
    at_x = position_um * np.float32(2 / length_um)
    at_y = (distance_um + wave) * np.float32(2 / width_um)
    # Reflection at the tile's borders has no seam.
    found = cv2.remap(tile.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(found, dtype=np.float32)


def _wave(position_um: Image, distance_um: Image, length_um: float, rng: np.random.Generator) -> Image:
    """Draw the slow waves that fibres follow; computed on every fourth pixel, since they are slow."""
    along, across = position_um[::4, ::4], distance_um[::4, ::4]
    strength, phases = rng.uniform(1, 4), rng.uniform(0, 2 * np.pi, 3)
    slow = strength * (
        np.sin(along / (1.3 * length_um) + across / 90 + phases[0])
        + 2 * np.sin(along / (4 * length_um) + across / 160 + phases[1])
        + 0.5 * np.sin(along / (0.45 * length_um) + across / 45 + phases[2])
    )
    shape = position_um.shape
    return np.asarray(
        cv2.resize(slow.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32
    )


def smooth_step(values: Image, low: float, high: float) -> Image:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)
