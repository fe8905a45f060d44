"""Find the nuclei of an image tile by tile: each belongs to the tile that holds its peak, whatever the tiles are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray

from histo.nn.canvas import Canvas
from histo.nn.device import autocast, choose_device
from histo.nn.nuclei_decode import Nuclei, decode_nuclei
from histo.nn.nuclei_model import NucleiModel
from histo.nn.nuclei_network import DEEPEST_STRIDE, OUTPUT_STRIDE
from histo.nn.nuclei_spec import NUCLEUS_REACH_UM
from histo.nn.picture import as_input, is_glass
from histo.nn.threads import map_on_threads
from histo.nn.tile_budget import TileBudget
from histo.nn.tiling import Tile, TileGrid, Window

__all__ = ["NucleiTile", "nuclei_grid", "predict_nuclei"]

# A pixel of a tile in work takes about 300 bytes of activations. All tiles in work together take 1.2 GiB at most, so
# that a process stays below 2 GiB on any number of cores: the more of them, the smaller the tiles.
_PX_IN_WORK = int(1.2 * 2**30) // 300


@dataclass(frozen=True, eq=False)
class NucleiTile:
    """What was found around one tile.

    Parameters
    ----------
    kept : Window
        The part of the canvas that the tile answers for.
    region : Window
        That and a rim around it, in which the arrays of `nuclei` count.
    nuclei : Nuclei
        All that were found in the region.
    is_own : (n,) array of bool
        Which of them the tile answers for; the others lie in the rim, and a neighbour reports them.
    """

    kept: Window
    region: Window
    nuclei: Nuclei
    is_own: NDArray[np.bool_]

    @property
    def centre(self) -> NDArray[np.float64]:
        """Centres of its own nuclei, rows and columns in pixels of the canvas; whole numbers are pixel centres."""
        return self.nuclei.centre_from(self.region.row, self.region.col)[self.is_own]


def predict_nuclei(
    model: NucleiModel, canvas: Canvas, window: Window, *, device: str | None = None, n_at_once: int | None = None
) -> Iterator[NucleiTile]:
    """Find the nuclei of a window, in constant memory.

    Parameters
    ----------
    model : NucleiModel
        From `load_nuclei_model`.
    canvas : Canvas
        The slide at the model's µm per pixel, from `histo.nn.nuclei_canvas.nuclei_canvas`.
    window : Window
        Inside the canvas.
    device : str, optional
        As `choose_device` takes it.
    n_at_once : int, optional
        Tiles in work at once, at most. Without it, what suits the device.

    Yields
    ------
    NucleiTile
        Row by row; together they report each nucleus whose peak lies in the window once.
    """
    place = choose_device(device)
    finder = _Finder(model, model.fused.to(place), place, canvas)
    tiles = nuclei_grid(model, canvas, device=device, n_at_once=n_at_once).cover(window)
    n_threads = _budget(model).n_tiles(place, n_at_once)
    found = map_on_threads(finder.find, tiles, n_threads, n_waiting=n_threads + 1)
    yield from (tile for tile in found if tile is not None)


def nuclei_grid(
    model: NucleiModel, canvas: Canvas, *, device: str | None = None, n_at_once: int | None = None
) -> TileGrid:
    """Lay tiles over a canvas: as large as the model's, or smaller where that saves memory or waste beyond its edges.

    The nuclei are the same in any grid, so it may fit the canvas (of a field of 500 px, a tile of 1,280 is mostly rim)
    and the machine: with many tiles in work at once they are smaller.

    Parameters
    ----------
    model : NucleiModel
        Its tile is the largest there may be.
    canvas : Canvas
        To cover.
    device, n_at_once
        As in `predict_nuclei`.

    Returns
    -------
    TileGrid
    """
    budget = _budget(model)
    n_tiles = budget.n_tiles(choose_device(device), n_at_once)
    return budget.grid(model.spec.tile, n_tiles, longest=max(canvas.height, canvas.width))


def _budget(model: NucleiModel) -> TileBudget:
    return TileBudget(_PX_IN_WORK, model.spec.halo, DEEPEST_STRIDE)


@dataclass(frozen=True, eq=False)
class _Finder:
    model: NucleiModel
    network: torch.nn.Module
    device: torch.device
    canvas: Canvas

    def find(self, tile: Tile) -> NucleiTile | None:
        """Find the nuclei of a tile; None on empty glass."""
        spec = self.model.spec
        picture = self.canvas.see(tile.seen)
        if is_glass(picture) if spec.stain == "he" else not picture.any():
            return None
        region = _around(tile.kept, spec.mpp, self.canvas)
        rows, cols = region.slices(tile.seen)
        maps = self._forward(picture)[:, _halved(rows), _halved(cols)]
        nuclei = decode_nuclei(np.ascontiguousarray(maps), spec.mpp, spec.threshold)
        at = OUTPUT_STRIDE * nuclei.peak + (region.row, region.col)
        kept = tile.kept
        is_inside = (at >= (kept.row, kept.col)) & (at < (kept.bottom, kept.right))
        return NucleiTile(kept, region, nuclei, np.asarray(is_inside.all(axis=1)))

    @torch.inference_mode()
    def _forward(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        image = torch.from_numpy(np.ascontiguousarray(picture[None])).to(self.device)
        with autocast(self.device):
            maps = self.network(as_input(image, self.model.spec.normalisation))
        return np.asarray(maps[0].float().cpu().numpy(), np.float32)


def _around(kept: Window, mpp: float, canvas: Canvas) -> Window:
    """Widen a window by what a nucleus reaches, to whole output pixels, but not beyond the canvas."""
    reach = ceil(NUCLEUS_REACH_UM / mpp / OUTPUT_STRIDE) * OUTPUT_STRIDE
    row = max(kept.row // OUTPUT_STRIDE * OUTPUT_STRIDE - reach, 0)
    col = max(kept.col // OUTPUT_STRIDE * OUTPUT_STRIDE - reach, 0)
    bottom, right = min(kept.bottom + reach, canvas.height), min(kept.right + reach, canvas.width)
    height = ceil((bottom - row) / OUTPUT_STRIDE) * OUTPUT_STRIDE
    return Window(row, col, height, ceil((right - col) / OUTPUT_STRIDE) * OUTPUT_STRIDE)


def _halved(pixels: slice) -> slice:
    return slice(pixels.start // OUTPUT_STRIDE, pixels.stop // OUTPUT_STRIDE)
