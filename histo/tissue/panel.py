"""Rectangles that were laid over a picture, as captions, insets and blank margins are, and block arrows beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Overlaid", "find_overlaid"]

Mask = NDArray[np.bool_]

# Grey values by which a drawn edge steps; an edge of tissue that does so does not stay straight for long.
_STEP = 24
_SIDE_COVERED = 0.9
_RIM_COVERED = 0.5
_FLAT_WITHIN = 6
_FLAT_SHARE = 0.5
_BLANK_SHARE = 0.85
_BLACK = 110
_LETTERED_SHARE = 0.002
_LARGEST_INSET = 0.15
_LARGEST_PANEL = 0.6
_ENDS_ALIKE_PX = 6
_BREAK_PX = 12


@dataclass(frozen=True, eq=False)
class Overlaid:
    """What was laid over a picture, each as a (rows, cols) array of bool.

    Parameters
    ----------
    panels : array
        Rectangles, with all that is inside them.
    arrows : array
        Boxes around the shaft and head of block arrows.
    """

    panels: Mask
    arrows: Mask


@dataclass(frozen=True)
class _Run:
    """A straight edge along a row (or, in a turned picture, a column), both ends included."""

    at: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class _Edges:
    """Where a picture steps across its rows and across its columns, and its long straight edges along rows."""

    along_rows: Mask
    along_cols: Mask
    runs: tuple[_Run, ...]


def find_overlaid(image: NDArray[np.uint8]) -> Overlaid:
    """Find rectangles and block arrows that were laid over a picture.

    A rectangle has sides along rows and columns that are straight to the pixel; the border of the picture counts as a
    side. It is taken for a panel when black letters stand in it and white or yellow fills at least half, or when it
    stands at the border with at least two sides drawn and is at most 15 % of the picture, as an inset is. What is more
    than 60 % of the picture is the picture. A block arrow has two parallel edges of the same length with flat white
    between.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Picture at the resolution at which it was drawn upon; a reduced one has lost the sharp edges.

    Returns
    -------
    Overlaid
        Masks of the size of the picture.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.int16)
    length = max(20, round(0.012 * max(grey.shape)))
    along_rows, row_runs = _straight(grey, length)
    along_cols, col_runs = _straight(np.ascontiguousarray(grey.T), length)
    overlaid = Overlaid(np.zeros(grey.shape, dtype=bool), np.zeros(grey.shape, dtype=bool))
    _mark(_Edges(along_rows, along_cols.T, row_runs), image, grey, overlaid)
    turned = Overlaid(overlaid.panels.T, overlaid.arrows.T)
    _mark(_Edges(along_cols, along_rows.T, col_runs), image.transpose(1, 0, 2), grey.T, turned)
    return overlaid


