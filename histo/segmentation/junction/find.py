"""From a stained field to its junction maps."""

from __future__ import annotations

import logging
from os import PathLike
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument, UnknownModel
from histo.io import Slide
from histo.junction_maps import JunctionMaps
from histo.nn import (
    JunctionModel,
    JunctionStain,
    TileGrid,
    find_model,
    junction_canvas,
    junction_channel,
    junction_grid,
    load_junction_model,
    predict_junctions,
)
from histo.segmentation.junction.ridge import ridge_junctions
from histo.segmentation.junction.signal import junction_signal
from histo.segmentation.window import as_slide

__all__ = ["DEFAULT_MODEL", "WITHOUT_MODEL", "find_junctions"]

logger = logging.getLogger(__name__)

DEFAULT_MODEL = "junctions-v1"
"""The model that is taken where none is named."""

WITHOUT_MODEL = "ridge"
"""What to say for the ridge filter instead of a model."""

_MOST_PIXELS = 2**28


def find_junctions(
    image: Slide | NDArray[Any],
    *,
    mpp: float | None = None,
    stain: JunctionStain = "fluorescence",
    model: JunctionModel | str | PathLike[str] | None = None,
    channel: str | int | None = None,
    grid: TileGrid | None = None,
    device: str | None = None,
) -> JunctionMaps:
    """See where junctions run in a field, and where they are stained.

    Parameters
    ----------
    image : Slide or (rows, cols) or (rows, cols, channels) array
        A fluorescence field, or RGB of a DAB section.
    mpp : float, optional
        µm per pixel of an array. A slide has its own.
    stain : {"fluorescence", "dab"}, optional
        How it is stained.
    model : JunctionModel, str or path-like, optional
        A model, the name or folder of one, or ``"ridge"`` for the ridge filter. Without it, ``junctions-v1``; where
        that is not installed, the ridge filter, which is logged. `JunctionMaps.seen_by` says which it was.
    channel : str or int, optional
        Fluorescence of several channels: the one of the junctions.
    grid : TileGrid, optional
        How to cut the field into tiles; without it, as suits its size. The maps are the same in any.
    device : str, optional
        ``"cpu"``, ``"cuda"``, ``"mps"``; without it the fastest there is.

    Returns
    -------
    JunctionMaps
        On the grid of the image, pixel for pixel, whatever the model's own µm/px is.

    Raises
    ------
    MissingPixelSize, ConflictingPixelSize
        If the µm/px of the image is not known.
    UnknownModel, CorruptModel
        If the model that is named is not installed, or damaged.
    InvalidArgument
        If the image is not what `stain` says, the channel is not clear, the field is too large for maps in memory, or
        the rim of `grid` is too narrow for the model.
    """
    field = as_slide(image, mpp, "histo.segmentation.junction.find_junctions")
    if field.shape[0] * field.shape[1] > _MOST_PIXELS:
        raise InvalidArgument(
            "the field is too large to hold its junction maps in memory",
            file=field.path,
            expected=f"{_MOST_PIXELS // 10**6} million pixels at most",
            got=f"{field.shape[0]} x {field.shape[1]}",
            next_step="Cut it into fields first.",
        )
    chosen = _choose_model(model)
    if chosen is None:
        return ridge_junctions(_whole_signal(field, stain, channel), field.mpp)
    return _see_with(chosen, field, stain, channel, grid, device)


def _choose_model(model: JunctionModel | str | PathLike[str] | None) -> JunctionModel | None:
    if isinstance(model, JunctionModel):
        return model
    if model is not None:
        return None if str(model) == WITHOUT_MODEL else load_junction_model(model)
    try:
        find_model(DEFAULT_MODEL)
    except UnknownModel:
        logger.warning("the model %s is not installed: junctions are found by a ridge filter", DEFAULT_MODEL)
        return None
    return load_junction_model(DEFAULT_MODEL)


def _whole_signal(field: Slide, stain: JunctionStain, channel: str | int | None) -> NDArray[np.float32]:
    pixels = field.read(0, 0, *field.shape)
    return junction_signal(pixels[..., junction_channel(field, channel)] if stain == "fluorescence" else pixels, stain)


def _see_with(
    model: JunctionModel,
    field: Slide,
    stain: JunctionStain,
    channel: str | int | None,
    grid: TileGrid | None,
    device: str | None,
) -> JunctionMaps:
    if grid is not None and grid.halo < model.spec.halo:
        raise InvalidArgument(
            "the rim of the tiles is too narrow for the model", expected=f"{model.spec.halo} px", got=f"{grid.halo}"
        )
    canvas = junction_canvas(field, model.spec.mpp, stain, channel)
    tiles = grid or junction_grid(model, canvas)
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
