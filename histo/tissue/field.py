"""The part of a picture in which the specimen is seen: no dark surround, nothing drawn or laid over it, no ink."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.tissue.artefact import find_ink
from histo.tissue.lettering import find_controls, find_strokes
from histo.tissue.panel import find_overlaid
from histo.types import Exclusion

__all__ = ["FieldOfView", "find_dark_surround", "find_field"]

Mask = NDArray[np.bool_]

_SEARCH_SIDE_PX = 1100
_NOT_LOOKED_AT = (Exclusion.VIGNETTE, Exclusion.PANEL, Exclusion.CONTROL)


@dataclass(frozen=True, eq=False)
class FieldOfView:
    """What hides the specimen in a picture.

    Parameters
    ----------
    excluded : (rows, cols) array of uint8
        Values of `Exclusion`: VIGNETTE, PANEL, CONTROL, TEXT, POINTER, PEN; 0 where the specimen is seen.
    mpp : float
        µm per pixel.
    """

    excluded: NDArray[np.uint8]
    mpp: float

    def mask(self, *reasons: Exclusion) -> Mask:
        """Where one of these hides the specimen."""
        return np.isin(self.excluded, [int(reason) for reason in reasons])

    @property
    def surround(self) -> Mask:
        """Dark around the disc of an eyepiece."""
        return self.mask(Exclusion.VIGNETTE)

    @property
    def view(self) -> Mask:
        """Where the specimen was looked at, under ink or not."""
        return ~self.mask(*_NOT_LOOKED_AT)

    @property
    def clear(self) -> Mask:
        """Where nothing hides it, nor the smear of ink at an overview (30 µm)."""
        return self.view & ~_dilated(self.excluded > 0, min(30.0 / self.mpp, 0.01 * max(self.excluded.shape)))

    def at(self, shape: tuple[int, int], mpp: float) -> FieldOfView:
        """Bring it to another grid; a coarser pixel is hidden where any part of it is."""
        if shape == self.excluded.shape:
            return self
        coarser = np.zeros(shape, dtype=np.uint8)
        for reason in Exclusion:
            mask = self.excluded == reason
            if reason is not Exclusion.NOTHING and mask.any():
                share = cv2.resize(mask.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
                coarser[share > (0.5 if reason in _NOT_LOOKED_AT else 0.05)] = reason
        return FieldOfView(coarser, mpp)


def find_field(
    image: NDArray[np.generic], mpp: float, *, is_brightfield: bool = True, is_scan: bool = False
) -> FieldOfView:
    """Find what hides the specimen in a picture.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Overview. Of a fluorescence picture, of any shape and type, all is seen.
    mpp : float
        µm per pixel.
    is_brightfield : bool
        Whether light went through the specimen.
    is_scan : bool
        Whether a slide scanner made it and nobody has drawn upon it since: only pens and a dark surround are sought.

    Returns
    -------
    FieldOfView
        Of the size of the picture.
    """
    excluded = np.zeros(image.shape[:2], dtype=np.uint8)
    if not is_brightfield:
        return FieldOfView(excluded, mpp)
    rgb = np.ascontiguousarray(image, dtype=np.uint8)
    overlaid = None if is_scan else find_overlaid(rgb)
    panels = np.zeros(excluded.shape, dtype=bool) if overlaid is None else overlaid.panels
    surround, ink = _large(rgb, panels, mpp)
    excluded[ink] = Exclusion.PEN
    if overlaid is not None:
        strokes = find_strokes(rgb, surround, panels | overlaid.arrows)
        excluded[strokes.text] = Exclusion.TEXT
        excluded[strokes.pointers | _beside(overlaid.arrows)] = Exclusion.POINTER
        excluded[find_controls(rgb)] = Exclusion.CONTROL
    excluded[surround] = Exclusion.VIGNETTE
    excluded[_beside(panels)] = Exclusion.PANEL
    return FieldOfView(excluded, mpp)


def _beside(mask: Mask) -> Mask:
    """Take in half a per cent of the picture's side beside it, where its hard edge misleads a network."""
    return _dilated(mask, 0.005 * max(mask.shape)) if mask.any() else mask


