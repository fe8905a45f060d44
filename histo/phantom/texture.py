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
    noise = rng.standard_normal(coarse, dtype=np.float32)
    if factor > 1:
        size = (int(coarse[1] * factor), int(coarse[0] * factor))
        noise = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
    cut = np.asarray(noise[: shape[0], : shape[1]])
    return cut / np.float32(cut.std() + 1e-6)


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
    tile = rng.standard_normal((512, 512), dtype=np.float32)
    tile = cv2.GaussianBlur(tile, (0, 0), 1.0)
    tile /= tile.std()
    wave = 3.0 * width_um * np.sin(position_um / (6 * length_um) + 2 * np.sin(position_um / (17 * length_um)))
    at_x = np.mod(2 * position_um / length_um, 1022)
    at_y = np.mod(2 * (distance_um + wave) / width_um, 1022)
    # Running forth and back over the tile has no seam.
    at_x = np.where(at_x > 511, 1022 - at_x, at_x).astype(np.float32)
    at_y = np.where(at_y > 511, 1022 - at_y, at_y).astype(np.float32)
    return np.asarray(cv2.remap(tile, at_x, at_y, cv2.INTER_LINEAR))


def smooth_step(values: Image, low: float, high: float) -> Image:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)
