"""The nouns of a traced network: its junctions, its corners and its cells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from skimage.draw import line

__all__ = ["Junction", "JunctionNetwork"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Junction:
    """One contact of two cells: a curve from corner to corner, from or to the field's border, or a ring.

    Parameters
    ----------
    points : (n, 2) array
        Row and column in pixels of the map, whole numbers are pixel centres, about one pixel apart. A ring's last
        point is its first again.
    present : (n,) array
        How surely the junction is stained at each point, 0 to 1.
    cells : (int, int)
        Labels of the cell to the left and of the cell to the right, looked at along the points with rows running down.
    corners : (int, int)
        Numbers of the corners at its start and end; -1 where the field's border cuts it, and for both ends of a ring.
    """

    points: Floats
    present: Floats
    cells: tuple[int, int]
    corners: tuple[int, int]

    @property
    def is_ring(self) -> bool:
        """Whether it closes on itself: a cell with a single neighbour."""
        return bool(np.array_equal(self.points[0], self.points[-1]))

    @property
    def is_whole(self) -> bool:
        """Whether the field shows all of it."""
        return self.is_ring or min(self.corners) >= 0

    @property
    def positions(self) -> Floats:
        """Length of the curve from its start to each point, in pixels."""
        steps = np.hypot(*np.diff(self.points, axis=0).T)
        return np.concatenate([[0.0], np.cumsum(steps)])

    @property
    def length(self) -> float:
        """Length in pixels."""
        return float(self.positions[-1])


@dataclass(frozen=True, eq=False)
class JunctionNetwork:
    """The junctions of a field, the corners where they meet and the cells between them.

    Parameters
    ----------
    junctions : tuple of Junction
        Those whose two cells differ.
    corners : (n, 2) array
        Row and column of each corner, in pixels.
    cell_labels : (rows, cols) int32 array
        The cells, 1 upwards, from top left to bottom right; every pixel is some cell's.
    mpp : float
        µm per pixel.
    seen_by : str
        Who made its maps, as in `JunctionMaps`.
    """

    junctions: tuple[Junction, ...]
    corners: Floats
    cell_labels: NDArray[np.int32]
    mpp: float
    seen_by: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.cell_labels.shape
        return rows, cols

    @property
    def n_cells(self) -> int:
        """Cells of which the field shows at least a part."""
        return int(self.cell_labels.max())

    @property
    def area_mm2(self) -> float:
        """Area of the field, mm²."""
        return self.cell_labels.size * self.mpp**2 / 1e6

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The curves as lines one pixel wide, gaps included."""
        drawn = np.zeros(self.shape, dtype=bool)
        limit = np.array(self.shape) - 1
        for junction in self.junctions:
            pixels = np.clip(np.rint(junction.points).astype(int), 0, limit)
            for start, end in pairwise(pixels):
                drawn[line(*start, *end)] = True  # type: ignore[no-untyped-call]
        return drawn

    @property
    def graph(self) -> NDArray[np.int64]:
        """Pairs of corners, one row a junction; -1 is the field's border."""
        return np.array([junction.corners for junction in self.junctions], dtype=np.int64).reshape(-1, 2)
