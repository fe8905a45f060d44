"""Open all kinds of TIFF slides: which of their pictures is the slide, and which pages are its levels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tifffile

from histo.errors import UnreadableSlide, UnsupportedSlide
from histo.io.slides.contents import SlideContents
from histo.io.slides.foreign import foreign_code
from histo.io.slides.level import TiledLevel
from histo.io.slides.limits import check_slide_size
from histo.io.slides.positioned_file import PositionedFile, open_to_keep
from histo.io.slides.tiff_colour import colouring_of
from histo.io.slides.tiff_description import KINDS, describe
from histo.io.slides.tiff_levels import n_samples_of, open_level
from histo.io.slides.tile_cache import TileCache

__all__ = ["open_tiff"]

_STACKS = {"Z": "focal planes", "T": "times"}
# Levels of a pyramid keep the shape of the slide; a label or an overview does not.
_ASPECT_TOLERANCE = 0.05


def open_tiff(path: Path) -> SlideContents:
    """Open an SVS, NDPI, OME-TIFF, QPTIFF, ImageJ or generic TIFF file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    SlideContents

    Raises
    ------
    UnreadableSlide
        If the file is damaged or holds no image.
    UnsupportedSlide
        If it is a kind of TIFF, or has a compression, colours or axes, that histo does not read.
    SlideTooLarge
        If it announces dimensions that no slide has.
    """
    with foreign_code(path, "reading the TIFF header"), tifffile.TiffFile(path) as tiff:
        series = _main_series(tiff, path)
        _refuse_stacks(series, path)
        with open_to_keep(path) as file:
            return _contents(tiff, series, file)


def _main_series(tiff: Any, path: Path) -> Any:
    """Choose the largest picture; labels and overviews are smaller."""
    if len(tiff.pages) == 0:
        raise UnreadableSlide("the TIFF file has no pages", file=path, next_step="Copy or export the slide again.")
    check_slide_size(int(tiff.pages[0].imagelength), int(tiff.pages[0].imagewidth), path)
    series = [entry for entry in tiff.series if {"Y", "X"} <= set(entry.axes) and entry.keyframe is not None]
    if not series:
        raise UnreadableSlide("the TIFF file has no image", file=path, next_step="Copy or export the slide again.")
    chosen = max(series, key=lambda entry: entry.keyframe.imagelength * entry.keyframe.imagewidth)
    if str(chosen.kind) not in KINDS:
        raise UnsupportedSlide(
            f"TIFF files of the kind {chosen.kind!r} are not read",
            file=path,
            expected=", ".join(sorted(set(KINDS.values()))),
            next_step="Convert it to a pyramidal OME-TIFF, for instance with QuPath or bfconvert.",
        )
    return chosen


def _refuse_stacks(series: Any, path: Path) -> None:
    for axis, size in zip(series.axes, series.shape, strict=True):
        if axis not in "YXSC" and size > 1:
            raise UnsupportedSlide(
                f"the file holds {size} {_STACKS.get(axis, 'pictures of the same size')}",
                file=path,
                expected="one picture, with its channels",
                got=f"axes {series.axes}, shape {series.shape}",
                next_step="Save each picture as a file of its own; if they are channels, save OME-TIFF, which says so.",
            )
    sizes = dict(zip(series.axes, series.shape, strict=True))
    if sizes.get("C", 1) > 1 and sizes.get("S", 1) > 1:
        raise UnsupportedSlide(
            "the file holds several colour pictures as channels",
            file=path,
            got=f"axes {series.axes}, shape {series.shape}",
            next_step="Save each colour picture as a file of its own.",
        )


def _contents(tiff: Any, series: Any, file: PositionedFile) -> SlideContents:
    n_samples = n_samples_of(series)
    stored = colouring_of(series.keyframe, n_samples, file.path)
    told = describe(tiff, series, stored)
    cache = TileCache()
    sources: list[TiledLevel] = []
    for level in series.levels:
        if level is series.levels[0] or _belongs(level, series, n_samples):
            sources.append(open_level(level, file, told.colouring, cache, len(sources)))
    return SlideContents(
        format=f"pyramidal {told.format}" if told.format == "TIFF" and len(sources) > 1 else told.format,
        sources=tuple(sources),
        channels=told.colouring.channels,
        dtype=told.colouring.dtype,
        is_brightfield=told.is_brightfield,
        findings=tuple(told.findings),
        notes=tuple(told.notes),
        close=file.close,
    )


def _belongs(level: Any, series: Any, n_samples: int) -> bool:
    """Whether a smaller picture shows the same as level 0, in the same channels."""
    whole, small = series.keyframe, level.keyframe
    if small is None or n_samples_of(level) != n_samples or small.dtype != whole.dtype:
        return False
    aspect = (whole.imagelength / small.imagelength) / (whole.imagewidth / small.imagewidth)
    is_tiny = min(small.imagelength, small.imagewidth) < 32
    return is_tiny or bool(abs(aspect - 1) < _ASPECT_TOLERANCE)
