"""See the junctions of an image tile by tile: the same maps, to the bit, whatever the tiles are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from histo.nn.canvas import Canvas
from histo.nn.device import autocast, choose_device
from histo.nn.junction_model import JunctionModel
from histo.nn.junction_network import DEEPEST_STRIDE
from histo.nn.picture import as_input
from histo.nn.threads import map_on_threads
from histo.nn.tile_budget import TileBudget
from histo.nn.tiling import Tile, TileGrid, Window

__all__ = ["JunctionTile", "junction_grid", "predict_junctions"]

# A pixel of a tile in work takes about 600 bytes of activations: 651 and 583 on tiles of 768 and 1280 pixels. All tiles
# in work together take 1 GiB at most, so that a process stays below 2 GiB on any number of cores.
_PX_IN_WORK = 2**30 // 600


@dataclass(frozen=True, eq=False)
class JunctionTile:
    """What was seen in one tile.

    Parameters
    ----------
    window : Window
        The part of the canvas that the tile answers for.
    centreline, present : (height, width) array of float32
        As in `histo.junction_maps.JunctionMaps`.
    """

    window: Window
    centreline: NDArray[np.float32]
    present: NDArray[np.float32]


def junction_grid(
    model: JunctionModel, canvas: Canvas, *, device: str | None = None, n_at_once: int | None = None
) -> TileGrid:
    """Lay tiles over a canvas: as large as the model's, or smaller where that saves memory or waste beyond its edges.

    Parameters
    ----------
    model : JunctionModel
        Its tile is the largest there may be.
    canvas : Canvas
        To cover.
    device, n_at_once
        As in `predict_junctions`.

    Returns
    -------
    TileGrid
    """
    budget = _budget(model)
    n_tiles = budget.n_tiles(choose_device(device), n_at_once)
    return budget.grid(model.spec.tile, n_tiles, longest=max(canvas.height, canvas.width))


def predict_junctions(
    model: JunctionModel,
    canvas: Canvas,
    window: Window,
    *,
    grid: TileGrid | None = None,
    device: str | None = None,
    n_at_once: int | None = None,
) -> Iterator[JunctionTile]:
    """See the junctions of a window, in constant memory.

    Parameters
    ----------
    model : JunctionModel
        From `load_junction_model`.
    canvas : Canvas
        The field at the model's µm per pixel, from `histo.nn.junction_canvas.junction_canvas`.
    window : Window
        Inside the canvas.
    grid : TileGrid, optional
        From `junction_grid` if left out.
    device : str, optional
        As `choose_device` takes it.
    n_at_once : int, optional
        Tiles in work at once, at most. Without it, what suits the device.

    Yields
    ------
    JunctionTile
        Row by row; together they cover the window once.
    """
    place = choose_device(device)
    seer = _Seer(model, model.fused.to(place), place, canvas)
    tiles = (grid or junction_grid(model, canvas, device=device, n_at_once=n_at_once)).cover(window)
    n_threads = _budget(model).n_tiles(place, n_at_once)
    yield from map_on_threads(seer.see, tiles, n_threads, n_waiting=n_threads + 1)


def _budget(model: JunctionModel) -> TileBudget:
    return TileBudget(_PX_IN_WORK, model.spec.halo, DEEPEST_STRIDE)


@dataclass(frozen=True, eq=False)
class _Seer:
    model: JunctionModel
    network: torch.nn.Module
    device: torch.device
    canvas: Canvas

    @torch.inference_mode()
    def see(self, tile: Tile) -> JunctionTile:
        picture = np.ascontiguousarray(self.canvas.see(tile.seen)[None])
        with autocast(self.device):
            logits = self.network(as_input(torch.from_numpy(picture).to(self.device), self.model.spec.normalisation))
        maps = logits[0].float().sigmoid().cpu().numpy()[:, *tile.kept.slices(tile.seen)]
        return JunctionTile(tile.kept, np.ascontiguousarray(maps[0]), np.ascontiguousarray(maps[1]))
