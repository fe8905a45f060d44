"""Where a section is out of focus, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.tissue.sections import ReadableSlide, Section
from histo.types import Exclusion, PixelSize

__all__ = ["FocusQuality", "focus_score", "mark_blur", "measure_focus"]

_FOCUS_MPP = 1.0
_TILE_PX = 256
# Set on seven real fields whose µm/px was guessed (0.25 to 1.5): sharp 0.38 to 1.14, blurred by a Gaussian of 1 µm 0.24
# to 0.39, of 2 µm 0.12 to 0.19. It has not been tried on slides that a scanner left out of focus.
_BLURRED_BELOW = 0.22
# A patch is out of focus beside the rest of its section: plain muscle has less fine detail than mucosa, but not half.
_BLURRED_SHARE = 0.5


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


def mark_blur(slide: ReadableSlide, section: Section, *, max_tiles: int = 400) -> Section:
    """Exclude the parts of a section that are out of focus.

    Tiles of 256 µm are judged over all of the section's tissue; on a section of more than `max_tiles` they stand
    further apart and each speaks for its neighbourhood. A tile is excluded when its score, the median with its
    neighbours, is below that of a picture blurred by 2 µm and below half of what a quarter of the tiles reach.

    Parameters
    ----------
    slide : Slide
        The slide it was found on.
    section : Section
        From `find_sections`.
    max_tiles : int
        At most about so many are looked at.

    Returns
    -------
    Section
        With BLUR among its exclusions and the flag ``partly_out_of_focus``. Where the section as a whole is unsharp
        there is nothing to compare with: it is flagged ``out_of_focus``, and nothing is excluded. A slide coarser than
        1.5 µm/px is not judged.
    """
    mpp = max(_FOCUS_MPP, slide.mpp)
    if mpp > 1.5 or section.excluded is None:
        return section
    side = max(1, round(_TILE_PX * mpp / section.mask_mpp))
    while len(places := _full_tiles(section, side)) > max_tiles:
        side *= 2
    if not places:
        return section
    scores = np.full([length // side + 1 for length in section.mask.shape], np.nan)
    for row, col in places:
        scores[row, col] = focus_score(_read_tile(slide, section, (row, col), side), mpp)
    if np.isnan(scores).all():
        return section
    sharp = float(np.nanpercentile(scores, 75.0))
    if sharp < _BLURRED_BELOW:
        return replace(section, flags=(*section.flags, "out_of_focus"))
    excluded = section.excluded.copy()
    for row, col in places:
        around = scores[max(0, row - 1) : row + 2, max(0, col - 1) : col + 2]
        around = around[np.isfinite(around)]
        if around.size and float(np.median(around)) < min(_BLURRED_BELOW, _BLURRED_SHARE * sharp):
            tile = np.s_[row * side : (row + 1) * side, col * side : (col + 1) * side]
            excluded[tile] = np.where(excluded[tile] == 0, np.uint8(Exclusion.BLUR), excluded[tile])
    is_blurred = bool((excluded == Exclusion.BLUR).any())
    flags = (*section.flags, "partly_out_of_focus") if is_blurred else section.flags
    return replace(section, excluded=excluded, flags=flags)


def _full_tiles(section: Section, side: int) -> list[tuple[int, int]]:
    """List the squares of the mask that tissue fills for three fifths, by row and column of squares."""
    rows, cols = (max(1, length // side) for length in section.mask.shape)
    return [
        (row, col)
        for row in range(rows)
        for col in range(cols)
        if section.mask[row * side : (row + 1) * side, col * side : (col + 1) * side].mean() >= 0.6
    ]


def _read_tile(slide: ReadableSlide, section: Section, place: tuple[int, int], side: int) -> NDArray[np.generic]:
    """Read the tile in the middle of a square of the mask."""
    mpp = max(_FOCUS_MPP, slide.mpp)
    scale = section.mask_mpp / slide.mpp
    half_tile = 0.5 * _TILE_PX * mpp / slide.mpp
    row, col = (
        corner + round((index + 0.5) * side * scale - half_tile)
        for corner, index in zip((section.row, section.col), place, strict=True)
    )
    return slide.read(row, col, _TILE_PX, _TILE_PX, mpp=mpp)


def _tile_corners(section: Section, slide_mpp: float, tile_um: float, max_tiles: int) -> list[tuple[int, int]]:
    side = max(1, round(tile_um / section.mask_mpp))
    full = [(row * side, col * side) for row, col in _full_tiles(section, side)]
    chosen = [full[int(place)] for place in np.unique(np.linspace(0, len(full) - 1, max_tiles).round())] if full else []
    scale = section.mask_mpp / slide_mpp
    return [(section.row + round(row * scale), section.col + round(col * scale)) for row, col in chosen]
