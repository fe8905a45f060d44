"""From a picture of stained junctions to the tables of its junctions, its cells and the field."""

from __future__ import annotations

from os import PathLike

import numpy as np
from numpy.typing import NDArray

from histo.io import Slide
from histo.junction_maps import JunctionStain
from histo.measure.junction import JunctionMeasures, measure_network, trace_network
from histo.nn import JunctionModel
from histo.segmentation.junction import find_junctions, read_junction_signal
from histo.segmentation.window import as_slide
from histo.stain import DabStain
from histo.types import LabelMap

__all__ = ["measure_junctions"]


def measure_junctions(
    image: Slide | NDArray[np.generic],
    *,
    mpp: float | None = None,
    stain: JunctionStain = "fluorescence",
    labels: LabelMap | None = None,
    channel: str | int | None = None,
    model: JunctionModel | str | PathLike[str] | None = None,
    device: str | None = None,
    colours: DabStain | None = None,
) -> JunctionMeasures:
    """See the junctions of a field, trace them and measure them, in µm.

    Parameters
    ----------
    image : Slide or (rows, cols) or (rows, cols, channels) array
        A field of an epithelium, stained for a protein of its junctions: ZO-1, occludin, a claudin, E-cadherin.
    mpp : float, optional
        µm per pixel of an array. A slide has its own.
    stain : {"fluorescence", "dab"}, optional
        How it is stained; DAB comes as RGB.
    labels : LabelMap, optional
        Compartments of the same field, from the same outer corner, at any pixel size. Only what lies in villous and
        crypt epithelium is then measured, and `field` has a row for each of the two.
    channel : str or int, optional
        Fluorescence of several channels: the one of the junctions.
    model : JunctionModel, str or path-like, optional
        A model, the name or folder of one, or ``"ridge"`` for the ridge filter. Without it ``junctions-v1``, or the
        ridge filter where that is not installed, which is logged.
    device : str, optional
        ``"cpu"``, ``"cuda"``, ``"mps"``; without it the fastest there is.
    colours : DabStain, optional
        Colours of a DAB section, from `histo.stain.describe_dab`, so that all fields of a study are separated alike.
        Found on the image otherwise.

    Returns
    -------
    JunctionMeasures
        ``.junctions``, ``.cells`` and ``.field``, tables as in the schema, and ``.network``: its curves, its ``mask``
        and its ``graph``.

    Raises
    ------
    MissingPixelSize, ConflictingPixelSize
        If the µm/px of the image is not known.
    UnknownModel, CorruptModel
        If the model that is named is not installed, or damaged.
    InvalidArgument
        If the image is not what `stain` says, the channel is not clear, the field is too large for memory, or the
        label map is not of the same field.

    Examples
    --------
    >>> from histo.phantom.junction import MonolayerSpec, draw_monolayer
    >>> drawn = draw_monolayer(MonolayerSpec(), mpp=0.2, seed=1)
    >>> measures = measure_junctions(drawn.image, mpp=0.2, model="ridge")
    >>> true = drawn.field["network_length_mm_per_mm2"].item()
    >>> abs(measures.field["network_length_mm_per_mm2"].item() / true - 1) < 0.1
    True
    """
    field = as_slide(image, mpp, "histo.measure_junctions")
    signal = read_junction_signal(field, stain, channel, colours=colours)
    maps = find_junctions(field, stain=stain, channel=channel, model=model, device=device, signal=signal)
    return measure_network(trace_network(maps), signal, labels=labels)
