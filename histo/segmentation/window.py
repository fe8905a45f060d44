"""What part of which slide is looked at."""

from __future__ import annotations

from math import ceil, floor
from os import PathLike
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument, MissingPixelSize
from histo.io import Slide, slide_from_array
from histo.nn import Canvas, Window

__all__ = ["SlideWindow", "as_slide", "window_of"]


class SlideWindow(Protocol):
    """A rectangle of level-0 pixels; `histo.tissue.Section` is one."""

    @property
    def row(self) -> int:
        """Top row."""

    @property
    def col(self) -> int:
        """Left column."""

    @property
    def height(self) -> int:
        """Rows."""

    @property
    def width(self) -> int:
        """Columns."""


def as_slide(slide: Slide | NDArray[np.generic], mpp: float | None, call: str) -> Slide:
    """Take a slide as it is, and an array with its µm per pixel; `call` is the function that was asked.

    Raises
    ------
    MissingPixelSize
        If an array comes without µm/px.
    InvalidArgument
        If a slide is open at another, or only its path is given.
    """
    if isinstance(slide, Slide):
        if mpp is not None and mpp != slide.mpp:
            raise InvalidArgument(
                "the slide is open at another µm/px",
                file=slide.path,
                expected=f"{slide.mpp:g}",
                got=f"{mpp:g}",
                next_step="Say it when opening: histo.open_slide(path, mpp=...).",
            )
        return slide
    if isinstance(slide, str | PathLike):
        raise InvalidArgument(
            f"{call} takes a slide or an array", got=f"the path {slide}", next_step="Open it: histo.open_slide(path)."
        )
    if mpp is None:
        raise MissingPixelSize(
            "an array does not say how large its pixels are",
            expected="µm per pixel",
            next_step=f"Give it: {call}(image, mpp=0.5).",
        )
    return slide_from_array(slide, mpp=mpp)


def window_of(section: SlideWindow, canvas: Canvas, scale: float) -> Window:
    """Find the canvas's window that holds a section; `scale` is level-0 pixels per pixel of the canvas.

    Raises
    ------
    InvalidArgument
        If the section lies outside of the slide.
    """
    row, col = floor(section.row / scale), floor(section.col / scale)
    bottom, right = ceil((section.row + section.height) / scale), ceil((section.col + section.width) / scale)
    window = Window(row, col, bottom - row, right - col).cut(canvas.whole)
    if window.height < 1 or window.width < 1:
        raise InvalidArgument(
            "the section lies outside of the slide",
            expected=f"within {canvas.height * scale:.0f} x {canvas.width * scale:.0f} px",
            got=f"row {section.row}, col {section.col}, {section.height} x {section.width} px",
        )
    return window
