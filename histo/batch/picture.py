"""A part of a slide as a person can look at it, whatever its stain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histo.io import Slide
from histo.nn.nuclei_canvas import measure_brightness

__all__ = ["read_picture"]

_OVERVIEW_SIDE = 1024
# Blue for the nuclei, then colours that can be told from it and from each other when they lie over one another.
_COLOURS = ((70, 90, 255), (60, 230, 60), (255, 60, 60), (255, 60, 255), (255, 255, 255))


def read_picture(
    slide: Slide, corner: tuple[float, float], shape: tuple[int, int], *, mpp: float, channels: tuple[str, ...] = ()
) -> NDArray[np.uint8]:
    """Read a window as RGB.

    Parameters
    ----------
    slide : Slide
        Open.
    corner : (float, float)
        Row and column of its upper left outer corner, level-0 pixels.
    shape : (int, int)
        Rows and columns of the picture.
    mpp : float
        µm per pixel of the picture.
    channels : tuple of str
        Fluorescence: names of at most five channels to lay over one another, the nuclei first; without any, the
        slide's first ones. Each is scaled by its brightness on the whole slide.

    Returns
    -------
    (rows, cols, 3) array of uint8
    """
    pixels = slide.read(*corner, *shape, mpp=mpp)
    if slide.is_brightfield:
        return np.asarray(pixels[..., :3], np.uint8)
    overview = slide.thumbnail(_OVERVIEW_SIDE)
    picture = np.zeros((*shape, 3), np.float32)
    for name, colour in zip(channels or slide.channels, _COLOURS, strict=False):
        at = slide.channels.index(name)
        grey = measure_brightness(overview[..., at]).as_grey(pixels[..., at]).astype(np.float32)
        picture += grey[..., None] * (np.array(colour, np.float32) / np.float32(255))
    return np.asarray(np.clip(np.rint(picture), 0, 255), np.uint8)
