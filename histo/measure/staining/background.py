"""The level of a picture without stain, and its noise; where a field is full, that nothing empty was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Background", "BackgroundSource", "estimate_noise", "find_background"]

BackgroundSource = Literal["given", "lumen", "dark", "none_seen"]

_SMOOTH_UM = 1.0
_MIN_LUMEN_UM2 = 200.0
_FLOOR_PERCENTILE = 0.5
_FLOOR_NOISES = 6.0
_FLOOR_SHARE = 0.02
_MIN_EMPTY = 0.03
# Response of the difference of two Laplacians to noise of standard deviation 1.
_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_KERNEL_GAIN = 6.0


@dataclass(frozen=True)
class Background:
    """What is taken off.

    Parameters
    ----------
    level : float
        Counts or optical density.
    noise : float
        Standard deviation from pixel to pixel.
    source : {"given", "lumen", "dark", "none_seen"}
        Where the level was read off.
    """

    level: float
    noise: float
    source: BackgroundSource


def estimate_noise(values: NDArray[np.float32]) -> float:
    """Estimate the standard deviation of the noise of a picture.

    Parameters
    ----------
    values : (rows, cols) array

    Returns
    -------
    float
        From the median response to a mask that planes and straight edges leave at 0 (Immerkaer J. Fast noise variance
        estimation. Comput Vis Image Underst 1996; 64: 300-302, who takes the mean; lines of stain would raise it). 0
        where most of the picture is flat, as cut off at black.

    Examples
    --------
    >>> noisy = np.random.default_rng(0).normal(100, 5, (200, 200)).astype(np.float32)
    >>> round(estimate_noise(noisy))
    5
    """
    response = cv2.filter2D(values, cv2.CV_32F, _KERNEL, borderType=cv2.BORDER_REFLECT)
    return float(np.median(np.abs(response))) * 1.4826 / _KERNEL_GAIN


def find_background(
    values: NDArray[np.float32], mpp: float, *, lumen: NDArray[np.bool_] | None = None, given: float | None = None
) -> Background:
    """Find the level of a picture without stain.

    Parameters
    ----------
    values : (rows, cols) array
        Counts or optical density.
    mpp : float
        µm per pixel.
    lumen : (rows, cols) bool array, optional
        Where labels say that there is no tissue, away from its border.
    given : float, optional
        The level, where it is known.

    Returns
    -------
    Background
        The level given; or the median of the lumen, where at least 200 µm² of it are seen; or the median of the
        field's floor: what lies within noise of its darkest part, if that is at least 3 % of the field. A full field
        has no such floor, and a percentile would take stain for background: then the darkest part is taken, and the
        source says ``none_seen``.
    """
    noise = estimate_noise(values)
    if given is not None:
        return Background(float(given), noise, "given")
    if lumen is not None and np.count_nonzero(lumen) * mpp**2 >= _MIN_LUMEN_UM2:
        return Background(float(np.median(values[lumen])), noise, "lumen")
    width = max(3, 2 * round(_SMOOTH_UM / mpp / 2) + 1)
    smooth = cv2.blur(values, (width, width), borderType=cv2.BORDER_REFLECT)
    floor, bright = (float(value) for value in np.percentile(smooth, [_FLOOR_PERCENTILE, 99.0]))
    above = max(_FLOOR_NOISES * noise / width, _FLOOR_SHARE * (bright - floor))
    is_floor = smooth <= floor + above
    if np.count_nonzero(is_floor) < _MIN_EMPTY * is_floor.size:
        return Background(floor, noise, "none_seen")
    return Background(float(np.median(values[is_floor])), noise, "dark")
