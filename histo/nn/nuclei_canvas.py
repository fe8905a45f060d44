"""A slide as a nuclei network sees it: RGB, or one fluorescence channel on a grey scale of the whole slide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo.io import Slide
from histo.nn.canvas import Canvas, canvas_of
from histo.nn.channel import find_channel

__all__ = ["NUCLEAR_STAINS", "Brightness", "fluorescence_canvas", "measure_brightness", "nuclei_canvas"]

NUCLEAR_STAINS = ("dapi", "hoechst", "draq", "nucle", "405", "dna")
"""Parts of the names that channels of nuclei bear, lower case."""

_OVERVIEW_PX = 1024
_DARKEST_PER_CENT, _BRIGHTEST_PER_CENT = 1.0, 99.5


@dataclass(frozen=True)
class Brightness:
    """What counts as black and as white in a fluorescence channel.

    Parameters
    ----------
    black, white : float
        In counts of the detector.
    """

    black: float
    white: float

    def as_grey(self, counts: NDArray[Any]) -> NDArray[np.uint8]:
        """Bring counts to 0 to 255; what is brighter than white stays white."""
        scaled = (counts.astype(np.float32) - np.float32(self.black)) * np.float32(255 / (self.white - self.black))
        return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)


def measure_brightness(counts: NDArray[Any]) -> Brightness:
    """Choose black and white of a channel.

    Parameters
    ----------
    counts : (rows, cols) array
        The whole field or slide, which may be an overview: of one tile alone, empty glass would become bright.

    Returns
    -------
    Brightness
        Black is the 1st percentile. White is the 99.5th of what is brighter than the middle between black and the
        brightest, or of everything where that is more: so a slide that is mostly empty is not drowned by it.
    """
    values = np.asarray(counts, np.float64).ravel()
    black = float(np.percentile(values, _DARKEST_PER_CENT))
    middle = 0.5 * (black + float(np.percentile(values, 99.9)))
    bright = values[values > middle]
    white = float(np.percentile(values, _BRIGHTEST_PER_CENT))
    if bright.size:
        white = max(white, float(np.percentile(bright, 50.0)))
    return Brightness(black, max(white, black + 1e-6 * max(abs(black), 1.0)))


def nuclei_canvas(slide: Slide, mpp: float, stain: str, channel: str | int | None = None) -> Canvas:
    """Look at a slide as a model of this stain does.

    Parameters
    ----------
    slide : Slide
        Brightfield RGB for ``he``; one channel or more for ``fluorescence``.
    mpp : float
        µm per pixel of the canvas.
    stain : {"he", "fluorescence"}
        What the model was shown.
    channel : str or int, optional
        The channel of the nuclei. Without it, the only one, or the one that is named like a stain of nuclei.

    Returns
    -------
    Canvas

    Raises
    ------
    InvalidArgument
        If the slide is of another kind, or it is not clear which channel shows the nuclei.
    MissingPixelSize, ConflictingPixelSize
        If the slide's µm/px is not known.
    """
    return canvas_of(slide, mpp) if stain == "he" else fluorescence_canvas(slide, mpp, channel)


def fluorescence_canvas(slide: Slide, mpp: float, channel: str | int | None = None) -> Canvas:
    """Look at one channel of a slide, three times the same grey."""
    index = find_channel(slide, channel, NUCLEAR_STAINS, shows="the nuclei", option='nuclei_channel="DAPI"')
    scale = mpp / slide.mpp
    rows, cols = slide.shape
    brightness = measure_brightness(slide.thumbnail(_OVERVIEW_PX)[..., index])

    def read(row: int, col: int, height: int, width: int) -> NDArray[np.uint8]:
        counts = slide.read(row * scale, col * scale, height, width, mpp=mpp)[..., index]
        return np.repeat(brightness.as_grey(counts)[..., None], 3, axis=2)

    return Canvas(max(int(rows / scale + 1e-6), 1), max(int(cols / scale + 1e-6), 1), read)
