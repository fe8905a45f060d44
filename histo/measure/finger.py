"""What is measured alike of villi and crypts: both are fingers that stand along the wall."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.measure.centreline import Centrelines
from histo.measure.grid import Shares
from histo.measure.raster import grown

__all__ = ["first_courses", "in_order_along_wall", "outline_pixels", "touches_edge"]

Floats = NDArray[np.float64]

_THIN_SLICE = 0.4


def first_courses(
    points_um: NDArray[np.floating], owner: NDArray[np.integer], level: NDArray[np.integer], pixel_um: float
) -> list[Floats]:
    """Lay a first course through each finger: the centres of its slices, without those that are much too thin.

    Parameters
    ----------
    points_um : (n, 2) array
        Pixels of all fingers.
    owner, level : (n,) arrays of int
        Which finger each pixel is of, and which slice of it; both count from 0.
    pixel_um : float
        A finger of one slice gets a course of two pixels.

    Returns
    -------
    list of (k, 2) array
        Of each finger, from its first slice to its last, µm.
    """
    shape = int(owner.max()) + 1, int(level.max()) + 1
    key, size = owner * shape[1] + level, shape[0] * shape[1]
    count = np.bincount(key, minlength=size).reshape(shape)
    sums = [np.bincount(key, points_um[:, axis], minlength=size).reshape(shape) for axis in (0, 1)]
    courses = []
    for i in range(shape[0]):
        used = count[i] > _THIN_SLICE * np.median(count[i][count[i] > 0])
        course = np.stack([total[i, used] / count[i, used] for total in sums], axis=-1)
        if len(course) < 2:
            course = course + np.array([[0.0, -pixel_um], [0.0, pixel_um]])
        courses.append(course)
    return courses


def touches_edge(numbers: NDArray[np.int32], n: int, hidden: Shares | None = None) -> NDArray[np.bool_]:
    """Say of each of n numbered pieces whether it lies on the edge of the map or beside what an exclusion hides."""
    touches = np.zeros(n + 1, dtype=bool)
    if hidden is not None:
        # The softened border of a piece may end two pixels before what cuts it.
        touches[np.unique(numbers[grown(grown(hidden > 0))])] = True
    for edge in (numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]):
        touches[edge] = True
    return touches[1:]


def outline_pixels(numbers: NDArray[np.int32], n: int, beside: NDArray[np.bool_]) -> Floats:
    """Length of the border of each of n numbered pieces with the pixels of `beside` that are not its own, in pixels.

    Crossings along rows, columns and diagonals are counted (Crofton).
    """
    crossings = np.zeros(n + 1)
    rows, cols = numbers.shape
    for d_row, d_col, spacing in ((0, 1, 1.0), (1, 0, 1.0), (1, 1, 0.5**0.5), (1, -1, 0.5**0.5)):
        here = np.s_[: rows - d_row, max(0, -d_col) : cols - max(0, d_col)]
        there = np.s_[d_row:, max(0, d_col) : cols - max(0, -d_col)]
        differs = np.nonzero(numbers[here] != numbers[there])
        for own, other in ((here, there), (there, here)):
            owner = numbers[own][differs][beside[other][differs]]
            crossings += np.pi / 8 * spacing * np.bincount(owner, minlength=n + 1)
    return crossings[1:]


def in_order_along_wall(
    table: pd.DataFrame, lines: Centrelines, ends: tuple[str, str], name: tuple[str, str]
) -> tuple[pd.DataFrame, Centrelines]:
    """Sort fingers by position along the wall, ties by an end's row and column, and number them.

    Parameters
    ----------
    table : DataFrame
        With a column ``position_um``.
    lines : Centrelines
        One a row.
    ends : (str, str)
        Columns that break ties: the row and the column of an end.
    name : (str, str)
        Column of the ids, and the letter that they begin with.

    Returns
    -------
    table : DataFrame
        Sorted, ids first.
    lines : Centrelines
        In the same order.
    """
    order = np.lexsort((table[ends[1]], table[ends[0]], table["position_um"]))
    table = table.iloc[order]
    table.insert(0, name[0], [f"{name[1]}{i}" for i in range(1, len(table) + 1)])
    return table, Centrelines(lines.points_um[order], lines.length_um[order], lines.share_seen[order])
