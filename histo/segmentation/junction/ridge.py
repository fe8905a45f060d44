"""Junctions by ridge filters: no model, no training; the baseline that a network has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.junction_maps import JunctionMaps
from histo.types import PixelSize

__all__ = ["RIDGE_FILTER", "RidgeSettings", "ridge_junctions"]

Picture = NDArray[np.float32]

RIDGE_FILTER = "ridge filter"
"""What stands in `JunctionMaps.seen_by` of what it sees."""

# At its own best scale, sqrt(2) of its spread, a line's curvature times the square of the scale is this share of the
# height it stands out by: 2 / sqrt(27).
_PEAK_OF_A_LINE = 0.385
_MIN_SCALE_PX = 0.8


@dataclass(frozen=True)
class RidgeSettings:
    """What counts as a junction.

    Parameters
    ----------
    scales_um : tuple of float
        Standard deviations of the Gaussians at which lines are looked for, µm.
    neighbourhood_um : float
        How far around a place junctions are looked at to say how strongly they stand out there, µm.
    background_um : float
        How far around a place the signal beside junctions is averaged to say what the background is, µm.
    least_share : float
        Of the contrast of junctions around it, what a line must have to be one as likely as not.
    least_over_noise : float
        Likewise, times the contrast of the middling line of the field, which is noise.
    present_share : float
        Of the contrast of junctions around it, what a place on a junction must have to be as likely stained as not.

    Raises
    ------
    InvalidArgument
        If one is not positive.
    """

    scales_um: tuple[float, ...] = (0.2, 0.3, 0.45, 0.65)
    neighbourhood_um: float = 8.0
    background_um: float = 2.5
    least_share: float = 0.4
    least_over_noise: float = 4.0
    present_share: float = 0.45

    def __post_init__(self) -> None:
        numbers = (
            *self.scales_um,
            self.neighbourhood_um,
            self.background_um,
            self.least_share,
            self.least_over_noise,
            self.present_share,
        )
        if not self.scales_um or min(numbers) <= 0:
            raise InvalidArgument("ridge settings are positive, with one scale at least", got=str(self))


def ridge_junctions(signal: NDArray[np.floating], mpp: float, settings: RidgeSettings | None = None) -> JunctionMaps:
    """See junctions as bright lines that stand out from what is around them.

    Parameters
    ----------
    signal : (rows, cols) array of float
        Higher where more of the stain is, on any scale, with any background.
    mpp : float
        µm per pixel.
    settings : RidgeSettings, optional
        What counts as a junction.

    Returns
    -------
    JunctionMaps
        On the grid of `signal`. A filter sees what is stained: across a gap longer than a line is wide, `centreline`
        falls.

    Raises
    ------
    InvalidArgument
        If the signal is not a filled two-dimensional array of finite numbers.
    MissingPixelSize
        If `mpp` is not a positive number.

    Notes
    -----
    The largest curvature over scales (Lindeberg, Edge detection and ridge detection with automatic scale selection, Int
    J Comput Vis 1998; 30: 117-154), brought to the height that a Gaussian line of that scale stands out by, and judged
    against the lines around it: uneven light and uneven staining cancel.
    """
    chosen = settings or RidgeSettings()
    values = _as_signal(signal)
    PixelSize(mpp)
    contrast = _line_contrast(values, [scale / mpp for scale in chosen.scales_um])
    is_crest = _is_crest(contrast)
    if not is_crest.any():
        nothing = np.zeros(values.shape, np.float32)
        return JunctionMaps(nothing, nothing, mpp, RIDGE_FILTER)
    noise = chosen.least_over_noise * float(np.median(contrast[is_crest]))
    around = chosen.neighbourhood_um / mpp
    usual = _mean_of(contrast, contrast * is_crest, around)
    half = np.maximum(chosen.least_share * usual, noise)
    centreline = _likely(contrast, half)
    height = _height_over_background(values, centreline, chosen, mpp)
    # Where no line is near, the usual height is that of noise: nothing is stained there.
    sure = is_crest & (centreline > 0.5)
    usual_height = _mean_of(height, contrast * sure, around)
    present = _likely(np.maximum(height, 0), np.maximum(chosen.present_share * usual_height, noise / 2))
    return JunctionMaps(centreline, present, mpp, RIDGE_FILTER)


def _as_signal(signal: NDArray[np.floating]) -> Picture:
    values = np.asarray(signal)
    if values.ndim != 2 or values.size == 0:
        raise InvalidArgument("a signal is a filled two-dimensional array", got=f"shape {values.shape}")
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise InvalidArgument("the signal has values that are no numbers", expected="finite", got="NaN or infinite")
    # Only differences matter; without what is common to all, small ones keep their last digits.
    return np.asarray(values - np.median(values), np.float32)


def _line_contrast(values: Picture, scales_px: list[float]) -> Picture:
    """Say by how much a line stands out at each pixel, on the scale of the signal; 0 where it is no crest."""
    best = np.zeros(values.shape, np.float32)
    scales = dict.fromkeys(max(scale, _MIN_SCALE_PX) for scale in scales_px)
    beyond = _reach(max(scales))
    # Mirrored in height too, so that a slope goes on beyond the edge: else it would end there in a crest.
    padded = np.pad(values, beyond, mode="reflect", reflect_type="odd")
    inside = np.s_[beyond:-beyond, beyond:-beyond]
    for scale in scales:
        rows, cols, both = (part[inside] for part in _second_derivatives(padded, scale))
        mean, half_gap = (rows + cols) / 2, np.hypot((rows - cols) / 2, both)
        across, along = half_gap - mean, -half_gap - mean
        # A spot curves down in every direction; a line, and the corner where three meet, in one more than in the other.
        strength = across - 0.5 * np.clip(along, 0, None)
        np.maximum(best, np.float32(scale**2 / _PEAK_OF_A_LINE) * strength, out=best)
    return best


def _second_derivatives(values: Picture, scale: float) -> tuple[Picture, Picture, Picture]:
    reach = _reach(scale)
    at = np.arange(-reach, reach + 1, dtype=np.float64)
    plain = np.exp(-(at**2) / (2 * scale**2))
    plain /= plain.sum()
    first = -at / scale**2 * plain
    first /= -(first * at).sum()
    second = (at**2 / scale**4 - 1 / scale**2) * plain
    second -= second.mean()
    second *= 2 / (second * at**2).sum()

    def filtered(along_cols: NDArray[np.float64], along_rows: NDArray[np.float64]) -> Picture:
        kernels = np.ascontiguousarray(along_cols[::-1]), np.ascontiguousarray(along_rows[::-1])
        return np.asarray(cv2.sepFilter2D(values, cv2.CV_32F, *kernels, borderType=cv2.BORDER_REFLECT), np.float32)

    return filtered(plain, second), filtered(second, plain), filtered(first, first)


def _reach(scale: float) -> int:
    return int(np.ceil(4 * scale))


def _is_crest(contrast: Picture) -> NDArray[np.bool_]:
    """Find the pixels that are the highest of three along a row or a column: middles of lines, and crests of noise."""
    padded = np.pad(contrast, 1)
    along_rows = (contrast > padded[:-2, 1:-1]) & (contrast >= padded[2:, 1:-1])
    along_cols = (contrast > padded[1:-1, :-2]) & (contrast >= padded[1:-1, 2:])
    return np.asarray((along_rows | along_cols) & (contrast > 0), bool)


def _mean_of(values: Picture, weights: NDArray[np.floating], spread_px: float) -> Picture:
    """Average what lies around, weighted; where no weight is, the average of all."""
    weight = weights.astype(np.float32)
    # Far wider than a line: a coarse grid is as good, and many times quicker.
    shrink = max(int(spread_px / 4), 1)
    size = -(-values.shape[1] // shrink), -(-values.shape[0] // shrink)
    total, amount = (
        cv2.GaussianBlur(
            cv2.resize(part, size, interpolation=cv2.INTER_AREA),
            (0, 0),
            spread_px / shrink,
            borderType=cv2.BORDER_REFLECT,
        )
        for part in (values * weight, weight)
    )
    overall = float((values * weight).sum() / max(float(weight.sum()), 1e-30))
    faint = np.float32(1e-6 * max(float(weight.max()), 1e-30))
    mean = np.asarray((total + faint * np.float32(overall)) / (amount + faint), np.float32)
    return np.asarray(cv2.resize(mean, values.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _height_over_background(values: Picture, centreline: Picture, settings: RidgeSettings, mpp: float) -> Picture:
    """Say how much brighter each pixel is than what lies beside junctions around it."""
    reach = 2 * int(np.ceil(2 * max(settings.scales_um) / mpp)) + 1
    on_lines = cv2.dilate((centreline > 0.5).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    background = _mean_of(values, (~on_lines).astype(np.float32) + np.float32(1e-4), settings.background_um / mpp)
    smooth = cv2.GaussianBlur(values, (0, 0), max(min(settings.scales_um) / mpp, _MIN_SCALE_PX))
    return np.asarray(smooth - background, np.float32)


def _likely(value: Picture, half: Picture) -> Picture:
    """Turn how strong something is into how likely it is: 0.5 where it is as strong as `half`."""
    squares = np.square(value), np.square(half)
    return np.asarray(squares[0] / np.maximum(squares[0] + squares[1], 1e-30), np.float32)
