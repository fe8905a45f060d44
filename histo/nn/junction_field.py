"""The junction maps of a whole field, on the field's own grid."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.io import Slide
from histo.junction_maps import JunctionMaps, JunctionStain
from histo.nn.junction_canvas import junction_canvas
from histo.nn.junction_model import JunctionModel
from histo.nn.junction_predict import junction_grid, predict_junctions
from histo.nn.tiling import TileGrid

__all__ = ["see_junctions"]


def see_junctions(
    model: JunctionModel,
    field: Slide,
    stain: JunctionStain = "fluorescence",
    *,
    channel: str | int | None = None,
    grid: TileGrid | None = None,
    device: str | None = None,
) -> JunctionMaps:
    """See the junctions of a field.

    Parameters
    ----------
    model : JunctionModel
        From `load_junction_model`.
    field : Slide
        Small enough for its maps to be in memory.
    stain : {"fluorescence", "dab"}, optional
        How it is stained.
    channel : str or int, optional
        As in `histo.nn.junction_canvas`.
    grid : TileGrid, optional
        How to cut the field into tiles; the maps are the same in any.
    device : str, optional
        As `choose_device` takes it.

    Returns
    -------
    JunctionMaps
        Pixel for pixel on the grid of the field.

    Raises
    ------
    InvalidArgument
        If the field is not what `stain` says, or the rim of `grid` is too narrow for the model.
    MissingPixelSize, ConflictingPixelSize
        If the µm/px of the field is not known.
    """
    if grid is not None and grid.halo < model.spec.halo:
        raise InvalidArgument(
            "the rim of the tiles is too narrow for the model", expected=f"{model.spec.halo} px", got=f"{grid.halo}"
        )
    canvas = junction_canvas(field, model.spec.mpp, stain, channel)
    tiles = grid or junction_grid(model, canvas, device=device)
    centreline = np.zeros((canvas.height, canvas.width), np.float32)
    present = np.zeros_like(centreline)
    for tile in predict_junctions(model, canvas, canvas.whole, grid=tiles, device=device):
        place = tile.window.slices(canvas.whole)
        centreline[place] = tile.centreline
        present[place] = tile.present
    scale = model.spec.mpp / field.mpp
    return JunctionMaps(
        _on_grid(centreline, field.shape, scale), _on_grid(present, field.shape, scale), field.mpp, model.name
    )


def _on_grid(values: NDArray[np.float32], shape: tuple[int, int], scale: float) -> NDArray[np.float32]:
    """Bring a map to the image's pixels; `scale` is image pixels per pixel of the map."""
    if values.shape == shape and scale == 1:
        return values
    if scale < 1:
        # Between two of the image's pixels a line one pixel of the map wide would be lost.
        side = 2 * int(0.5 / scale) + 1
        values = np.asarray(cv2.dilate(values, np.ones((side, side), np.uint8)), np.float32)
    rows, cols = ((np.arange(size, dtype=np.float64) + 0.5) / scale - 0.5 for size in shape)
    return np.ascontiguousarray(_interpolated(_interpolated(values, rows).T, cols).T)


def _interpolated(values: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float32]:
    """Interpolate between rows; beyond the first and the last they go on unchanged."""
    at = np.clip(at, 0, len(values) - 1)
    low = at.astype(np.intp)
    share = (at - low).astype(np.float32)[:, None]
    return np.asarray(values[low] + share * (values[np.minimum(low + 1, len(values) - 1)] - values[low]), np.float32)
