"""Borders between labelled cells as chains along the edges of pixels, from corner to corner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Border", "find_borders"]

Ints = NDArray[np.int64]

# Steps over the lattice of pixel corners: down, right, up, left; opposite ones lie two apart.
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


@dataclass(frozen=True, eq=False)
class Border:
    """One stretch of the border of two cells.

    Parameters
    ----------
    vertices : (n, 2) array
        Corners of pixels along it; (0, 0) is the outer corner of the first pixel. A ring ends where it began.
    cells : (int, int)
        The labels to its left and right, looked at along it with rows running down.
    ends : (int, int)
        Numbers of the lattice's corners at which it begins and ends, the same number for the same place; -1 on the
        border of the array, and for both ends of a ring.
    """

    vertices: Ints
    cells: tuple[int, int]
    ends: tuple[int, int]

    @property
    def middles(self) -> NDArray[np.float64]:
        """The vertices, in coordinates whose whole numbers are the middles of pixels."""
        return np.asarray(self.vertices - 0.5, dtype=np.float64)

    @property
    def is_ring(self) -> bool:
        """Whether it closes on itself."""
        return bool((self.vertices[0] == self.vertices[-1]).all())


def find_borders(labels: NDArray[np.int32]) -> list[Border]:
    """Take the borders of labels apart where three or more of them meet.

    Parameters
    ----------
    labels : (rows, cols) int32 array
        Cells.

    Returns
    -------
    list of Border

    Examples
    --------
    >>> labels = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 3, 3]], dtype=np.int32)
    >>> sorted((border.cells, len(border.vertices)) for border in find_borders(labels))
    [((1, 3), 3), ((2, 1), 3), ((2, 3), 3)]
    """
    lattice = _Lattice(labels)
    return [lattice.border(chain) for chain in lattice.chains()]


class _Lattice:
    """The corners of pixels, and between which of them labels change."""

    def __init__(self, labels: NDArray[np.int32]) -> None:
        self.labels = labels
        rows, cols = labels.shape
        down = np.zeros((rows + 1, cols + 1), dtype=bool)
        right = np.zeros((rows + 1, cols + 1), dtype=bool)
        down[:rows, 1:cols] = labels[:, 1:] != labels[:, :-1]
        right[1:rows, :cols] = labels[1:] != labels[:-1]
        up, left = np.zeros_like(down), np.zeros_like(right)
        up[1:] = down[:-1]
        left[:, 1:] = right[:, :-1]
        self._is_open = np.stack([down, right, up, left])
        degree = self._is_open.sum(axis=0)
        self._is_end = (degree == 1) | (degree > 2)
        self._inner = (1, 1, rows - 1, cols - 1)

    def chains(self) -> Iterator[list[tuple[int, int]]]:
        """Walk each chain once: first those between ends, then what is left, which is rings."""
        for row, col in np.argwhere(self._is_end).tolist():
            for direction in range(4):
                if self._is_open[direction, row, col]:
                    yield self._walk(row, col, direction)
        for row, col in np.argwhere(self._is_open[0]).tolist():
            if self._is_open[0, row, col]:
                yield self._walk(row, col, 0)

    def _walk(self, row: int, col: int, direction: int) -> list[tuple[int, int]]:
        """Follow a chain and take its edges off the lattice."""
        chain = [(row, col)]
        is_open = self._is_open
        while True:
            is_open[direction, row, col] = False
            row, col = row + _STEPS[direction][0], col + _STEPS[direction][1]
            is_open[(direction + 2) % 4, row, col] = False
            chain.append((row, col))
            onward = [way for way in range(4) if is_open[way, row, col]]
            if self._is_end[row, col] or not onward:
                return chain
            direction = onward[0]

    def border(self, chain: list[tuple[int, int]]) -> Border:
        (row, col), (next_row, next_col) = chain[0], chain[1]
        if row == next_row:  # along a row: left of the way right is above
            above, below = self.labels[row - 1, min(col, next_col)], self.labels[row, min(col, next_col)]
            cells = (above, below) if next_col > col else (below, above)
        else:  # down a column: left of the way down is to the right
            west, east = self.labels[min(row, next_row), col - 1], self.labels[min(row, next_row), col]
            cells = (east, west) if next_row > row else (west, east)
        ends = (-1, -1) if chain[0] == chain[-1] and not self._is_end[chain[0]] else self._ends(chain)
        return Border(np.array(chain), (int(cells[0]), int(cells[1])), ends)

    def _ends(self, chain: list[tuple[int, int]]) -> tuple[int, int]:
        return self._number(*chain[0]), self._number(*chain[-1])

    def _number(self, row: int, col: int) -> int:
        first_row, first_col, last_row, last_col = self._inner
        if not (first_row <= row <= last_row and first_col <= col <= last_col):
            return -1
        return int(row * (self.labels.shape[1] + 1) + col)
