"""Closed rings along the edges of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["trace_rings"]


def trace_rings(regions: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    """Trace the borders between regions and background.

    A border turns at *corners*. Along any line of the grid its corners, in order, are begin and end of one straight
    edge after the other; so the corners of each row pair off into horizontal edges, those of each column into vertical
    ones, and a ring is what comes of following the two in turn. Where four pixels meet of which only two opposite ones
    are inside, the border passes twice, and the passes are told apart so that no ring meets itself: two regions stay
    apart, one region closes around what it encloses.

    Parameters
    ----------
    regions : (rows, cols) array
        Number of the region, 0 for background. Regions are connected over the pixels' sides, no two share one, and
        the outermost pixels are background.

    Returns
    -------
    list of (n, 2) array
        Rings of (row, col) corners, the first not repeated at the end; corner (r, c) is the upper left one of pixel
        (r, c). Each begins at its highest, leftmost corner with an edge to the right, and they are in the order of
        these corners.

    Examples
    --------
    >>> one_pixel = np.zeros((3, 3), dtype=np.int32)
    >>> one_pixel[1, 1] = 1
    >>> trace_rings(one_pixel)[0].tolist()
    [[1, 1], [1, 2], [2, 2], [2, 1]]
    """
    rows, cols, is_left_pass, is_right_pass, is_left_below = _passes(regions)
    in_row_order = np.arange(len(rows))
    # Of two passes through one corner, the one whose other edge lies above comes first in its column.
    is_second = (is_left_pass & is_left_below) | (is_right_pass & ~is_left_below)
    in_column_order = np.lexsort((is_second, rows, cols))
    corners = np.column_stack([rows, cols])
    return [corners[ring] for ring in _follow(_partners(in_row_order), _partners(in_column_order))]


def _passes(regions: NDArray[np.int32]) -> tuple[NDArray[np.int64], ...]:
    """Find the corners in reading order, those passed twice twice: the pass with the edge to the left first.

    Returns their rows and columns, whether each is the left or the right one of two passes, and whether of these the
    left one's other edge lies below.
    """
    inside = regions > 0
    upper_left, upper_right, lower_left, lower_right = (
        inside[:-1, :-1],
        inside[:-1, 1:],
        inside[1:, :-1],
        inside[1:, 1:],
    )
    is_turn = upper_left ^ upper_right ^ lower_left ^ lower_right
    is_crossing = (upper_left == lower_right) & (upper_right == lower_left) & (upper_left != upper_right)
    rows, cols = np.nonzero(is_turn | is_crossing)
    is_double = is_crossing[rows, cols]
    # Of a crossing's four pixels one in each row is inside; the other is 0.
    is_one_region = np.maximum(regions[rows, cols], regions[rows, cols + 1]) == np.maximum(
        regions[rows + 1, cols], regions[rows + 1, cols + 1]
    )
    is_rising = upper_right[rows, cols]
    is_left_below = is_rising ^ is_one_region
    passes = np.repeat(np.arange(len(rows)), 1 + is_double)
    is_right_pass = np.zeros(len(passes), dtype=bool)
    is_right_pass[1:] = passes[1:] == passes[:-1]
    is_left_pass = is_double[passes] & ~is_right_pass
    return rows[passes] + 1, cols[passes] + 1, is_left_pass, is_right_pass, is_left_below[passes]


def _partners(order: NDArray[np.int64]) -> list[int]:
    """For each corner the other end of its edge, when corners in this order pair off."""
    partners = np.empty(len(order), dtype=np.int64)
    partners[order[0::2]] = order[1::2]
    partners[order[1::2]] = order[0::2]
    linked: list[int] = partners.tolist()
    return linked


def _follow(horizontal: list[int], vertical: list[int]) -> list[list[int]]:
    is_followed = bytearray(len(horizontal))
    rings = []
    for start in range(len(horizontal)):
        if is_followed[start]:
            continue
        ring, corner = [], start
        while not is_followed[corner]:
            across = horizontal[corner]
            is_followed[corner] = is_followed[across] = True
            ring += [corner, across]
            corner = vertical[across]
        rings.append(ring)
    return rings