def _mark(edges: _Edges, image: NDArray[np.uint8], grey: NDArray[np.int16], overlaid: Overlaid) -> None:
    for top, bottom, left, right in _rectangles(edges.runs, grey.shape):
        if _is_panel(edges, image, (top, bottom, left, right)):
            overlaid.panels[top : bottom + 1, left : right + 1] = True
    for upper, lower in _alike(edges.runs, lowest=8, highest=round(0.04 * max(grey.shape))):
        shaft = grey[upper.at + 4 : lower.at - 3, upper.first + 2 : upper.last - 1]
        width = lower.at - upper.at
        if shaft.size and upper.last - upper.first >= width and np.percentile(shaft, 10) >= 246:
            rows = slice(max(0, upper.at - width // 2), lower.at + width // 2 + 1)
            overlaid.arrows[rows, max(0, upper.first - width) : upper.last + width + 1] = True


def _straight(grey: NDArray[np.int16], length: int) -> tuple[Mask, tuple[_Run, ...]]:
    """Mark where the grey steps across rows, one way along half the length, and list the runs of the whole length."""
    step = np.pad(grey[2:] - grey[:-2], ((1, 1), (0, 0)))
    short = np.zeros(grey.shape, dtype=np.uint8)
    runs: list[_Run] = []
    for sign in (1, -1):
        half = cv2.morphologyEx((sign * step > _STEP).astype(np.uint8), cv2.MORPH_OPEN, _row(length // 2))
        short |= np.asarray(half, dtype=np.uint8)
        runs += _runs(np.asarray(cv2.morphologyEx(half, cv2.MORPH_OPEN, _row(length)), dtype=np.uint8))
    # Widened by two pixels, so that both rims of a frame meet the same side.
    thick: Mask = np.asarray(cv2.dilate(short, np.ones((5, 5), np.uint8)) > 0, dtype=bool)
    # The rim of a blank margin is lost wherever the picture beside it is as pale.
    rims = np.flatnonzero(thick.mean(axis=1) >= _RIM_COVERED)
    groups = np.split(rims, np.flatnonzero(np.diff(rims) > 1) + 1) if rims.size else []
    margins = [_Run(int(np.median(group)), 0, grey.shape[1] - 1) for group in groups]
    return thick, tuple(sorted([*_joined(runs), *margins], key=lambda run: (run.first, run.at)))


def _row(length: int) -> NDArray[np.uint8]:
    return np.ones((1, length), np.uint8)


def _runs(long: NDArray[np.uint8]) -> list[_Run]:
    count, _, stats, _ = cv2.connectedComponentsWithStats(long, connectivity=8)
    boxes = stats[1:count].tolist()
    return [_Run(top + height // 2, left, left + width - 1) for left, top, width, height, _ in boxes if height <= 4]


def _joined(runs: list[_Run]) -> tuple[_Run, ...]:
    """Join runs on one line that another line interrupts."""
    joined: list[_Run] = []
    for run in sorted(runs, key=lambda run: (run.first, run.at)):
        before = [place for place, other in enumerate(joined) if _continues(other, run)]
        if before:
            other = joined[before[-1]]
            joined[before[-1]] = _Run(other.at, other.first, max(other.last, run.last))
        else:
            joined.append(run)
    return tuple(joined)


def _continues(one: _Run, other: _Run) -> bool:
    return abs(one.at - other.at) <= 1 and one.last < other.first <= one.last + _BREAK_PX


def _alike(runs: tuple[_Run, ...], *, lowest: int, highest: int) -> Iterator[tuple[_Run, _Run]]:
    """Pair edges that begin and end alike, a distance apart."""
    for index, one in enumerate(runs):
        for other in runs[index + 1 :]:
            if other.first - one.first > _ENDS_ALIKE_PX:
                break
            if abs(other.last - one.last) <= _ENDS_ALIKE_PX and lowest <= abs(other.at - one.at) <= highest:
                yield (one, other) if one.at < other.at else (other, one)


def _rectangles(runs: tuple[_Run, ...], shape: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    """Give top, bottom, left and right of what two alike edges, or an edge and the border, hold between them."""
    rows, cols = shape
    for upper, lower in _alike(runs, lowest=12, highest=rows):
        yield upper.at, lower.at, min(upper.first, lower.first), max(upper.last, lower.last)
    for run in runs:
        # Ends a few pixels from the border are the border.
        left = 0 if run.first <= _ENDS_ALIKE_PX else run.first
        right = cols - 1 if run.last >= cols - 1 - _ENDS_ALIKE_PX else run.last
        yield 0, run.at, left, right
        yield run.at, rows - 1, left, right


def _is_panel(edges: _Edges, image: NDArray[np.uint8], box: tuple[int, int, int, int]) -> bool:
    top, bottom, left, right = box
    rows, cols = image.shape[:2]
    if right - left < 15 or bottom - top < 12:
        return False
    is_border = (top == 0, bottom == rows - 1, left == 0, right == cols - 1)
    sides = (
        edges.along_rows[top, left : right + 1],
        edges.along_rows[bottom, left : right + 1],
        edges.along_cols[top : bottom + 1, left],
        edges.along_cols[top : bottom + 1, right],
    )
    covered = min(1.0 if at_border else float(side.mean()) for side, at_border in zip(sides, is_border, strict=True))
    if covered < _RIM_COVERED:
        return False
    share = (bottom - top) * (right - left) / (rows * cols)
    if share > _LARGEST_PANEL:
        return False
    flat = _flat_share(image[top + 3 : bottom - 2, left + 3 : right - 2])
    if covered < _SIDE_COVERED:
        return flat >= _BLANK_SHARE
    return flat >= _FLAT_SHARE or (1 <= sum(is_border) <= 2 and share <= _LARGEST_INSET)


def _flat_share(inside: NDArray[np.uint8]) -> float:
    """Measure how much one colour of paper, white or highlighter, fills of what is lettered in black."""
    if inside.size == 0:
        return 0.0
    pixels = inside.reshape(-1, 3)[:: max(1, inside.shape[0] * inside.shape[1] // 20_000)].astype(np.int16)
    brightness = pixels.sum(axis=1)
    red, green, blue = (colour := np.median(pixels[brightness >= np.median(brightness)], axis=0)).tolist()
    is_paper = min(red, green, blue) >= 235 or (min(red, green) >= 200 and blue <= 120)
    is_lettered = np.mean(pixels.max(axis=1) <= _BLACK) >= _LETTERED_SHARE
    return float(np.mean(np.abs(pixels - colour).max(axis=1) <= _FLAT_WITHIN)) if is_paper and is_lettered else 0.0
