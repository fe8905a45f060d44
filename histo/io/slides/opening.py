"""Open a slide of any format: look at the first bytes, not at the name."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from histo.errors import HistoError, SlideNotFound, UnreadableSlide, UnsupportedSlide
from histo.io.slides.contents import SlideContents
from histo.io.slides.slide import Slide

__all__ = ["SLIDE_SUFFIXES", "open_slide", "slide_name"]

# Longest first: `m07.ome.tif` is the slide `m07`.
SLIDE_SUFFIXES = (
    ".ome.zarr",
    ".ome.tiff",
    ".ome.tif",
    ".ome.btf",
    ".qptiff",
    ".jpeg",
    ".tiff",
    ".ndpi",
    ".zarr",
    ".btf",
    ".bmp",
    ".czi",
    ".dcm",
    ".jpg",
    ".png",
    ".svs",
    ".tf8",
    ".tif",
)

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FORMATS: tuple[tuple[tuple[bytes, ...], int, str, str], ...] = (
    # first bytes, where they stand, module, function
    (_TIFF_STARTS, 0, "histo.io.slides.tiff", "open_tiff"),
    ((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM"), 0, "histo.io.slides.plain", "open_plain"),
    ((b"ZISRAWFILE",), 0, "histo.io.slides.czi", "open_czi"),
    ((b"DICM",), 128, "histo.io.slides.dicom", "open_dicom"),
)
_READABLE = "SVS, NDPI, OME-TIFF, QPTIFF, pyramidal or plain TIFF, OME-Zarr, PNG, JPEG, CZI or DICOM"
_ZARR_FILES = ("zarr.json", ".zattrs", ".zgroup", ".zarray")


def open_slide(path: str | os.PathLike[str], *, mpp: float | None = None) -> Slide:
    """Open a slide.

    Reads Aperio SVS, Hamamatsu NDPI, OME-TIFF, QPTIFF, pyramidal and plain TIFF, OME-Zarr 0.4 and 0.5, PNG and JPEG;
    with the extras installed also Zeiss CZI (``histo-gut[czi]``) and DICOM (``histo-gut[dicom]``). The format is told
    by the content, not by the name.

    Parameters
    ----------
    path : path-like
        The file, or the folder of an OME-Zarr.
    mpp : float, optional
        µm/px of level 0. It wins over what the file says; needed where the file says nothing.

    Returns
    -------
    Slide

    Raises
    ------
    SlideNotFound
        If there is nothing at this path.
    UnreadableSlide
        If the file is empty, damaged, forbidden, or no slide at all.
    UnsupportedSlide
        If it is sound but of a kind that is not read.
    SlideTooLarge
        If it announces dimensions that no slide has.
    MissingExtra
        If its format needs an extra that is not installed.
    MissingPixelSize
        If `mpp` is given and not a positive number.
    """
    where = Path(path)
    contents = _opener(where)(where)
    try:
        return Slide(contents, where, slide_name(where), mpp, reopen=open_slide)
    except BaseException:
        contents.close()
        raise


def slide_name(path: str | os.PathLike[str]) -> str:
    """Name a slide for tables: its file's name without the endings of slide formats.

    Examples
    --------
    >>> slide_name("slides/m07.ome.tif"), slide_name("day 7.1.svs"), slide_name("notes")
    ('m07', 'day 7.1', 'notes')
    """
    name = Path(path).name
    suffix = next((ending for ending in SLIDE_SUFFIXES if name.lower().endswith(ending)), "")
    return name[: len(name) - len(suffix)] or name


def _opener(path: Path) -> Callable[[Path], SlideContents]:
    start = _first_bytes(path)
    if start is None:
        return _loaded("histo.io.slides.ome_zarr", "open_ome_zarr")
    for beginnings, position, module, function in _FORMATS:
        if start[position:].startswith(beginnings):
            return _loaded(module, function)
    if not start:
        raise UnreadableSlide("the file is empty", file=path, next_step="Copy the slide again.")
    raise UnreadableSlide(
        "this is no slide: its first bytes are of no format that histo reads",
        file=path,
        expected=_READABLE,
        got=repr(bytes(start[:8])),
        next_step="If the format is another one, convert it to OME-TIFF, for instance with QuPath or bfconvert.",
    )


def _loaded(module: str, function: str) -> Callable[[Path], SlideContents]:
    """Import a format's reader only when such a file is met: zarr alone takes half a second."""
    opener: Callable[[Path], SlideContents] = getattr(import_module(module), function)
    return opener


def _first_bytes(path: Path) -> bytes | None:
    """Return the first bytes of a file, or None for the folder of a Zarr."""
    try:
        if path.is_dir():
            _check_is_zarr(path)
            return None
        if path.exists() and not path.is_file():
            raise UnsupportedSlide("this is neither a file nor a folder", file=path, expected=_READABLE)
        with path.open("rb") as file:
            return file.read(132)
    except HistoError:
        raise
    except FileNotFoundError:
        raise SlideNotFound("there is no such file", file=path, next_step="Check the path.") from None
    except PermissionError:
        raise UnreadableSlide(
            "the file may not be read", file=path, next_step="Ask for the permission to read it."
        ) from None
    except (OSError, ValueError) as error:
        raise UnreadableSlide("the file cannot be opened", file=path, got=str(error)) from error


def _check_is_zarr(path: Path) -> None:
    if any((path / name).is_file() for name in _ZARR_FILES):
        return
    if path.name.lower().endswith(".zarr"):
        raise UnreadableSlide(
            "the Zarr folder has no metadata",
            file=path,
            expected="zarr.json or .zattrs in it",
            next_step="Copy the folder again, hidden files included.",
        )
    raise UnsupportedSlide(
        "this is a folder", file=path, expected=_READABLE, next_step="Give a file, or the .zarr folder itself."
    )
