"""The grid of tiles that an image is predicted in: the model's and the slide's, never that of the window asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from histo.errors import InvalidArgument

__all__ = ["Tile", "TileGrid", "Window"]


@dataclass(frozen=True)
class Window:
    """A rectangle of whole pixels.

    Parameters
    ----------
    row, col : int
        Upper left pixel.
    height, width : int
        Size in pixels.
    """

    row: int
    col: int
    height: int
    width: int

    @property
    def bottom(self) -> int:
        """Row below the last."""
        return self.row + self.height

    @property
    def right(self) -> int:
        """Column right of the last."""
        return self.col + self.width

    def cut(self, other: Window) -> Window:
        """Return what two windows share; its size is not positive if they share nothing."""
        row, col = max(self.row, other.row), max(self.col, other.col)
        return Window(row, col, min(self.bottom, other.bottom) - row, min(self.right, other.right) - col)

    def slices(self, inside: Window) -> tuple[slice, slice]:
        """Index this window in an array that holds the window `inside`."""
        row, col = self.row - inside.row, self.col - inside.col
        return slice(row, row + self.height), slice(col, col + self.width)


@dataclass(frozen=True)
class Tile:
    """One square of the grid.

    Parameters
    ----------
    seen : Window
        What the network sees: always the same size.
    kept : Window
        What is kept of its prediction: without the halo, within the window asked for.
    """

    seen: Window
    kept: Window


@dataclass(frozen=True)
class TileGrid:
    """Squares whose inner parts cover the plane without gap or overlap, from pixel (0, 0) of the slide on.

    A pixel always lies in the same tile, so it is predicted from the same pixels around it, whichever window is asked
    for, in whatever order and company.

    Parameters
    ----------
    tile : int
        Side of what the network sees, in pixels.
    halo : int
        Rim that is thrown away, in pixels.

    Examples
    --------
    >>> [tile.kept.col for tile in TileGrid(tile=512, halo=64).cover(Window(0, 100, 50, 700))]
    [100, 384, 768]
    """

    tile: int
    halo: int

    @classmethod
    def fitting(cls, tile: int, halo: int, stride: int, longest: int) -> TileGrid:
        """Lay a grid whose tiles are smaller where that wastes less beyond an image's edges.

        Parameters
        ----------
        tile : int
            The largest side there may be.
        halo : int
            As above.
        stride : int
            Tiles begin at multiples of it.
        longest : int
            The image's longer side.

        Returns
        -------
        TileGrid

        Examples
        --------
        >>> TileGrid.fitting(tile=1280, halo=160, stride=16, longest=500)
        TileGrid(tile=832, halo=160)
        """
        n_along = ceil(longest / (tile - 2 * halo))
        step = ceil(longest / n_along / stride) * stride
        return cls(min(step + 2 * halo, tile), halo)

    def cover(self, window: Window) -> Iterator[Tile]:
        """Go through the tiles that a window needs, row by row.

        Raises
        ------
        InvalidArgument
            If the window is empty or begins before pixel (0, 0).
        """
        if min(window.row, window.col) < 0 or min(window.height, window.width) < 1:
            raise InvalidArgument("a window has a size and begins on the slide", got=str(window))
        step = self.tile - 2 * self.halo
        for row in range(window.row // step * step, window.bottom, step):
            for col in range(window.col // step * step, window.right, step):
                seen = Window(row - self.halo, col - self.halo, self.tile, self.tile)
                yield Tile(seen, Window(row, col, step, step).cut(window))
