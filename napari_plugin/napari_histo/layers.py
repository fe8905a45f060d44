"""Slides and label maps as napari layers, in micrometres on the slide."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from napari.utils.colormaps import DirectLabelColormap

from histo.errors import MissingPixelSize
from histo.io import open_slide
from histo.io.labels import read_label_map
from histo.types import Compartment
from napari_histo.lazy_level import LazyLevel, pyramid

__all__ = ["LayerData", "compartment_colormap", "label_layers", "slide_layers"]

LayerData = tuple[Any, dict[str, Any], Literal["image", "labels"]]

_CHANNEL_COLOURS = ("bop blue", "green", "magenta", "red", "yellow", "cyan")


def slide_layers(path: str | PathLike[str], *, mpp: float | None = None) -> list[LayerData]:
    """Open a slide as multiscale image layers that read what is in view.

    Parameters
    ----------
    path : path-like
        Any slide that `histo.io.open_slide` reads.
    mpp : float, optional
        µm per level-0 pixel, where the file does not say it.

    Returns
    -------
    list of (data, options, "image")
        One RGB layer of a brightfield slide, one additive layer a channel otherwise. The centre of the first pixel
        lies at 0 µm. A slide without µm/px is shown in pixels and its name says so; ``metadata["mpp"]`` is None then.

    Raises
    ------
    SlideNotFound, UnreadableSlide, UnsupportedSlide, ConflictingPixelSize
        As `histo.io.open_slide`.
    """
    slide = open_slide(path, mpp=mpp)
    try:
        scale: float | None = slide.mpp
    except MissingPixelSize:
        slide.close()
        # One unit per pixel makes the geometry right in pixels; nothing is measured on it.
        slide, scale = open_slide(path, mpp=1.0), None
    options: dict[str, Any] = {
        "multiscale": True,
        "scale": (scale or 1.0, scale or 1.0),
        "units": ("um", "um") if scale else ("pixel", "pixel"),
        "axis_labels": ("y", "x"),
        "metadata": {"histo_path": str(Path(path)), "mpp": scale},
    }
    name = slide.name if scale else f"{slide.name} (no µm/px)"
    if slide.is_brightfield and len(slide.channels) == 3:
        return [(pyramid(slide), {**options, "name": name, "rgb": True}, "image")]
    layers: list[LayerData] = []
    for channel, channel_name in enumerate(slide.channels):
        levels = pyramid(slide, channel)
        channel_options = {
            "name": f"{name} {channel_name}",
            "rgb": False,
            "blending": "additive",
            "colormap": _CHANNEL_COLOURS[channel % len(_CHANNEL_COLOURS)],
            "contrast_limits": _contrast(levels[-1]),
        }
        layers.append((levels, {**options, **channel_options}, "image"))
    return layers


def label_layers(path: str | PathLike[str]) -> list[LayerData]:
    """Open a label map that histo wrote, where it lies on its slide.

    Parameters
    ----------
    path : path-like
        OME-Zarr folder of `histo.io.labels.write_label_map`.

    Returns
    -------
    list of (data, options, "labels")
        One layer, with the colour and the name of each compartment.

    Raises
    ------
    CorruptResults
        If it is no label map or a damaged one.
    """
    labels = read_label_map(path)
    first_centre_um = labels.to_slide(np.zeros(2)) * labels.slide_mpp
    options = {
        "name": Path(path).name.removesuffix(".zarr").removesuffix(".ome"),
        "scale": (labels.mpp, labels.mpp),
        "translate": tuple(float(value) for value in first_centre_um),
        "units": ("um", "um"),
        "axis_labels": ("y", "x"),
        "colormap": compartment_colormap(),
        "opacity": 0.5,
        "features": pd.DataFrame(
            {
                "index": [int(compartment) for compartment in Compartment],
                "compartment": [compartment.label for compartment in Compartment],
            }
        ),
        "metadata": {
            "histo_path": str(Path(path)),
            "mpp": labels.mpp,
            "slide_mpp": labels.slide_mpp,
            "origin": labels.origin,
        },
    }
    return [(labels.array, options, "labels")]


def compartment_colormap() -> DirectLabelColormap:
    """Make the colours of the compartments, with background clear."""
    colours: dict[int | None, tuple[float, ...]] = {
        int(compartment): (*(value / 255.0 for value in compartment.rgb), 1.0) for compartment in Compartment
    }
    colours[int(Compartment.BACKGROUND)] = (0.0, 0.0, 0.0, 0.0)
    colours[None] = (0.0, 0.0, 0.0, 0.0)
    return DirectLabelColormap(color_dict=colours)


def _contrast(coarsest: LazyLevel) -> tuple[float, float]:
    low, high = np.percentile(np.asarray(coarsest), [1.0, 99.8])
    return float(low), float(max(high, low + 1.0))
