"""Real annotated fields, brought to the recipe's µm/px with their polygons painted."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from histo.errors import InvalidAnnotation, InvalidRecipe
from histo.io import open_slide
from histo.io.annotations import Annotation, labels_from_annotations, read_geojson
from histo.io.checksum import sha256_of
from histo.nn import Canvas, Window, canvas_of
from histo.train.annotationset import AnnotatedField, read_annotation_set
from histo.train.settings import RealSource
from histo.train.source import IGNORE, store_source

__all__ = ["FRAME_CLASS", "RealFields", "prepare_field", "prepare_fields"]

FRAME_CLASS = "field"
"""Class of the rectangles that say which parts of a picture are annotated; without any, it is all of it."""

_IGNORED = "ignore"
_LARGEST_FIELD_PX = 150_000_000


@dataclass(frozen=True)
class RealFields:
    """Folders for `histo.train.source.load_source`.

    Parameters
    ----------
    trained : list of Path
        Fields to train on.
    held_out : list of Path
        Fields to judge by.
    entries : dict of Path to AnnotatedField
        What the set says of each.
    """

    trained: list[Path] = field(default_factory=list)
    held_out: list[Path] = field(default_factory=list)
    entries: dict[Path, AnnotatedField] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Hash of what is trained on: pictures, polygons, µm/px, in order."""
        return hashlib.sha256("/".join(path.name for path in self.trained).encode()).hexdigest()[:12]


def prepare_fields(settings: RealSource, beside: Path, mpp: float, folder: Path) -> RealFields:
    """Prepare all fields of a recipe.

    Parameters
    ----------
    settings : RealSource
        Which sets, and which sources are held out.
    beside : Path
        Folder that the sets' names are relative to.
    mpp : float
        µm per pixel to bring them to.
    folder : Path
        Where they are kept.

    Returns
    -------
    RealFields

    Raises
    ------
    InvalidAnnotation
        If a set, a picture or its polygons do not read.
    InvalidRecipe
        If a source or field that is held out or unused is in no set, or nothing is left to train on.
    """
    entries = [entry for name in settings.sets for entry in read_annotation_set(beside / name).fields]
    _check_names("held_out_sources", settings.held_out_sources, {entry.source for entry in entries})
    _check_names("held_out_fields", settings.held_out_fields, {entry.name for entry in entries})
    _check_names("unused_fields", settings.unused_fields, {entry.name for entry in entries})
    prepared = RealFields()
    for entry in entries:
        if settings.leaves_out(entry):
            continue
        place = prepare_field(entry, mpp, folder)
        prepared.entries[place] = entry
        (prepared.held_out if settings.holds_out(entry) else prepared.trained).append(place)
    if settings.share > 0 and not prepared.trained:
        raise InvalidRecipe(
            "nothing is left to train on",
            expected=f"some, not all, of {', '.join(sorted({entry.source for entry in entries}))}",
            got=f"held out: {', '.join((*settings.held_out_sources, *settings.held_out_fields))}",
            next_step="Hold out less.",
        )
    return prepared


def _check_names(what: str, asked: tuple[str, ...], there: set[str]) -> None:
    if unknown := sorted(set(asked) - there):
        raise InvalidRecipe(
            f"real.{what} does not fit the sets",
            expected=f"some of {', '.join(sorted(there)) or '(none: no sets)'}",
            got=", ".join(unknown),
        )


def prepare_field(entry: AnnotatedField, mpp: float, folder: Path) -> Path:
    """Bring a field to a µm/px and paint its polygons, unless that has been done before.

    Of a picture with polygons of class `FRAME_CLASS`, only what lies within these is the field: so a whole slide can be
    annotated in some places.

    Parameters
    ----------
    entry : AnnotatedField
        With full paths, as `read_annotation_set` returns it.
    mpp : float
        µm per pixel to bring it to.
    folder : Path
        Where it is kept.

    Returns
    -------
    Path
        Folder for `histo.train.source.load_source`.

    Raises
    ------
    InvalidAnnotation
        If the polygons do not read, or the picture is not the one they were drawn on, or too large.
    """
    picture, polygons = sha256_of(entry.image), sha256_of(entry.labels)
    if entry.sha256 not in (None, picture):
        raise InvalidAnnotation(
            f"the picture of field {entry.name} is not the one that was annotated",
            file=entry.image,
            expected=f"sha256 {entry.sha256}",
            got=f"sha256 {picture}",
        )
    detail = min(mpp / entry.mpp, 1.0) ** 2
    key = hashlib.sha256(f"{picture}{polygons}{entry.mpp}{mpp}{entry.source}{detail}".encode()).hexdigest()[:12]
    place = folder / f"{entry.name}-{key}"
    if place.is_dir():
        return place
    drawn = read_geojson(entry.labels)
    frames = [annotation for annotation in drawn if annotation.class_name == FRAME_CLASS]
    with open_slide(entry.image, mpp=entry.mpp) as slide:
        canvas = canvas_of(slide, mpp)
        window = _window(entry, frames, canvas, mpp / entry.mpp)
        image = canvas.see(window)
    corner = window.row * mpp / entry.mpp, window.col * mpp / entry.mpp
    truth = _paint(entry, [shape for shape in drawn if shape not in frames], image.shape[:2], mpp, corner)
    if frames:
        # Beyond the frames nothing has been looked at: there, what was not drawn is not background.
        outlines = [replace(frame, class_name=_IGNORED) for frame in frames]
        truth[_paint(entry, outlines, image.shape[:2], mpp, corner) != IGNORE] = IGNORE
    store_source(place, image, truth, name=entry.name, origin=entry.source, corner=corner, detail=detail)
    return place


def _paint(
    entry: AnnotatedField, shapes: list[Annotation], shape: tuple[int, int], mpp: float, corner: tuple[float, float]
) -> NDArray[np.uint8]:
    try:
        labels, is_ignored = labels_from_annotations(
            shapes, shape, mpp=mpp, slide_mpp=entry.mpp, origin=corner, ignore_class=_IGNORED
        )
    except InvalidAnnotation as error:
        raise InvalidAnnotation(
            error.what, file=entry.labels, expected=error.expected, got=error.got, next_step=error.next_step
        ) from error
    return np.where(is_ignored, np.uint8(IGNORE), labels.array)


def _window(entry: AnnotatedField, frames: list[Annotation], canvas: Canvas, scale: float) -> Window:
    """Find the smallest part of the picture that holds all frames; all of it if there are none."""
    window = canvas.whole
    if frames:
        left, top, right, bottom = shapely.total_bounds([frame.geometry for frame in frames]) / scale
        row, col = max(math.floor(top), 0), max(math.floor(left), 0)
        window = Window(row, col, math.ceil(bottom) - row, math.ceil(right) - col).cut(canvas.whole)
    if min(window.height, window.width) < 1 or window.height * window.width > _LARGEST_FIELD_PX:
        raise InvalidAnnotation(
            "the annotated field is larger than can be annotated, or lies beside the picture",
            file=entry.labels,
            expected=f"1 to {_LARGEST_FIELD_PX / 1e6:.0f} million pixels at the recipe's µm/px",
            got=f"{window.height} x {window.width}",
            next_step=f'Draw a rectangle of class "{FRAME_CLASS}" around each part that is annotated completely.',
        )
    return window
