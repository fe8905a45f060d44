"""A field as a junction network sees it: its signal, on a grey scale of the whole field."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.io import Slide
from histo.junction_maps import JunctionStain
from histo.nn.canvas import Canvas
from histo.nn.channel import find_channel
from histo.nn.junction_spec import check_junction_stain
from histo.nn.nuclei_canvas import Brightness, measure_brightness
from histo.nn.tiling import Window
from histo.stain import dab_density, describe_dab

__all__ = ["junction_canvas", "junction_channel"]

Reader = Callable[[Window], NDArray[np.float32]]

_JUNCTION_STAINS = ("zo-1", "zo1", "tjp", "occludin", "ocln", "claudin", "cldn", "cadherin", "catenin", "cdh", "jam")
# The grey scale rests on the pixels that the network sees: on a thumbnail, thin lines fade as the field grows.
_SAMPLE_PX = 256
_MOST_SAMPLES = 64
# The colours of the stains rest on the whole field, pixel for pixel if it is small: of a few they are not believed.
_OVERVIEW_PX = 2048


def junction_canvas(
    slide: Slide, mpp: float, stain: JunctionStain = "fluorescence", channel: str | int | None = None
) -> Canvas:
    """Look at a field as a junction model does.

    Parameters
    ----------
    slide : Slide
        One channel or more for ``fluorescence``; brightfield RGB for ``dab``.
    mpp : float
        µm per pixel of the canvas.
    stain : {"fluorescence", "dab"}, optional
        How it is stained.
    channel : str or int, optional
        Fluorescence: the channel of the junctions. Without it, the only one, or the one named like a junction protein.

    Returns
    -------
    Canvas
        Three times the same grey: the signal between its darkest and its brightest, whatever part is read.

    Raises
    ------
    InvalidArgument
        If the stain is unknown, the slide is of another kind, or it is not clear which channel shows junctions.
    MissingPixelSize, ConflictingPixelSize
        If the slide's µm/px is not known.
    """
    check_junction_stain(stain)
    read = _dab_reader(slide, mpp) if stain == "dab" else _channel_reader(slide, mpp, channel)
    scale = mpp / slide.mpp
    # A last pixel that is mostly beyond the edge is left out; the tolerance is for sizes that divide evenly.
    rows, cols = (max(int(size / scale + 1e-6), 1) for size in slide.shape)
    brightness = _brightness(read, rows, cols)

    def read_grey(row: int, col: int, height: int, width: int) -> NDArray[np.uint8]:
        return np.repeat(brightness.as_grey(read(Window(row, col, height, width)))[..., None], 3, axis=2)

    return Canvas(rows, cols, read_grey)


def junction_channel(slide: Slide, channel: str | int | None = None) -> int:
    """Find the fluorescence channel of the junctions: the one named, the only one, or the one of a junction protein.

    Raises
    ------
    InvalidArgument
        If there is no such channel, or it is not clear which.
    """
    return find_channel(slide, channel, _JUNCTION_STAINS, shows="the junctions", option='channel="ZO-1"')


def _channel_reader(slide: Slide, mpp: float, channel: str | int | None) -> Reader:
    index = junction_channel(slide, channel)
    scale = mpp / slide.mpp

    def read(window: Window) -> NDArray[np.float32]:
        counts = slide.read(window.row * scale, window.col * scale, window.height, window.width, mpp=mpp)
        return np.asarray(counts[..., index], np.float32)

    return read


def _dab_reader(slide: Slide, mpp: float) -> Reader:
    if len(slide.channels) != 3 or slide.dtype != np.uint8:
        raise InvalidArgument(
            "DAB is measured on brightfield RGB only",
            file=slide.path,
            expected="3 channels of uint8",
            got=f"{len(slide.channels)} channel(s) of {slide.dtype}: {', '.join(slide.channels)}",
            next_step='Say stain="fluorescence" for single channels.',
        )
    colours = describe_dab(slide.thumbnail(_OVERVIEW_PX))
    scale = mpp / slide.mpp

    def read(window: Window) -> NDArray[np.float32]:
        pixels = slide.read(window.row * scale, window.col * scale, window.height, window.width, mpp=mpp)
        return dab_density(pixels, colours).dab

    return read


def _brightness(read: Reader, rows: int, cols: int) -> Brightness:
    """Measure the grey scale on windows spread evenly; on all of a field that is no larger than they are together."""
    per_side = int(_MOST_SAMPLES**0.5)
    tops, lefts = (_spread(size, per_side) for size in (rows, cols))
    samples = [
        read(Window(top, left, min(_SAMPLE_PX, rows - top), min(_SAMPLE_PX, cols - left))).ravel()
        for top in tops
        for left in lefts
    ]
    return measure_brightness(np.concatenate(samples))


def _spread(size: int, n: int) -> list[int]:
    if size <= n * _SAMPLE_PX:
        return list(range(0, size, _SAMPLE_PX))
    return [round(at) for at in np.linspace(0, size - _SAMPLE_PX, n)]
