"""From a slide to the compartments of its tissue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from histo.io import Slide
from histo.nn import Model, canvas_of, load_model, predict_window
from histo.segmentation.window import SlideWindow, as_slide, window_of
from histo.types import LabelMap

__all__ = ["segment"]

logger = logging.getLogger(__name__)

# Beyond this a crypt is a handful of pixels, and enlarging them brings nothing back.
_COARSEST_RATIO = 4.0


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
    opened = as_slide(slide, mpp, "histo.segment")
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
    window = canvas.whole if section is None else window_of(section, canvas, scale)
    predicted = predict_window(chosen, canvas, window, device=device, progress=progress)
    return LabelMap(
        predicted.labels,
        mpp=chosen.spec.mpp,
        origin=(window.row * scale, window.col * scale),
        slide_mpp=opened.mpp,
        confidence=predicted.confidence,
    )
