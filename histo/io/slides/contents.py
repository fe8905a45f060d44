"""What a format's reader hands over about a file: its levels and what it says about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from histo.io.slides.level import LevelSource
from histo.io.slides.pixel_size import PixelSizeFinding

__all__ = ["GREY", "RGB", "SlideContents"]

RGB = ("red", "green", "blue")
GREY = ("grey",)


def _nothing() -> None:
    """Close nothing: the reader holds no file open."""


@dataclass(frozen=True, eq=False)
class SlideContents:
    """An opened file, before anyone reads from it.

    Parameters
    ----------
    format : str
        ``"Aperio SVS"``, ``"OME-TIFF"``, ...
    sources : tuple of LevelSource
        Level 0 first, then coarser ones.
    channels : tuple of str
        Names; `RGB` for colour pictures.
    dtype : numpy dtype
        Type of the pixels.
    is_brightfield : bool or None
        Whether the metadata say that it is a colour picture in transmitted light; None if they do not say.
    findings, notes
        What the file says about µm/px; see `judge_pixel_size`.
    close : callable
        Gives files back.
    """

    format: str
    sources: tuple[LevelSource, ...]
    channels: tuple[str, ...]
    dtype: np.dtype[Any]
    is_brightfield: bool | None
    findings: tuple[PixelSizeFinding, ...] = ()
    notes: tuple[str, ...] = ()
    close: Callable[[], None] = field(default=_nothing)
