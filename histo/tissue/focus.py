"""How much of a section is out of focus."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.tissue.sections import ReadableSlide, Section
from histo.types import PixelSize

__all__ = ["FocusQuality", "focus_score", "measure_focus"]

_FOCUS_MPP = 1.0
_TILE_PX = 256
# Set on seven real fields whose µm/px was guessed (0.25 to 1.5): sharp 0.38 to 1.14, blurred by a Gaussian of 1 µm 0.24
# to 0.39, of 2 µm 0.12 to 0.19. It has not been tried on slides that a scanner left out of focus.
_BLURRED_BELOW = 0.22


@dataclass(frozen=True)
class FocusQuality:
    """Focus of a section.

    Parameters
    ----------
    out_of_focus : float
        Share of the tissue tiles looked at that are blurred, 0 to 1; NaN when none could be judged.
    median_score : float
        Median of `focus_score` over those tiles.
    n_tiles : int
        Tiles that were judged.
    """

    out_of_focus: float
    median_score: float
    n_tiles: int


def focus_score(image: NDArray[np.generic], mpp: float) -> float:
    """Measure how sharp a tile is, whatever its stain and contrast.

    Parameters
    ----------
    image : (rows, cols[, channels]) array of numbers
        Tile of tissue at 1 µm/px or finer.
    mpp : float
        µm per pixel.

    Returns
    -------
    float
        Strength of detail of 1 µm over that of 4 µm, as the standard deviation of differences of Gaussians of the
        tile's brightness. Blur takes the first and leaves the second; staining scales both. NaN on a tile without
        detail, such as glass.

    Raises
    ------
    InvalidArgument
        If `mpp` is above 1.5: what blur takes away is not in the picture then.
    """
    PixelSize(mpp)
    if mpp > 1.5:
        raise InvalidArgument(
            "focus cannot be judged at this resolution", expected="mpp of at most 1.5", got=f"{mpp:g}"
        )
    values = np.asarray(image, dtype=np.float32)
    grey = values if values.ndim == 2 else values.mean(axis=2)
    if _FOCUS_MPP / mpp > 1.05:
        # To one resolution: a finer scan would otherwise show detail that a coarser one cannot.
        size = (max(1, round(grey.shape[1] * mpp / _FOCUS_MPP)), max(1, round(grey.shape[0] * mpp / _FOCUS_MPP)))
        grey, mpp = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.float32), _FOCUS_MPP
    fine = float(np.std(grey - cv2.GaussianBlur(grey, (0, 0), 1.0 / mpp)))
    coarse = float(np.std(cv2.GaussianBlur(grey, (0, 0), 2.0 / mpp) - cv2.GaussianBlur(grey, (0, 0), 6.0 / mpp)))
    # Below one grey value in a hundred there is no detail, only noise.
    return fine / coarse if coarse > 0.01 * max(1.0, float(np.ptp(grey))) else float("nan")


def measure_focus(slide: ReadableSlide, section: Section, *, max_tiles: int = 40) -> FocusQuality:
    """Measure how much of a section is out of focus.

    Tiles of 256 µm are read one at a time at 1 µm/px (or the slide's own, where that is coarser), evenly spread over
    the section's tissue, so that memory and time do not grow with the section.

    Parameters
    ----------
    slide : Slide
        The slide it was found on.
    section : Section
        From `find_sections`.
    max_tiles : int
        At most so many are looked at.

    Returns
    -------
    FocusQuality
        Without tiles, and with NaN, for a slide coarser than 1.5 µm/px.

    Raises
    ------
    InvalidArgument
        If `max_tiles` is below 1.
    """
    if max_tiles < 1:
        raise InvalidArgument("at least one tile is looked at", expected="max_tiles of 1 or more", got=str(max_tiles))
    mpp = max(_FOCUS_MPP, slide.mpp)
    if mpp > 1.5:
        return FocusQuality(float("nan"), float("nan"), 0)
    scores = [
        focus_score(slide.read(row, col, _TILE_PX, _TILE_PX, mpp=mpp), mpp)
        for row, col in _tile_corners(section, slide.mpp, _TILE_PX * mpp, max_tiles)
    ]
    judged = np.array([score for score in scores if np.isfinite(score)])
    if judged.size == 0:
        return FocusQuality(float("nan"), float("nan"), 0)
    return FocusQuality(float(np.mean(judged < _BLURRED_BELOW)), float(np.median(judged)), int(judged.size))


def _tile_corners(section: Section, slide_mpp: float, tile_um: float, max_tiles: int) -> list[tuple[int, int]]:
    side = max(1, round(tile_um / section.mask_mpp))
    rows, cols = (max(1, length // side) for length in section.mask.shape)
    full = [
        (row * side, col * side)
        for row in range(rows)
        for col in range(cols)
        if section.mask[row * side : (row + 1) * side, col * side : (col + 1) * side].mean() >= 0.6
    ]
    chosen = [full[int(place)] for place in np.unique(np.linspace(0, len(full) - 1, max_tiles).round())] if full else []
    scale = section.mask_mpp / slide_mpp
    return [(section.row + round(row * scale), section.col + round(col * scale)) for row, col in chosen]
