"""What a network sees of a slide, and what is measured in it, window by window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.io import Slide, slide_from_array
from histo.nn import Canvas, NucleiModel, Window, canvas_of, nuclei_canvas
from histo.segmentation.marker import nuclear_density, render_nuclei
from histo.segmentation.nuclei.options import CellOptions
from histo.stain import DabStain, dab_density, describe_dab

__all__ = ["Marker", "View", "look_at"]

Marker = str | NDArray[np.generic]
"""A marker: the name of one of the slide's channels, or a picture on the slide's level-0 pixels."""

# The colours of a DAB slide are found once, on as much of it as fits the memory.
_OVERVIEW_MPP = 1.0
_OVERVIEW_PX = 4096


@dataclass(frozen=True, eq=False)
class View:
    """A slide, made ready.

    Parameters
    ----------
    canvas : Canvas
        What the network sees, at its µm per pixel.
    names : tuple of str
        Markers that are measured.
    read_markers : callable
        Of a window of the canvas, each marker as a (height, width) array.
    """

    canvas: Canvas
    names: tuple[str, ...]
    read_markers: Callable[[Window], dict[str, NDArray[Any]]]


def look_at(slide: Slide, model: NucleiModel, stain: str, markers: Mapping[str, Marker], options: CellOptions) -> View:
    """Make a slide ready.

    Parameters
    ----------
    slide : Slide
        Of known µm/px.
    model : NucleiModel
        That is to see it.
    stain : {"he", "dab", "fluorescence"}
        How the slide is stained.
    markers : mapping of str to Marker
        What is measured in each nucleus.
    options : CellOptions
        Channel of the nuclei, name and site of DAB.

    Returns
    -------
    View

    Raises
    ------
    InvalidArgument
        If the slide is of another kind, a marker is not a channel of it, or its picture is of another shape.
    """
    mpp = model.spec.mpp
    scale = mpp / slide.mpp
    sources = {name: _source(slide, name, marker) for name, marker in markers.items()}

    def read_channels(window: Window) -> dict[str, NDArray[Any]]:
        corner = window.row * scale, window.col * scale
        shape = window.height, window.width
        return {name: source.read(*corner, *shape, mpp=mpp)[..., at] for name, (source, at) in sources.items()}

    if stain != "dab":
        return View(nuclei_canvas(slide, mpp, stain, options.nuclei_channel), tuple(sources), read_channels)
    if options.dab_marker in sources:
        raise InvalidArgument(
            "a marker is called like the DAB itself",
            got=options.dab_marker,
            next_step="Name the DAB: CellOptions(dab_marker=...).",
        )
    light = canvas_of(slide, mpp)
    stained = describe_dab(_overview(slide), vectors=options.dab_vectors)
    is_nuclear = options.sites.get(options.dab_marker, "nucleus") == "nucleus"

    def read_dab(window: Window) -> dict[str, NDArray[Any]]:
        density = dab_density(light.see(window), stained).dab
        return {options.dab_marker: density, **read_channels(window)}

    return View(_in_haematoxylin(light, stained, is_nuclear=is_nuclear), (options.dab_marker, *sources), read_dab)


def _in_haematoxylin(light: Canvas, stained: DabStain, *, is_nuclear: bool) -> Canvas:
    """Show the nuclei of both colours as haematoxylin, which is what the network learned."""

    def read(row: int, col: int, height: int, width: int) -> NDArray[np.uint8]:
        density = dab_density(light.read(row, col, height, width), stained)
        return render_nuclei(nuclear_density(density, is_nuclear=is_nuclear))

    return Canvas(light.height, light.width, read)


def _overview(slide: Slide) -> NDArray[np.uint8]:
    rows, cols = (max(int(size * slide.mpp / _OVERVIEW_MPP), 1) for size in slide.shape)
    if max(rows, cols) <= _OVERVIEW_PX:
        return np.asarray(slide.read(0, 0, rows, cols, mpp=_OVERVIEW_MPP), np.uint8)
    return np.asarray(slide.thumbnail(_OVERVIEW_PX), np.uint8)


def _source(slide: Slide, name: str, marker: Marker) -> tuple[Slide, int]:
    if isinstance(marker, str):
        if marker not in slide.channels:
            raise InvalidArgument(
                f"the marker {name} is not a channel of the slide",
                file=slide.path,
                expected=f"one of {', '.join(slide.channels)}",
                got=repr(marker),
            )
        return slide, slide.channels.index(marker)
    picture = np.asarray(marker)
    if picture.shape != slide.shape:
        raise InvalidArgument(
            f"the picture of the marker {name} does not lie on the slide's pixels",
            expected=f"shape {slide.shape}",
            got=f"shape {picture.shape}",
        )
    return slide_from_array(picture, mpp=slide.mpp, name=name), 0
