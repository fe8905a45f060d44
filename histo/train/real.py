"""Real annotated fields, brought to the recipe's µm/px with their polygons painted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from histo.errors import InvalidAnnotation, InvalidRecipe
from histo.io import open_slide
from histo.io.annotations import labels_from_annotations, read_geojson
from histo.io.checksum import sha256_of
from histo.nn import canvas_of
from histo.train.annotationset import AnnotatedField, read_annotation_set
from histo.train.settings import RealSource
from histo.train.source import IGNORE, store_source

__all__ = ["RealFields", "prepare_field", "prepare_fields"]


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
        If the polygons do not read, or the picture is not the one they were drawn on.
    """
    picture, polygons = sha256_of(entry.image), sha256_of(entry.labels)
    if entry.sha256 not in (None, picture):
        raise InvalidAnnotation(
            f"the picture of field {entry.name} is not the one that was annotated",
            file=entry.image,
            expected=f"sha256 {entry.sha256}",
            got=f"sha256 {picture}",
        )
    key = hashlib.sha256(f"{picture}{polygons}{entry.mpp}{mpp}{entry.source}".encode()).hexdigest()[:12]
    place = folder / f"{entry.name}-{key}"
    if place.is_dir():
        return place
    with open_slide(entry.image, mpp=entry.mpp) as slide:
        canvas = canvas_of(slide, mpp)
        image = canvas.see(canvas.whole)
    labels, is_ignored = labels_from_annotations(
        read_geojson(entry.labels), image.shape[:2], mpp=mpp, slide_mpp=entry.mpp
    )
    truth = np.where(is_ignored, np.uint8(IGNORE), labels.array)
    store_source(place, image, truth, name=entry.name, origin=entry.source)
    return place