def find_dark_surround(image: NDArray[np.uint8], panels: Mask | None = None) -> Mask:
    """Find the black around the disc of an eyepiece or phone picture.

    Dark here is darker than a third of the picture's bright end in every channel; such an area counts when it reaches
    the border and fills at least 1.5 % of the picture, or a corner and 0.15 %. Light that falls into the black beside
    the disc (reflections of the tube) belongs to the surround as well.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield picture.
    panels : (rows, cols) array of bool, optional
        What was laid over the picture; its edge counts as the border.

    Returns
    -------
    (rows, cols) array of bool
        True in the surround; all False where there is none.
    """
    laid = np.zeros(image.shape[:2], dtype=bool) if panels is None else panels
    if laid.all():
        return np.zeros_like(laid)
    brightest = np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])
    smooth = cv2.medianBlur(brightest, 3)
    dark = smooth < 0.35 * np.percentile(smooth[~laid], 95)
    side = max(image.shape[:2])
    black = _at_border(_opened(dark & ~laid, 0.01 * side), laid)
    if not black.any():
        return black
    lit = _opened(~(black | laid), 0.03 * side)
    discs = _components_at_least(lit, share_of_largest=0.3)
    # The rim of the disc is half lit: what lies within 1 % of the side is not judged either.
    return _dilated(_filled_from_border(~discs), 0.01 * side) & ~laid


def _large(image: NDArray[np.uint8], panels: Mask, mpp: float) -> tuple[Mask, Mask]:
    """Find surround and ink, which are large, in a small picture, or their wide discs would take most of the time."""
    shrink = min(1.0, _SEARCH_SIDE_PX / max(image.shape[:2]))
    size = tuple(max(1, round(side * shrink)) for side in image.shape[1::-1])
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    laid = np.asarray(cv2.resize(panels.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0, dtype=bool)
    surround = find_dark_surround(small, laid | _blank_margins(small))
    ink = find_ink(small, mpp / shrink)
    return _resized(surround, image), _resized(ink, image)


def _blank_margins(image: NDArray[np.uint8]) -> Mask:
    """Find white rows and columns that a picture was set into."""
    white = (image[..., 0] >= 250) & (image[..., 1] >= 250) & (image[..., 2] >= 250)
    margins = np.zeros(white.shape, dtype=bool)
    for seen, marked in ((white, margins), (white.T, margins.T)):
        inked = np.flatnonzero(seen.mean(axis=1) < 0.995)
        if inked.size:
            marked[: inked[0]] = marked[inked[-1] + 1 :] = True
    return margins


def _resized(mask: Mask, like: NDArray[np.uint8]) -> Mask:
    if mask.shape == like.shape[:2]:
        return mask
    grown = cv2.resize(mask.astype(np.uint8), like.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(grown > 0, dtype=bool)


def _at_border(black: Mask, laid: Mask) -> Mask:
    """Keep the areas that lie along the border, or in a corner of what is not laid over."""
    _, labelled, stats, _ = cv2.connectedComponentsWithStats(black.astype(np.uint8), connectivity=4)
    outside = cv2.dilate(np.pad(laid, 1, constant_values=True).astype(np.uint8), np.ones((5, 5), np.uint8))[1:-1, 1:-1]
    edge = labelled[outside > 0]
    sides = _sides_reached(np.asarray(labelled, dtype=np.int32), laid)
    areas = stats[:, cv2.CC_STAT_AREA]
    # A drawn frame is long enough, but thin.
    depth = np.zeros(areas.size)
    np.maximum.at(
        depth, np.asarray(labelled, dtype=np.int32), cv2.distanceTransform(black.astype(np.uint8), cv2.DIST_L2, 3)
    )
    is_deep = depth >= 0.02 * max(black.shape)
    is_large = (areas >= 0.015 * black.size) | ((sides >= 2) & (areas >= 0.0015 * black.size))
    kept = [index for index in np.unique(edge).tolist() if index and is_deep[index] and is_large[index]]
    return np.isin(labelled, kept)


def _sides_reached(labelled: NDArray[np.int32], laid: Mask) -> NDArray[np.int64]:
    """Count the sides of the picture, without what is laid over it, that each numbered area reaches."""
    seen_rows, seen_cols = np.flatnonzero(~laid.all(axis=1)), np.flatnonzero(~laid.all(axis=0))
    reached = np.zeros(int(labelled.max()) + 1, dtype=np.int64)
    rim = 4
    top, bottom, left, right = seen_rows[0], seen_rows[-1] + 1, seen_cols[0], seen_cols[-1] + 1
    for strip in (
        labelled[top : top + rim],
        labelled[max(0, bottom - rim) : bottom],
        labelled[:, left : left + rim],
        labelled[:, max(0, right - rim) : right],
    ):
        reached[np.unique(strip)] += 1
    return reached


def _filled_from_border(mask: Mask) -> Mask:
    """Keep what reaches the border."""
    padded = np.pad(mask, 1, constant_values=True).astype(np.uint8)
    _, labelled = cv2.connectedComponents(padded, connectivity=4)
    reached: Mask = (labelled == labelled[0, 0])[1:-1, 1:-1]
    return reached


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


def _dilated(mask: Mask, radius_px: float) -> Mask:
    dilated: Mask = cv2.dilate(mask.astype(np.uint8), _disc(radius_px)) > 0
    return dilated
