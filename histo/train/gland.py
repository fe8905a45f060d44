"""Pictures of which only the glands are known: a gland is a crypt, and all else is anything but a crypt.

Colon sections of the GlaS challenge (Sirinukunwattana et al. 2017, Gland segmentation in colon histology images,
Medical Image Analysis 35) show crypts cut at all angles, which sections of villi rarely do.
"""

from __future__ import annotations

import csv
import hashlib
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidAnnotation
from histo.io import open_slide
from histo.io.checksum import sha256_of
from histo.io.slides import SLIDE_SUFFIXES, slide_name
from histo.nn import canvas_of
from histo.train.settings import GlandSource
from histo.train.source import NOT_CRYPT, store_source
from histo.types import Compartment

__all__ = ["GLANDS", "prepare_glands"]

GLANDS = "glands"
"""Origin of all these pictures; they are trained on, never judged by."""

_MASK = ".mask.png"
_GRADES_FILE = "Grade.csv"


def prepare_glands(settings: GlandSource, beside: Path, mpp: float, folder: Path) -> list[Path]:
    """Bring pictures of glands to a µm/px, with crypts and `NOT_CRYPT` for truth, unless that has been done before.

    Parameters
    ----------
    settings : GlandSource
        Where they lie, and which grades are used.
    beside : Path
        Folder that theirs is relative to; else it is looked for in the one that HISTO_DATA names.
    mpp : float
        µm per pixel to bring them to.
    folder : Path
        Where they are kept.

    Returns
    -------
    list of Path
        Folders for `histo.train.source.load_source`; empty if none are to be used.

    Raises
    ------
    InvalidAnnotation
        If there are no such pictures, or their grades are not known.
    """
    if settings.share == 0:
        return []
    place = beside / settings.folder
    if not place.is_dir() and "HISTO_DATA" in os.environ:
        place = Path(os.environ["HISTO_DATA"]) / settings.folder
    names = _names_of(place, settings.grades)
    files = sorted(place.iterdir()) if place.is_dir() else []
    chosen = [
        path
        for path in files
        if path.name.endswith(SLIDE_SUFFIXES)
        and (names is None or slide_name(path) in names)
        and path.with_name(slide_name(path) + _MASK).is_file()
    ]
    if not chosen:
        raise InvalidAnnotation(
            "there are no pictures of glands to learn from",
            file=place,
            expected=f"pictures, each with a mask beside it: a.jpg and a{_MASK}",
            got=f"{len(files)} files, no picture with a mask of grade {', '.join(settings.grades) or 'any'}",
            next_step="Mend glands.folder, which is relative to the recipe or to HISTO_DATA, or set glands.share to 0.",
        )
    return [_prepare(path, settings.mpp, mpp, folder) for path in chosen]


def _names_of(place: Path, grades: tuple[str, ...]) -> set[str] | None:
    """Return the pictures of some grades; None if any will do."""
    if not grades:
        return None
    path = place / _GRADES_FILE
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return {row["name"] for row in csv.DictReader(file) if row["grade_glas"].strip() in grades}
    except (OSError, UnicodeDecodeError, KeyError, AttributeError, csv.Error) as error:
        raise InvalidAnnotation(
            "the grades of the glands do not read",
            file=path,
            expected="a table with the columns name and grade_glas",
            got=f"{type(error).__name__}: {error}",
            next_step="Set glands.grades to [] to use all pictures.",
        ) from error


def _prepare(path: Path, picture_mpp: float, mpp: float, folder: Path) -> Path:
    mask_path = path.with_name(slide_name(path) + _MASK)
    key = f"{sha256_of(path)}{sha256_of(mask_path)}{picture_mpp}{mpp}"
    place = folder / f"{GLANDS}-{slide_name(path)}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    if place.is_dir():
        return place
    with open_slide(path, mpp=picture_mpp) as slide:
        canvas = canvas_of(slide, mpp)
        image, shape = canvas.see(canvas.whole), slide.shape
    with open_slide(mask_path, mpp=picture_mpp) as slide:
        mask = np.asarray(slide.read(0, 0, *slide.shape))
    if mask.shape[:2] != shape:
        raise InvalidAnnotation(
            "the mask of the glands is not as large as the picture",
            file=mask_path,
            expected=f"{shape[0]} x {shape[1]}",
            got=f"{mask.shape[0]} x {mask.shape[1]}",
        )
    is_gland = (mask.reshape(*shape, -1) > 0).max(axis=2)
    scale = mpp / picture_mpp
    rows, cols = (_nearest(image.shape[axis], scale, shape[axis]) for axis in (0, 1))
    truth = np.where(is_gland[np.ix_(rows, cols)], np.uint8(Compartment.CRYPT), np.uint8(NOT_CRYPT))
    store_source(place, image, truth, name=slide_name(path), origin=GLANDS)
    return place


def _nearest(n_pixels: int, scale: float, n_all: int) -> NDArray[np.intp]:
    """Find the pixel of the picture that holds the centre of each pixel of the canvas."""
    return np.minimum(((np.arange(n_pixels) + 0.5) * scale).astype(np.intp), n_all - 1)
