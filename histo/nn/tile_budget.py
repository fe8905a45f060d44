"""How many tiles are in work at once and how large they are, so that memory has a bound on any number of cores."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import torch

from histo.nn.device import tiles_at_once
from histo.nn.tiling import TileGrid

__all__ = ["TileBudget"]


@dataclass(frozen=True)
class TileBudget:
    """What the tiles in work may take together.

    Parameters
    ----------
    px : int
        Pixels of all of them: the more tiles at once, the smaller they are.
    halo : int
        Rim of a tile that is thrown away, in pixels.
    stride : int
        Tiles begin at multiples of it.

    Examples
    --------
    >>> budget = TileBudget(px=1_000_000, halo=112, stride=16)
    >>> budget.n_tiles(torch.device("cpu"), 4), budget.grid(1280, 4, longest=5000)
    (4, TileGrid(tile=496, halo=112))
    """

    px: int
    halo: int
    stride: int

    def n_tiles(self, device: torch.device, wanted: int | None = None) -> int:
        """Say how many tiles are in work at once: no more than fit when they are as small as can be.

        Parameters
        ----------
        device : torch.device
        wanted : int, optional
            Tiles at once, at most. Without it, what suits the device.
        """
        suited = tiles_at_once(device) if device.type == "cpu" else 2
        return max(1, min(wanted or suited, self.px // self._smallest**2))

    def grid(self, tile: int, n_tiles: int, *, longest: int) -> TileGrid:
        """Lay tiles as large as the model's, or smaller where that saves memory or waste beyond the edges.

        Parameters
        ----------
        tile : int
            Side of the model's tile, in pixels.
        n_tiles : int
            In work at once.
        longest : int
            Longer side of what is to be covered, in pixels.
        """
        affordable = isqrt(self.px // n_tiles) // self.stride * self.stride
        return TileGrid.fitting(min(tile, max(affordable, self._smallest)), self.halo, self.stride, longest)

    @property
    def _smallest(self) -> int:
        return 2 * self.halo + self.stride
