"""From a slide to the compartments of its tissue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import ceil, floor
from os import PathLike
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument, MissingPixelSize
from histo.io import Slide, slide_from_array
from histo.nn import Canvas, Model, Window, canvas_of, load_model, predict_window
from histo.types import LabelMap

__all__ = ["SlideWindow", "segment"]

logger = logging.getLogger(__name__)

# Beyond this a crypt is a handful of pixels, and enlarging them brings nothing back.
_COARSEST_RATIO = 4.0


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


def segment(
    slide: Slide | NDArray[np.uint8],
    *,
    mpp: float | None = None,
    model: str | PathLike[str] | Model = "structure-v1",
    section: SlideWindow | None = None,
    device: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LabelMap:
    """Find the compartments of a section.

    The slide is read in tiles at the model's µm per pixel, so that it is never in memory as a picture.

    Parameters
    ----------
    slide : Slide or (rows, cols, 3) array of uint8
        Brightfield H&E, RGB.
    mpp : float, optional
        µm per pixel of an array. A slide has its own; give it to `histo.open_slide` where the file does not say it.
    model : str, path-like or Model, optional
        A model, or the name or folder of one; see `histo.nn.list_models`.
    section : SlideWindow, optional
        The part of the slide to look at, as `histo.tissue.find_sections` finds them. Without it, all of the slide.
    device : str, optional
        ``"cpu"``, ``"cuda"``, ``"mps"``; without it the fastest there is.
    progress : callable, optional
        Called with the number of tiles done, and of all.

    Returns
    -------
    LabelMap
        At the model's µm per pixel, with `origin` and `slide_mpp` of the slide and a `confidence` per pixel. A part of
        a slide is labelled with the same bytes whether it is asked for alone or with the rest.

    Raises
    ------
    MissingPixelSize, ConflictingPixelSize
        If the slide's µm/px is not known.
    InvalidArgument
        If the picture is not brightfield RGB, the section lies outside of it, or a slide is given another µm/px.
    UnknownModel, CorruptModel
        If the model is not there, or damaged.
    """
    opened = _as_slide(slide, mpp)
    chosen = model if isinstance(model, Model) else load_model(model)
    canvas = canvas_of(opened, chosen.spec.mpp)
    scale = chosen.spec.mpp / opened.mpp
    if scale < 1 / _COARSEST_RATIO:
        logger.warning(
            "%s has %.3g µm/px, the model %s was trained at %.3g: expect little of it",
            opened.name,
            opened.mpp,
            chosen.name,
            chosen.spec.mpp,
        )
    window = canvas.whole if section is None else _window_of(section, canvas, scale)
    predicted = predict_window(chosen, canvas, window, device=device, progress=progress)
    return LabelMap(
        predicted.labels,
        mpp=chosen.spec.mpp,
        origin=(window.row * scale, window.col * scale),
        slide_mpp=opened.mpp,
        confidence=predicted.confidence,
    )


def _as_slide(slide: Slide | NDArray[np.uint8], mpp: float | None) -> Slide:
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
    if mpp is None:
        raise MissingPixelSize(
            "an array does not say how large its pixels are",
            expected="µm per pixel",
            next_step="Give it: histo.segment(image, mpp=0.5).",
        )
    return slide_from_array(slide, mpp=mpp)


def _window_of(section: SlideWindow, canvas: Canvas, scale: float) -> Window:
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
