"""The part of a picture in which the specimen is seen: no dark surround, no pasted panel, no ink."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.tissue.artefact import find_ink

__all__ = ["FieldOfView", "find_dark_surround", "find_field", "find_pasted_panels"]

Mask = NDArray[np.bool_]

_SEARCH_SIDE_PX = 1100


@dataclass(frozen=True, eq=False)
class FieldOfView:
    """What hides the specimen in a picture, each as a (rows, cols) array of bool.

    Parameters
    ----------
    surround : array
        Dark around the disc of an eyepiece.
    panels : array
        White captions pasted in.
    ink : array
        Pen, pointers, coloured lettering.
    clear : array
        Where none of these is, nor the smear of ink at an overview (30 µm).
    """

    surround: Mask
    panels: Mask
    ink: Mask
    clear: Mask

    @property
    def view(self) -> Mask:
        """Where the specimen was looked at, under ink or not."""
        return ~(self.surround | self.panels)


def find_field(image: NDArray[np.generic], mpp: float, *, is_brightfield: bool = True) -> FieldOfView:
    """Find what hides the specimen in a picture.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Overview. Of a fluorescence picture, of any shape and type, all is seen.
    mpp : float
        µm per pixel.
    is_brightfield : bool
        Whether light went through the specimen.

    Returns
    -------
    FieldOfView
        Masks of the size of the picture.
    """
    if not is_brightfield:
        nothing = np.zeros(image.shape[:2], dtype=bool)
        return FieldOfView(nothing, nothing, nothing, ~nothing)
    rgb = np.ascontiguousarray(image, dtype=np.uint8)
    # Both are large: they are sought in a small picture, or their wide discs would take most of the time.
    shrink = min(1.0, _SEARCH_SIDE_PX / max(rgb.shape[:2]))
    size = tuple(max(1, round(side * shrink)) for side in rgb.shape[1::-1])
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    surround = _resized(find_dark_surround(small), rgb)
    panels = _resized(find_pasted_panels(small), rgb)
    ink = find_ink(rgb, mpp)
    return FieldOfView(surround, panels, ink, ~(surround | panels | _dilated(ink, 30.0 / mpp)))


def find_dark_surround(image: NDArray[np.uint8]) -> Mask:
    """Find the black around the disc of an eyepiece or phone picture.

    Dark here is darker than a third of the picture's bright end in every channel; such an area counts when it reaches
    the border and fills at least 1.5 % of the picture. Light that falls into the black beside the disc (reflections
    of the tube) belongs to the surround as well.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield picture.

    Returns
    -------
    (rows, cols) array of bool
        True in the surround; all False where there is none.
    """
    brightest = np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])
    smooth = cv2.medianBlur(np.ascontiguousarray(brightest), 3)
    dark = smooth < 0.35 * np.percentile(smooth, 95)
    side = max(image.shape[:2])
    black = _touching_border(_opened(dark, 0.01 * side), min_area_px=0.015 * dark.size)
    if not black.any():
        return black
    lit = _opened(~black, 0.03 * side)
    discs = _components_at_least(lit, share_of_largest=0.3)
    # The rim of the disc is half lit: what lies within 1 % of the side is not judged either.
    return _dilated(_filled_from_border(~discs), 0.01 * side)


def find_pasted_panels(image: NDArray[np.uint8]) -> Mask:
    """Find white panels and captions that were pasted into a picture, with the lettering inside them.

    A panel is an area of pure white with straight sides that fills nine tenths of its bounding box once thin neutral
    holes (letters, arrows, frames) are closed. Glass that is white by overexposure has the outline of tissue and is
    left alone.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield picture.

    Returns
    -------
    (rows, cols) array of bool
        True on panels.
    """
    white = (image[..., 0] >= 246) & (image[..., 1] >= 246) & (image[..., 2] >= 246)
    side = max(image.shape[:2])
    solid = _opened(_closed(white, 0.006 * side), 0.006 * side)
    count, labelled, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=4)
    panels = np.zeros(white.shape, dtype=bool)
    for index in range(1, count):
        left, top, width, height, area = stats[index]
        if area < 4e-4 * white.size or area == white.size:
            continue
        box = np.s_[top : top + height, left : left + width]
        part = labelled[box] == index
        filled = part | _thin_neutral_holes(part, image[box], 0.02 * side)
        if np.count_nonzero(filled) >= 0.9 * filled.size and np.median(image[box][part].min(axis=1)) >= 253:
            panels[box] = True
    return panels


def _thin_neutral_holes(part: Mask, image: NDArray[np.uint8], radius_px: float) -> Mask:
    holes = _filled_from_border(part, invert=True) & ~part
    if not holes.any():
        return holes
    spread = image.max(axis=2).astype(np.int16) - image.min(axis=2)
    thick = cv2.distanceTransform(np.pad(holes, 1).astype(np.uint8), cv2.DIST_L2, 3).max() > radius_px
    coloured = np.median(spread[holes]) > 25
    return np.zeros_like(holes) if thick or coloured else holes


def _filled_from_border(mask: Mask, *, invert: bool = False) -> Mask:
    """Keep what reaches the border; inverted: add every hole that does not."""
    padded = np.pad(~mask if invert else mask, 1, constant_values=True).astype(np.uint8)
    _, labelled = cv2.connectedComponents(padded, connectivity=4)
    reached: Mask = (labelled == labelled[0, 0])[1:-1, 1:-1]
    return ~reached if invert else reached


def _resized(mask: Mask, like: NDArray[np.uint8]) -> Mask:
    if mask.shape == like.shape[:2]:
        return mask
    grown = cv2.resize(mask.astype(np.uint8), like.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(grown > 0, dtype=bool)


def _touching_border(mask: Mask, min_area_px: float) -> Mask:
    _, labelled, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    edge = np.unique(np.concatenate([labelled[0], labelled[-1], labelled[:, 0], labelled[:, -1]]))
    kept = [index for index in edge if index and stats[index, cv2.CC_STAT_AREA] >= min_area_px]
    return np.isin(labelled, kept)


def _components_at_least(mask: Mask, share_of_largest: float) -> Mask:
    count, labelled, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count == 1:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    return np.isin(labelled, 1 + np.flatnonzero(areas >= share_of_largest * areas.max()))


def _disc(radius_px: float) -> NDArray[np.uint8]:
    size = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)


def _opened(mask: Mask, radius_px: float) -> Mask:
    # Beyond the border the picture is taken to go on as it is, or corners would be lost.
    pad = round(radius_px) + 1
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    opened: Mask = cv2.morphologyEx(padded, cv2.MORPH_OPEN, _disc(radius_px))[pad:-pad, pad:-pad] > 0
    return opened


def _closed(mask: Mask, radius_px: float) -> Mask:
    return ~_opened(~mask, radius_px)


def _dilated(mask: Mask, radius_px: float) -> Mask:
    dilated: Mask = cv2.dilate(mask.astype(np.uint8), _disc(radius_px)) > 0
    return dilated
