"""Find out in which order a DICOM slide's frames were laid down, when the file does not say."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["seams_tell_order"]

# Frames looked at; each costs up to four decoded frames.
_N_LOOKED_AT = 24
# The right order must have seams this much smoother than the other to be believed.
_CLEARLY_SMOOTHER = 0.6


def seams_tell_order(frame: Callable[[int], NDArray[Any]], grid: tuple[int, int]) -> str | None:
    """Compare how well neighbouring frames fit at their seams, laid down by rows and by columns.

    Parameters
    ----------
    frame : callable
        ``frame(number)`` decodes a frame as (rows, cols, samples).
    grid : (int, int)
        Rows and columns of frames.

    Returns
    -------
    {"rows", "columns"} or None
        None if neither order fits clearly better.

    Examples
    --------
    >>> whole = np.arange(64.0).reshape(8, 8, 1)
    >>> tiles = [whole[r : r + 2, c : c + 2] for c in range(0, 8, 2) for r in range(0, 8, 2)]
    >>> seams_tell_order(tiles.__getitem__, (4, 4))
    'columns'
    """
    n_rows, n_cols = grid
    if n_rows == 1 or n_cols == 1:
        return "rows"
    held = lru_cache(maxsize=32)(lambda number: frame(number).astype(np.float32))
    numbers = np.unique(np.linspace(0, n_rows * n_cols - 1, _N_LOOKED_AT, dtype=int)).tolist()
    by_rows: list[float] = []
    by_columns: list[float] = []
    for number in numbers:
        for steps, costs, n_in_line, is_along_row in (
            ((1, n_cols), by_rows, n_cols, True),
            ((1, n_rows), by_columns, n_rows, False),
        ):
            next_in_line, next_line = number + steps[0], number + steps[1]
            if number % n_in_line != n_in_line - 1:
                costs.append(_seam(held(number), held(next_in_line), is_side_by_side=is_along_row))
            if next_line < n_rows * n_cols:
                costs.append(_seam(held(number), held(next_line), is_side_by_side=not is_along_row))
    rough_rows, rough_columns = float(np.mean(by_rows)), float(np.mean(by_columns))
    if rough_rows <= _CLEARLY_SMOOTHER * rough_columns:
        return "rows"
    return "columns" if rough_columns <= _CLEARLY_SMOOTHER * rough_rows else None


def _seam(first: NDArray[Any], second: NDArray[Any], *, is_side_by_side: bool) -> float:
    if is_side_by_side:
        return float(np.abs(first[:, -1] - second[:, 0]).mean())
    return float(np.abs(first[-1] - second[0]).mean())
