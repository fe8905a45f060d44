"""One resolution of a slide, and how windows of it are put together from tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from histo.io.slides.tile_cache import TileCache

__all__ = ["ArrayLevel", "Level", "LevelSource", "TiledLevel", "level_scales"]

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Level:
    """One resolution of a slide.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    scale : (float, float)
        Level-0 pixels per pixel of this level, along rows and columns.
    """

    shape: tuple[int, int]
    scale: tuple[float, float] = (1.0, 1.0)

    @property
    def downsample(self) -> float:
        """How many level-0 pixels a pixel of this level is wide (the geometric mean of both directions)."""
        return sqrt(self.scale[0] * self.scale[1])


class LevelSource(Protocol):
    """Where the pixels of a level come from."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def read(self, row: int, col: int, height: int, width: int) -> Pixels:
        """Read a window that lies wholly inside, as (height, width, channels); the array is the caller's."""


@dataclass(frozen=True, eq=False)
class ArrayLevel:
    """A level whose pixels are in memory, as (rows, cols, channels)."""

    pixels: Pixels

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def read(self, row: int, col: int, height: int, width: int) -> Pixels:
        """Copy a window that lies wholly inside."""
        return self.pixels[row : row + height, col : col + width].copy()


@dataclass(frozen=True, eq=False)
class TiledLevel:
    """A level made of equal tiles that are decoded when they are needed.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the level.
    tile_shape : (int, int)
        Rows and columns of a tile; strips are tiles as wide as the level.
    n_channels : int
        Channels of the decoded tiles.
    dtype : numpy dtype
        Type of their pixels.
    decode : callable
        ``decode(tile_row, tile_col)`` gives (rows, cols, n_channels). Tiles at the right and lower border may be whole
        or cut to the level.
    cache : TileCache
        Shared by the levels of a slide.
    """

    shape: tuple[int, int]
    tile_shape: tuple[int, int]
    n_channels: int
    dtype: np.dtype[Any]
    decode: Callable[[int, int], Pixels]
    cache: TileCache

    def read(self, row: int, col: int, height: int, width: int) -> Pixels:
        """Put a window together from the tiles that it touches and no others."""
        window = np.empty((height, width, self.n_channels), self.dtype)
        tile_rows, tile_cols = self.tile_shape
        for tile_row in range(row // tile_rows, (row + height - 1) // tile_rows + 1):
            for tile_col in range(col // tile_cols, (col + width - 1) // tile_cols + 1):
                top, left = tile_row * tile_rows - row, tile_col * tile_cols - col
                low_row, low_col = max(top, 0), max(left, 0)
                high_row, high_col = min(top + tile_rows, height), min(left + tile_cols, width)
                window[low_row:high_row, low_col:high_col] = self._tile(tile_row, tile_col)[
                    low_row - top : high_row - top, low_col - left : high_col - left
                ]
        return window

    def _tile(self, tile_row: int, tile_col: int) -> Pixels:
        key = (id(self), tile_row, tile_col)
        tile = self.cache.get(key)
        if tile is None:
            # Two threads may decode the same tile at once; that costs less than making them wait for each other.
            tile = self.decode(tile_row, tile_col)
            self.cache.put(key, tile)
        return tile


def level_scales(shapes: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Find how many level-0 pixels a pixel of each level stands for.

    Scanners reduce by a whole number and drop or pad what is left over at the right and lower border, so the ratio of
    the shapes is a little off: 3567 / 1783 is 2.0006, but the reduction was 2. Where a whole number explains both
    sides to within one pixel, it is taken.

    Parameters
    ----------
    shapes : list of (int, int)
        Rows and columns of the levels, level 0 first.

    Returns
    -------
    list of (float, float)
        Scale along rows and columns.

    Examples
    --------
    >>> level_scales([(3567, 4443), (1783, 2221), (891, 1110)])
    [(1.0, 1.0), (2.0, 2.0), (4.0, 4.0)]
    >>> level_scales([(300, 500), (200, 400)])
    [(1.0, 1.0), (1.5, 1.25)]
    """
    rows, cols = shapes[0]
    scales = []
    for level_rows, level_cols in shapes:
        whole = max(1, round(sqrt(rows / level_rows * cols / level_cols)))
        if abs(rows / whole - level_rows) < 1 and abs(cols / whole - level_cols) < 1:
            scales.append((float(whole), float(whole)))
        else:
            scales.append((rows / level_rows, cols / level_cols))
    return scales
