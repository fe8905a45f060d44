"""From curves in µm to pixels: light that keeps its amount, thin lines, and cells by their pixels' centres."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.phantom.junction.border import Borders
from histo.phantom.junction.gap import Gaps
from histo.phantom.junction.plane import Frame

__all__ = ["blurred", "draw_lines", "label_cells", "splat"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Image = NDArray[np.float32]
_SHIFT = 6


def splat(points_um: Floats, amounts: Floats, frame: Frame) -> Image:
    """Share out amounts of light between the four pixels around each place, per µm² of the plane."""
    rows, cols = frame.shape
    at = frame.to_pixels(points_um)
    inside = ((at > -1) & (at < frame.shape)).all(axis=1)
    at, amounts = at[inside], amounts[inside]
    low = np.floor(at).astype(np.int64)
    share = at - low
    # One more pixel all around catches what falls over the edge.
    index = (low[:, 0] + 1) * (cols + 2) + low[:, 1] + 1
    size = (rows + 2) * (cols + 2)
    picture = np.zeros(size)
    for down in (0, 1):
        for right in (0, 1):
            weight = (share[:, 0] if down else 1 - share[:, 0]) * (share[:, 1] if right else 1 - share[:, 1])
            picture += np.bincount(index + down * (cols + 2) + right, amounts * weight, size)
    cut = picture.reshape(rows + 2, cols + 2)[1:-1, 1:-1]
    return np.asarray(cut / frame.mpp**2, dtype=np.float32)


def blurred(picture: Image, sigma_um: float, mpp: float) -> Image:
    """Blur what `splat` drew, less what the sharing out has blurred already beyond the pixel itself."""
    sigma = np.sqrt(max((sigma_um / mpp) ** 2 - 1 / 12, 0.0))
    if sigma < 0.15:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), dtype=np.float32)


def draw_lines(borders: Borders, frame: Frame, gaps: Gaps | None = None) -> NDArray[np.bool_]:
    """Draw borders one pixel wide, all of them or the stained stretches only."""
    picture = np.zeros(frame.shape, np.uint8)
    if gaps is None:
        points, first = borders.points, borders.first
    else:
        points, first = _stretches(borders, _widened(gaps, borders, frame.mpp / 2))
    fixed = np.rint(frame.to_pixels(points)[:, ::-1] * (1 << _SHIFT)).astype(np.int32)
    lines = [fixed[low:high] for low, high in pairwise(first) if high - low > 1]
    cv2.polylines(picture, lines, False, 1, 1, cv2.LINE_8, _SHIFT)
    return picture.astype(bool)


def _widened(gaps: Gaps, borders: Borders, by_um: float) -> Gaps:
    """Widen gaps into the stretches beside them: a line one pixel wide reaches half a pixel beyond its ends."""
    lengths = borders.lengths_um[gaps.side]
    return replace(
        gaps,
        start_um=np.maximum(gaps.start_um - by_um, 0.0),
        end_um=np.minimum(gaps.end_um + by_um, lengths),
    )


def _stretches(borders: Borders, gaps: Gaps) -> tuple[Floats, Ints]:
    """Cut borders at the edges of gaps, and leave out the gaps."""
    step = float(borders.arc_um.max()) + 1.0
    side = np.concatenate([gaps.side, gaps.side])
    edges = np.concatenate([gaps.start_um, gaps.end_um])
    axis = np.concatenate([borders.owner * step + borders.arc_um, side * step + edges])
    points = np.concatenate([borders.points, borders.at(side, edges)])
    owner = np.concatenate([borders.owner, side])
    order = np.argsort(axis, kind="stable")
    axis, points, owner = axis[order], points[order], owner[order]
    middle = 0.5 * (axis[1:] + axis[:-1])
    starts, ends = gaps.side * step + gaps.start_um, gaps.side * step + gaps.end_um
    which = np.searchsorted(starts, middle) - 1
    in_gap = (which >= 0) & (middle < ends[np.maximum(which, 0)]) if len(starts) else np.zeros(len(middle), bool)
    is_stained = (owner[1:] == owner[:-1]) & ~in_gap
    # A run of stained segments from point i to point j is points i to j.
    edge = np.flatnonzero(np.diff(np.concatenate([[False], is_stained, [False]]).astype(int)))
    lows, highs = edge[::2], edge[1::2] + 1
    index = np.concatenate([np.arange(low, high) for low, high in zip(lows, highs, strict=True)] or [np.empty(0, int)])
    return points[index], np.concatenate([[0], np.cumsum(highs - lows)])


def label_cells(borders: Borders, cells: Ints, frame: Frame) -> NDArray[np.int32]:
    """Give every pixel the number of the cell that its centre lies in.

    Every border knows the cell on either side, so the last border left of a pixel says which cell it is.

    Parameters
    ----------
    borders : Borders
    cells : (m, 2) int array
        The cell left and right of each border.
    frame : Frame
    """
    begin = borders.segments
    at = frame.to_pixels(borders.points)
    row, end_row = at[begin, 0], at[begin + 1, 0]
    low, high = np.minimum(row, end_row), np.maximum(row, end_row)
    first = np.clip(np.ceil(low), 0, frame.shape[0]).astype(np.int64)
    # A line that ends on a row is left to the one that begins there.
    n = np.maximum(np.clip(np.ceil(high), 0, frame.shape[0]).astype(np.int64) - first, 0)
    hit = np.repeat(np.arange(len(begin)), n)
    line = first[hit] + np.arange(len(hit)) - np.repeat(np.cumsum(n) - n, n)
    begin, row, end_row = begin[hit], row[hit], end_row[hit]
    share = (line - row) / (end_row - row)
    col = at[begin, 1] + share * (at[begin + 1, 1] - at[begin, 1])
    # A border that runs down has its left cell, looking along it, at larger columns.
    owner = borders.owner[begin]
    after = np.where(end_row > row, cells[owner, 0], cells[owner, 1])
    return _fill_rows(line, col, after, frame.shape)


def _fill_rows(line: Ints, col: Floats, after: Ints, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Fill each row from crossing to crossing."""
    order = np.lexsort((col, line))
    line, after = line[order], after[order]
    pixel = np.clip(np.ceil(col[order]), 0, shape[1]).astype(np.int64)
    # Of several crossings before the same pixel the last one counts; column 0 takes those left of the window.
    marks = np.full((shape[0], shape[1] + 1), -1, dtype=np.int64)
    marks[line, pixel] = np.arange(len(order))
    latest = np.maximum.accumulate(marks[:, :-1], axis=1)
    return np.asarray(after[latest], dtype=np.int32)
