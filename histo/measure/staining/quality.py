"""Whether a stained picture may be measured: saturation, focus, evenness."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from histo.errors import UnusableStaining
from histo.measure.staining.settings import QualityLimits

__all__ = ["StainingQuality", "finest_detail_um", "judge", "saturated_percent", "unevenness"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_BLOCKS = 4
_MIN_SHARE = 0.02
_MAX_CHANCE = 0.01
_REBLUR_UM = 2.0
_SMOOTH_UM = 0.7
_SMOOTH_PX = 0.8
_STRONG = 0.3
_SLOPE_NOISES = 8.0
_SHARPEST_PERCENTILE = 25.0
_FEWEST_SLOPES = 100


@dataclass(frozen=True)
class StainingQuality:
    """Figures of a picture's quality, columns of the ``staining`` table; not a number where one cannot be known."""

    saturated_percent: float
    finest_detail_um: float
    unevenness: float


def judge(quality: StainingQuality, limits: QualityLimits, *, is_strict: bool) -> list[str]:
    """List what is beyond its limit, or refuse the picture for it.

    Parameters
    ----------
    quality : StainingQuality
    limits : QualityLimits
    is_strict : bool
        Whether to refuse.

    Returns
    -------
    list of str
        Of ``saturated``, ``out_of_focus`` and ``uneven``.

    Raises
    ------
    UnusableStaining
        If `is_strict` and anything is beyond its limit; all of it in one message, with the next step of each.
    """
    found = [(flag, name, step) for flag, name, step in _REMEDIES if getattr(quality, name) > getattr(limits, name)]
    if found and is_strict:
        raise UnusableStaining(
            "the picture cannot be measured: " + ", ".join(flag for flag, _, _ in found),
            expected=", ".join(f"{name} up to {getattr(limits, name):g}" for _, name, _ in found),
            got=", ".join(f"{name} {getattr(quality, name):.3g}" for _, name, _ in found),
            next_step=" ".join(step for _, _, step in found),
        )
    return [flag for flag, _, _ in found]


_REMEDIES = (
    ("saturated", "saturated_percent", "Image it again at a shorter exposure; what is cut off cannot be recovered."),
    ("out_of_focus", "finest_detail_um", "Focus and image it again, or leave the field out."),
    ("uneven", "unevenness", "Correct the illumination by a flat field, or leave the bleached part out."),
)


def saturated_percent(is_saturated: Mask | None, area: Mask) -> float:
    """Share of an area at the end of the camera's scale, percent; not a number where that cannot be known."""
    if is_saturated is None or not area.any():
        return float("nan")
    return 100.0 * float(np.mean(is_saturated[area]))


def finest_detail_um(values: Image, mpp: float, noise: float) -> float:
    """Estimate the blur of a picture's sharpest details.

    Parameters
    ----------
    values : (rows, cols) array
        Counts or optical density.
    mpp : float
        µm per pixel.
    noise : float
        Standard deviation from pixel to pixel.

    Returns
    -------
    float
        Standard deviation of the blur of a step that is as sharp as the sharpest quarter of the places that stand out
        of the noise, µm. Not a number where fewer than 100 do.

    Notes
    -----
    Blurring a step of blur s once more by t lowers its slope by sqrt(1 + t²/s²), from which s is known (Zhuo S, Sim T.
    Defocus map estimation from a single image. Pattern Recognit 2011; 44: 1852-1858). A line as thin as the blur loses
    more than a step and so passes for one of half the blur. Below half a pixel nothing is said.
    """
    first = max(_SMOOTH_UM / mpp, _SMOOTH_PX)
    smooth = cv2.GaussianBlur(values, (0, 0), first)
    more = max(_REBLUR_UM / mpp, 2 * first)
    slope, lower = _slope(smooth), _slope(cv2.GaussianBlur(smooth, (0, 0), more))
    # A slope of smoothed noise has this standard deviation in each direction.
    of_noise = noise / (np.sqrt(8 * np.pi) * first**2)
    strong = max(_SLOPE_NOISES * of_noise, _STRONG * float(np.percentile(slope, 99.5)))
    chosen = (slope > strong) & (slope >= cv2.dilate(slope, np.ones((3, 3), np.uint8))) & (lower > 0)
    if np.count_nonzero(chosen) < _FEWEST_SLOPES:
        return float("nan")
    ratio = np.maximum(slope[chosen] / lower[chosen], 1.0 + 1e-4)
    squared = more**2 / (ratio**2 - 1) - first**2
    sharpest = float(np.percentile(squared, _SHARPEST_PERCENTILE))
    return float(np.sqrt(max(sharpest, 0.5**2))) * mpp


def unevenness(signal: Image, expected: Image, *, fewest_parts: int = 6) -> float:
    """Measure a slope of brightness across the field.

    Parameters
    ----------
    signal : (rows, cols) array
        Signal, background taken off.
    expected : (rows, cols) array
        What signal each pixel should have, on any scale, where parts should be alike everywhere; 0 elsewhere.

    fewest_parts : int
        In so many of the 16 parts there must be pixels that are alike.

    Returns
    -------
    float
        The field is parted into 4 x 4; through the signal over that expected of each part, a plane is laid. Difference
        of the plane's ends over its mean; 0 where it explains no more of the variance between the parts than chance
        does once in a hundred times (F test). Not a number where fewer parts hold 2 % of such pixels.
    """
    row_block, col_block = (np.arange(n) * _BLOCKS // n for n in signal.shape)
    block = row_block[:, None] * _BLOCKS + col_block
    alike = expected > 0
    own = block[alike]
    count = np.bincount(own, minlength=_BLOCKS**2)
    enough = count >= _MIN_SHARE * signal.size / _BLOCKS**2
    if np.count_nonzero(enough) < fewest_parts:
        return float("nan")
    seen, due = (np.bincount(own, image[alike], minlength=_BLOCKS**2)[enough] for image in (signal, expected))
    means = seen / due
    places = np.stack(np.divmod(np.flatnonzero(enough), _BLOCKS), axis=1) - (_BLOCKS - 1) / 2
    plane = np.column_stack([np.ones(len(places)), places])
    solved = np.linalg.lstsq(plane, means, rcond=None)[0]
    variance = float(np.var(means))
    if solved[0] <= 0 or variance == 0:
        return 0.0
    explained = min(1 - float(np.var(means - plane @ solved)) / variance, 1 - 1e-9)
    ratio = explained / 2 / ((1 - explained) / (len(means) - 3))
    if f_distribution.sf(ratio, 2, len(means) - 3) > _MAX_CHANCE:
        return 0.0
    return float(np.abs(solved[1:]).sum() * _BLOCKS / solved[0])


def _slope(image: NDArray[np.generic]) -> Image:
    row, col = np.gradient(np.asarray(image, dtype=np.float32))
    return np.asarray(np.hypot(row, col), dtype=np.float32)
