"""What lies on a slide and is no tissue to be measured: strokes of a pen, dust, bubbles, the rim of a scan, folds."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Ink", "find_bubbles", "find_dust", "find_folds", "find_ink", "find_scan_edges", "ink_colours"]

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
    """Find strokes of a pen and coloured captions.

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


def find_dust(image: NDArray[np.uint8], tissue: Mask, glass: NDArray[np.floating]) -> Mask:
    """Find patches as grey as shadow, judged beside the glass: dust, dirt, scale bars.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield overview.
    tissue : (rows, cols) array of bool
        What is not glass.
    glass : (3,) array
        Colour of the empty slide.

    Returns
    -------
    (rows, cols) array of bool
        True on patches of `tissue` without colour that make less than a twentieth of it: pale or silver-stained gut is
        as grey, but there is more of it.
    """
    rgb = image.astype(np.float32)
    red, green, blue = (rgb[..., channel] / max(float(glass[channel]), 1.0) for channel in range(3))
    brightest = np.maximum(np.maximum(red, green), blue)
    spread = brightest - np.minimum(np.minimum(red, green), blue)
    count, numbered = cv2.connectedComponents(tissue.astype(np.uint8), connectivity=8)
    sums = np.bincount(numbered.ravel(), weights=spread.ravel(), minlength=count)
    light = np.bincount(numbered.ravel(), weights=brightest.ravel(), minlength=count)
    areas = np.bincount(numbered.ravel(), minlength=count)
    # Fat and loose fibres are as grey, but pale.
    grey = (sums < 0.06 * areas) & (light < 0.88 * areas) & (areas < 0.05 * areas[1:].sum())
    grey[0] = False
    return np.asarray(grey[numbered], dtype=bool)


def find_bubbles(image: NDArray[np.uint8], glass: NDArray[np.floating], mpp: float) -> Mask:
    """Find bubbles of air under the cover glass: discs of at least 100 µm with a thin grey rim.

    The rim of a bubble bends light away in all colours alike, where stained tissue has a colour. A grey patch is a rim
    when its outline is a circle to within 15 % of the area and it fills at most half of it.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield overview.
    glass : (3,) array
        Colour of the empty slide.
    mpp : float
        µm per pixel of `image`.

    Returns
    -------
    (rows, cols) array of bool
        True on bubbles with their rims. One whose rim is broken by tissue is missed.
    """
    through = image.astype(np.float32) / np.maximum(np.asarray(glass, dtype=np.float32), 1.0)
    red, green, blue = (through[..., channel] for channel in range(3))
    brightest = np.maximum(np.maximum(red, green), blue)
    grey = (brightest < 0.8) & (brightest - np.minimum(np.minimum(red, green), blue) < 0.1)
    closed = cv2.morphologyEx(grey.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labelled, stats, _ = cv2.connectedComponentsWithStats(np.asarray(closed, dtype=np.uint8), connectivity=8)
    bubbles = np.zeros(grey.shape, dtype=np.uint8)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    is_round = (np.minimum(width, height) * mpp >= 100.0) & (
        np.maximum(width, height) < 1.2 * np.minimum(width, height)
    )
    is_round[0] = False
    for index in np.flatnonzero(is_round).tolist():
        box = _box(stats[index])
        outlines, _ = cv2.findContours(
            (labelled[box] == index).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        outline = max(outlines, key=cv2.contourArea)
        (_, radius), area = cv2.minEnclosingCircle(outline), cv2.contourArea(outline)
        if area >= 0.85 * np.pi * radius**2 and stats[index, cv2.CC_STAT_AREA] <= 0.5 * area:
            cv2.drawContours(bubbles[box], [outline], -1, 1, -1)
    return np.asarray(bubbles > 0, dtype=bool)


def find_scan_edges(tissue: Mask) -> Mask:
    """Find what is only seen in a strip of 1 % along the border: the rim of a scan or a frame.

    Parameters
    ----------
    tissue : (rows, cols) array of bool
        What is not glass.

    Returns
    -------
    (rows, cols) array of bool
        True on thin patches along the border.
    """
    rim = max(2, round(0.01 * max(tissue.shape)))
    count, numbered, stats, _ = cv2.connectedComponentsWithStats(tissue.astype(np.uint8), connectivity=8)
    if count == 1:
        return np.zeros_like(tissue)
    left, top, width, height = (stats[:, column] for column in range(4))
    rows, cols = tissue.shape
    thin = ((width <= rim) & ((left == 0) | (left + width == cols))) | (
        (height <= rim) & ((top == 0) | (top + height == rows))
    )
    thin[0] = False
    return np.asarray(thin[numbered], dtype=bool)


def find_folds(image: NDArray[np.uint8], tissue: Mask, mpp: float) -> Mask:
    """Find folds: long dark ridges where the section lies double.

    Two layers absorb twice what one does. So a fold, smoothed over 10 µm, is denser than 1.6 times the median density
    of the section and than 1.25 times what nine tenths of it have, denser than 1.4 times what lies within 250 µm of it,
    at least 150 µm long and at least three times as long as wide.

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
        True on folds. Dense lymphoid tissue is round, and a band of crypts makes more than a tenth of its section:
        neither is taken. A fold of pale tissue is no denser than its neighbours and is missed.
    """
    folds = np.zeros(tissue.shape, dtype=bool)
    if not tissue.any():
        return folds
    smooth = cv2.GaussianBlur(image, (0, 0), max(0.7, 10.0 / mpp)).astype(np.float32)
    density = -np.log10(np.maximum(smooth, 1.0) / 255.0).mean(axis=2)
    median, dense = np.percentile(density[tissue], [50, 90])
    high = tissue & (density > max(1.6 * median, 1.25 * dense)) & (density > 1.4 * _beside(density, tissue, mpp))
    count, labelled, stats, _ = cv2.connectedComponentsWithStats(high.astype(np.uint8), connectivity=8)
    for index in range(1, count):
        box = _box(stats[index])
        points = np.argwhere(labelled[box] == index)
        (_, (length, width), _) = cv2.minAreaRect(points.astype(np.float32))
        length, width = max(length, width), max(min(length, width), 1.0)
        if length * mpp >= 150.0 and length >= 3.0 * width:
            folds[box] |= labelled[box] == index
    return folds


def _beside(density: NDArray[np.float32], tissue: Mask, mpp: float) -> NDArray[np.float32]:
    """Mean density of the tissue within 250 µm."""
    reach = (max(3, round(500.0 / mpp) | 1),) * 2
    inside = tissue.astype(np.float32)
    beside = cv2.blur(density * inside, reach) / np.maximum(cv2.blur(inside, reach), 1e-3)
    return np.asarray(beside, dtype=np.float32)


def _patches(mask: Mask, min_area_px: float) -> Mask:
    _, labelled, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= min_area_px
    kept[0] = False
    return np.asarray(kept[labelled], dtype=bool)


def _box(stats: NDArray[Any]) -> tuple[slice, slice]:
    left, top, width, height, _ = (int(value) for value in stats)
    return np.s_[top : top + height, left : left + width]
