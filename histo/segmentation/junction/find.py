"""From a stained field to its junction maps."""

from __future__ import annotations

import logging
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo.errors import UnknownModel
from histo.io import Slide
from histo.junction_maps import JunctionMaps, JunctionStain
from histo.nn import (
    JunctionModel,
    TileGrid,
    find_model,
    load_junction_model,
    see_junctions,
)
from histo.segmentation.junction.ridge import ridge_junctions
from histo.segmentation.junction.signal import check_field_size, read_junction_signal
from histo.segmentation.window import as_slide

__all__ = ["DEFAULT_MODEL", "WITHOUT_MODEL", "find_junctions"]

logger = logging.getLogger(__name__)

DEFAULT_MODEL = "junctions-v1"
"""The model that is taken where none is named."""

WITHOUT_MODEL = "ridge"
"""What to say for the ridge filter instead of a model."""


def find_junctions(
    image: Slide | NDArray[Any],
    *,
    mpp: float | None = None,
    stain: JunctionStain = "fluorescence",
    model: JunctionModel | str | PathLike[str] | None = None,
    channel: str | int | None = None,
    grid: TileGrid | None = None,
    device: str | None = None,
    signal: NDArray[np.float32] | None = None,
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
    signal : (rows, cols) array of float32, optional
        What `read_junction_signal` has read of the image already, for the ridge filter.

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
    check_field_size(field)
    chosen = _choose_model(model)
    if chosen is None:
        return ridge_junctions(read_junction_signal(field, stain, channel) if signal is None else signal, field.mpp)
    return see_junctions(chosen, field, stain, channel=channel, grid=grid, device=device)


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
