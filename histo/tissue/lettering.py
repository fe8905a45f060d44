"""Black lines and letters that were drawn on a picture, pointers of an eyepiece, and the buttons of a slide viewer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Strokes", "find_controls", "find_strokes"]

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

_BLACK = 85
_BLACKEST = 50
_NEUTRAL = 38
_CONTRAST = 55.0
_MAX_GLYPH_SHARE = 0.08
_POINTER_SHARE = 0.06
_DISC_STEP = 22.0


@dataclass(frozen=True, eq=False)
class Strokes:
    """Black that was drawn on a picture or lies in the eyepiece, each as a (rows, cols) array of bool.

    Parameters
    ----------
    text : array
        Letters, alone or in lines.
    pointers : array
        Arrows, lines, brackets and the pointer of an eyepiece.
    """

    text: Mask
    pointers: Mask


def find_strokes(image: NDArray[np.uint8], surround: Mask, panels: Mask) -> Strokes:
    """Find letters, lines and pointers.

    Ink of a printer is black in all three channels alike and ends within a pixel or two, whatever lies under it; no
    nucleus does both. A black patch with such an edge is a line when it is long for its width, and a letter when it is
    thin for its height, of a letter's size, and stands beside another or is large; dirt of that shape passes as one.
    The pointer of an eyepiece may be out of focus: it is a straight shadow, longer than 6 % of the picture, that comes
    in from the dark surround.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Picture at the resolution at which it was drawn upon.
    surround, panels : (rows, cols) array of bool
        Dark around an eyepiece and what was laid over the picture; nothing is sought there.

    Returns
    -------
    Strokes
        Masks of the size of the picture, two pixels wider than the strokes.
    """
    red, green, blue = (image[..., channel] for channel in range(3))
    brightest = np.maximum(np.maximum(red, green), blue)
    darkest = np.minimum(np.minimum(red, green), blue)
    hidden = surround | panels | _rim(surround.shape)
    sharp = _sharp_black(brightest, darkest, hidden)
    count, labelled, stats, _ = cv2.connectedComponentsWithStats(sharp.astype(np.uint8), connectivity=8)
    side = max(image.shape[:2])
    kinds = np.zeros(count, dtype=np.uint8)
    for index in range(1, count):
        box = _box(stats[index])
        kinds[index] = _kind_of(labelled[box] == index, brightest, box, side)
    kinds[(kinds == 1) & ~_in_company(stats, kinds == 1, side)] = 0
    lines = np.asarray(kinds == 2)[labelled] | _eyepiece_pointers(brightest, surround)
    return Strokes(_widened(np.asarray(kinds == 1)[labelled]), _widened(lines))


def find_controls(image: NDArray[np.uint8]) -> Mask:
    """Find round buttons of a slide viewer: discs in the corners whose edge is sharp all around.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Picture as the viewer showed it.

    Returns
    -------
    (rows, cols) array of bool
        True on buttons.
    """
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    rows, cols = grey.shape
    depth = min(rows, cols, max(64, round(0.1 * max(rows, cols))))
    found = np.zeros(grey.shape, dtype=np.uint8)
    for top, left in ((0, 0), (0, cols - depth), (rows - depth, 0), (rows - depth, cols - depth)):
        corner = np.ascontiguousarray(grey[top : top + depth, left : left + depth])
        circles = cv2.HoughCircles(corner, cv2.HOUGH_GRADIENT, 1, 12, param1=160, param2=16, minRadius=8, maxRadius=40)
        for x, y, radius in [] if circles is None else circles[0].tolist():
            # The centre that is voted for may lie a pixel or two beside the true one.
            for row, col in product(
                (y + top - 1.5, y + top, y + top + 1.5), (x + left - 1.5, x + left, x + left + 1.5)
            ):
                if (exact := _sharp_radius(grey, row, col, radius)) is not None:
                    cv2.circle(found, (round(col), round(row)), round(exact) + 4, 1, -1)
                    break
    return np.asarray(found > 0, dtype=bool)


def _sharp_black(brightest: NDArray[np.uint8], darkest: NDArray[np.uint8], hidden: Mask) -> Mask:
    black = (brightest <= _BLACK) & (brightest - darkest <= _NEUTRAL) & ~hidden
    # The grey fringe of a stroke belongs to it where it joins its black.
    near = cv2.dilate(black.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    fringe: Mask = near & (brightest <= 1.5 * _BLACK) & (brightest - darkest <= _NEUTRAL) & ~hidden
    return black | fringe


def _rim(shape: tuple[int, ...]) -> Mask:
    """Mark the outermost pixels, where a frame may be drawn around the picture."""
    rows, cols = shape
    width = max(3, round(0.006 * max(rows, cols)))
    rim = np.ones((rows, cols), dtype=bool)
    rim[width : rows - width, width : cols - width] = False
    return rim


def _in_company(stats: NDArray[Any], is_letter: Mask, side: int) -> Mask:
    """Tell which letters have another of about their height beside them, or are large enough to stand alone."""
    left, top, width, height, _ = (stats[:, column].astype(float) for column in range(5))
    stands: Mask = height >= 0.018 * side
    letters = np.flatnonzero(is_letter)
    for index in letters:
        others = letters[letters != index]
        gap = np.maximum(left[others] - left[index] - width[index], left[index] - left[others] - width[others])
        shift = np.abs(top[others] + 0.5 * height[others] - top[index] - 0.5 * height[index])
        alike = np.abs(np.log(height[others] / height[index])) < 0.5
        stands[index] |= bool(np.any(alike & (gap < 1.2 * height[index]) & (shift < 0.6 * height[index])))
    return stands


def _kind_of(part: Mask, brightest: NDArray[np.uint8], box: tuple[slice, slice], side: int) -> int:
    """0: nothing that was drawn; 1: a letter; 2: a line."""
    height, width = part.shape
    area = int(np.count_nonzero(part))
    if area < 12 or max(height, width) < 7 or brightest[box][part].min() > _BLACKEST:
        return 0
    if not _is_sharp(part, brightest, box):
        return 0
    thickness = 2.0 * float(cv2.distanceTransform(np.pad(part, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
    (_, (long, short), _) = cv2.minAreaRect(np.argwhere(part).astype(np.float32))
    long, short = max(long, short) + 1, min(long, short) + 1
    is_line = long >= max(16.0, 4.5 * short) or max(height, width) > _MAX_GLYPH_SHARE * side
    if is_line and long >= 5.0 * thickness:
        return 2
    is_letter = 8 <= height <= _MAX_GLYPH_SHARE * side and thickness <= 0.55 * height and area <= 0.75 * part.size
    return 1 if is_letter else 0


def _is_sharp(part: Mask, brightest: NDArray[np.uint8], box: tuple[slice, slice]) -> bool:
    """Tell whether what lies three pixels beside a patch is much brighter, nearly all around."""
    reach = 4
    rows, cols = box
    top, left = max(0, rows.start - reach), max(0, cols.start - reach)
    window = brightest[top : rows.stop + reach, left : cols.stop + reach]
    placed = np.zeros(window.shape, dtype=np.uint8)
    placed[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left] = part
    near, far = (cv2.dilate(placed, np.ones((size, size), np.uint8)) > 0 for size in (5, 7))
    ring = window[far & ~near]
    inside = float(np.median(window[placed > 0]))
    return ring.size > 0 and float(np.percentile(ring, 15)) - inside >= _CONTRAST


def _eyepiece_pointers(brightest: NDArray[np.uint8], surround: Mask) -> Mask:
    """Find straight shadows that come in from the surround; tissue stays bright in its brightest channel."""
    pointers = np.zeros(surround.shape, dtype=bool)
    if not surround.any() or surround.all():
        return pointers
    side = max(surround.shape)
    smooth = cv2.medianBlur(np.ascontiguousarray(brightest), 5).astype(np.float32)
    lit = (~surround).astype(np.float32)
    reach = (round(0.08 * side) | 1,) * 2
    light = cv2.blur(smooth * lit, reach) / np.maximum(cv2.blur(lit, reach), 1e-3)
    dark = (smooth < 0.7 * light) & ~surround
    count, labelled, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    rim = cv2.dilate(surround.astype(np.uint8), np.ones((round(0.05 * side) | 1,) * 2, np.uint8)) > 0
    for index in range(1, count):
        if stats[index, cv2.CC_STAT_AREA] < 4 * _POINTER_SHARE * side:
            continue
        box = _box(stats[index])
        part = labelled[box] == index
        if (part & rim[box]).any() and _is_rod(part, side):
            pointers[box] |= part
    return pointers


def _is_rod(part: Mask, side: int) -> bool:
    (_, (long, short), _) = cv2.minAreaRect(np.argwhere(part).astype(np.float32))
    long, short = max(long, short), max(min(long, short), 1.0)
    return bool(long >= _POINTER_SHARE * side and long >= 6.0 * short and np.count_nonzero(part) >= 0.45 * long * short)


def _sharp_radius(grey: NDArray[np.uint8], row: float, col: float, radius: float) -> float | None:
    """Give the radius at which a disc ends sharply and one way for four fifths of its edge, if it does."""
    angles = np.linspace(0.0, 2.0 * np.pi, 72, endpoint=False)
    for wanted in np.arange(radius - 2.0, radius + 4.5, 1.0):
        inner, outer = (_around(grey, row, col, wanted + step, angles) for step in (-2.0, 1.0))
        seen = ~np.isnan(inner) & ~np.isnan(outer)
        step = (outer - inner)[seen]
        if seen.mean() >= 0.6 and max(np.mean(step > _DISC_STEP), np.mean(step < -_DISC_STEP)) >= 0.85:
            return float(wanted)
    return None


def _around(grey: NDArray[np.uint8], row: float, col: float, radius: float, angles: Floats) -> Floats:
    rows = np.rint(row + radius * np.sin(angles)).astype(int)
    cols = np.rint(col + radius * np.cos(angles)).astype(int)
    inside = (rows >= 0) & (rows < grey.shape[0]) & (cols >= 0) & (cols < grey.shape[1])
    values = np.full(angles.shape, np.nan)
    values[inside] = grey[rows[inside], cols[inside]]
    return values


def _widened(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0, dtype=bool)


def _box(stats: NDArray[Any]) -> tuple[slice, slice]:
    left, top, width, height, _ = (int(value) for value in stats)
    return np.s_[top : top + height, left : left + width]
