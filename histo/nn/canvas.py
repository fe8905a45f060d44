"""A slide as a network sees it: RGB at the model's µm/px, and mirrored beyond its edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.io import Slide
from histo.nn.tiling import Window

__all__ = ["Canvas", "canvas_of"]


@dataclass(frozen=True)
class Canvas:
    """An RGB image that is read by windows, so that it never has to be in memory whole.

    Parameters
    ----------
    height, width : int
        Size in pixels.
    read : callable
        ``read(row, col, height, width)`` returns a (height, width, 3) array of uint8. Only asked for what is inside.
    """

    height: int
    width: int
    read: Callable[[int, int, int, int], NDArray[np.uint8]]

    @property
    def whole(self) -> Window:
        """All of it."""
        return Window(0, 0, self.height, self.width)

    def see(self, window: Window) -> NDArray[np.uint8]:
        """Read a window that may reach beyond the edges, where the image goes on mirrored.

        Tissue that the edge of a field cuts goes on for the network; empty glass at the edge would look like lumen.

        Parameters
        ----------
        window : Window
            Shares at least one pixel with the image.

        Returns
        -------
        (height, width, 3) array of uint8
        """
        inside = window.cut(self.whole)
        pixels = self.read(inside.row, inside.col, inside.height, inside.width)
        beyond = (
            (inside.row - window.row, window.bottom - inside.bottom),
            (inside.col - window.col, window.right - inside.right),
            (0, 0),
        )
        return np.pad(pixels, beyond, mode="reflect") if np.any(beyond) else pixels


def canvas_of(slide: Slide, mpp: float) -> Canvas:
    """Look at a slide at another µm/px.

    Parameters
    ----------
    slide : Slide
        Brightfield, RGB.
    mpp : float
        µm per pixel of the canvas; its pixel (0, 0) begins at the slide's outer corner.

    Returns
    -------
    Canvas

    Raises
    ------
    InvalidArgument
        If the slide is not brightfield RGB.
    MissingPixelSize, ConflictingPixelSize
        If the slide's µm/px is not known.
    """
    if not slide.is_brightfield or len(slide.channels) != 3 or slide.dtype != np.uint8:
        raise InvalidArgument(
            "compartments are found on brightfield RGB only",
            file=slide.path,
            expected="3 channels of uint8, transmitted light",
            got=f"{len(slide.channels)} channel(s) of {slide.dtype}: {', '.join(slide.channels)}",
            next_step="Give an H&E slide; of a fluorescence section, label the H&E-stained neighbour.",
        )
    scale = mpp / slide.mpp
    rows, cols = slide.shape

    def read(row: int, col: int, height: int, width: int) -> NDArray[np.uint8]:
        return np.asarray(slide.read(row * scale, col * scale, height, width, mpp=mpp), np.uint8)

    # A last pixel that is mostly beyond the edge is left out; the tolerance is for sizes that divide evenly.
    return Canvas(max(int(rows / scale + 1e-6), 1), max(int(cols / scale + 1e-6), 1), read)
