"""What lies on a slide and is no tissue: strokes of a pen, burnt-in arrows and lettering, folds."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Ink", "find_folds", "find_ink", "ink_colours"]

Mask = NDArray[np.bool_]
Ink = Literal["black", "blue", "green", "red", "yellow"]


def ink_colours(image: NDArray[np.uint8]) -> dict[Ink, Mask]:
    """Mark pixels that have the colour of an ink, whatever they are part of.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield picture.

    Returns
    -------
    dict of (rows, cols) array of bool
        By colour. Stained tissue is told from ink by which channel absorbs: haematoxylin and eosin both absorb green
        most, blue and green inks absorb red most, red ink absorbs green and blue alike, highlighters blue alone, and
        black absorbs all of them alike and nearly wholly.
    """
    smooth = cv2.GaussianBlur(image, (3, 3), 0)
    table = -np.log10(np.maximum(np.arange(256), 1) / 255.0).astype(np.float32)
    red, green, blue = (table[smooth[..., channel]] for channel in range(3))
    darkest = np.minimum(np.minimum(red, green), blue)
    spread = np.maximum(np.maximum(red, green), blue) - darkest
    return {
        "black": (darkest > 0.75) & (spread < 0.25),
        "blue": (red > 0.45) & (red > 1.3 * green) & (red > 2.0 * blue) & (green > 1.2 * blue),
        "green": (red > 0.35) & (blue > 0.2) & (red > 1.6 * green) & (blue > 1.3 * green),
        "red": (red < 0.15) & (green > 0.7) & (blue > 0.9 * green),
        "yellow": (red < 0.08) & (green < 0.12) & (blue > 0.6),
    }


def find_ink(image: NDArray[np.uint8], mpp: float) -> Mask:
    """Find pen strokes, pointers, burnt-in arrows and coloured captions.

    A patch of ink colour counts when it is more than a nucleus or a pigment grain: at least 0.01 mm² and 60 pixels.
    A colour that covers more than a quarter of the picture is the tint of the picture and no ink.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield overview.
    mpp : float
        µm per pixel of `image`.

    Returns
    -------
    (rows, cols) array of bool
        True on ink.
    """
    ink = np.zeros(image.shape[:2], dtype=bool)
    for mask in ink_colours(image).values():
        if np.count_nonzero(mask) <= 0.25 * mask.size:
            ink |= _patches(mask, max(60.0, 1e4 / mpp**2))
    return ink


def find_folds(image: NDArray[np.uint8], tissue: Mask, mpp: float) -> Mask:
    """Find folds: long dark ridges where the section lies double.

    Two layers absorb twice what one does, so a fold is denser than 1.8 times the median density of the section after
    smoothing over 15 µm, at least 200 µm long and at least four times as long as wide.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield overview of at most 10 µm/px.
    tissue : (rows, cols) array of bool
        Where there is tissue.
    mpp : float
        µm per pixel of `image`.

    Returns
    -------
    (rows, cols) array of bool
        True on folds. Dense lymphoid tissue is round and is not taken; a band of crypts cut lengthwise can be.
    """
    folds = np.zeros(tissue.shape, dtype=bool)
    if not tissue.any():
        return folds
    smooth = cv2.GaussianBlur(image, (0, 0), max(0.7, 15.0 / mpp)).astype(np.float32)
    density = -np.log10(np.maximum(smooth, 1.0) / 255.0).mean(axis=2)
    dense = tissue & (density > 1.8 * np.median(density[tissue]))
    count, labelled, stats, _ = cv2.connectedComponentsWithStats(dense.astype(np.uint8), connectivity=8)
    for index in range(1, count):
        points = np.argwhere(labelled[_box(stats[index])] == index)
        (_, (length, width), _) = cv2.minAreaRect(points.astype(np.float32))
        length, width = max(length, width), max(min(length, width), 1.0)
        if length * mpp >= 200.0 and length >= 4.0 * width:
            folds[labelled == index] = True
    return folds


def _patches(mask: Mask, min_area_px: float) -> Mask:
    _, labelled, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= min_area_px
    kept[0] = False
    return np.asarray(kept[labelled], dtype=bool)


def _box(stats: NDArray[np.int32]) -> tuple[slice, slice]:
    left, top, width, height, _ = (int(value) for value in stats)
    return np.s_[top : top + height, left : left + width]
