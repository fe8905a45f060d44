"""Bring a recipe's sets and drawn fields to one form, apart into what is learned from and what is judged by."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from histo.nn.nuclei_canvas import measure_brightness
from histo.train.drawn import DRAWN
from histo.train.junction.drawn import draw_junction_field, draw_section_field
from histo.train.junction.field import JunctionField, store_junction_field
from histo.train.junction.reader import list_junction_pictures, read_junction_picture
from histo.train.junction.recipe import JunctionRecipe
from histo.train.junction.settings import DrawnFields, JunctionSet
from histo.train.prepared import PreparedFields, check_held_out_names, find_set_folder

__all__ = ["prepare_junctions", "read_junction_field"]


def prepare_junctions(
    recipe: JunctionRecipe, beside: Path, folder: Path, *, progress: Callable[[int, int], None] | None = None
) -> PreparedFields:
    """Read all pictures of a recipe and draw its fields; what is drawn already is kept.

    Parameters
    ----------
    recipe : JunctionRecipe
        Names them.
    beside : Path
        Folder that sets are relative to.
    folder : Path
        Where they are kept.
    progress : callable, optional
        Called with the number of fields drawn, and of all.

    Returns
    -------
    PreparedFields

    Raises
    ------
    InvalidAnnotation
        If a set is absent or does not read.
    InvalidRecipe
        If a picture that it holds out is not there.
    """
    trained: dict[str, list[Path]] = {}
    held_out: dict[str, list[Path]] = {}
    digest = hashlib.sha256()
    for entry in recipe.sets:
        pictures = list_junction_pictures(find_set_folder(entry.folder, beside), entry.reader)
        check_held_out_names(entry.name, entry.held_out, pictures)
        for name, path in pictures.items():
            is_judged = entry.holds_out(name)
            if not is_judged and entry.share == 0:
                continue
            field = read_junction_field(entry, name, path)
            place = store_junction_field(folder / entry.name / name, field)
            (held_out if is_judged else trained).setdefault(entry.name, []).append(place)
            if not is_judged:
                _digest(digest, field)
    for number, (is_judged, draw) in enumerate(jobs := _to_draw(recipe.drawn, folder), start=1):
        (held_out if is_judged else trained).setdefault(DRAWN, []).append(draw())
        if progress is not None:
            progress(number, len(jobs))
    return PreparedFields(trained, held_out, digest.hexdigest())


def read_junction_field(entry: JunctionSet, name: str, path: Path) -> JunctionField:
    """Read a picture of a set, and bring its signal to a grey scale."""
    picture = read_junction_picture(path, entry.reader, entry.mpp)
    grey = measure_brightness(picture.signal).as_grey(picture.signal)
    return JunctionField(entry.name, name, entry.mpp, grey, picture.truth)


def _to_draw(settings: DrawnFields, folder: Path) -> list[tuple[bool, Callable[[], Path]]]:
    """List what is to be drawn: whether it is for judging, and how."""
    kinds = (
        (draw_junction_field, settings.fields, settings.held_out),
        (draw_section_field, settings.sections, settings.held_out_sections),
    )
    return [
        (is_judged, partial(draw, first + number, settings, folder))
        for draw, n_trained, n_judged in kinds
        for is_judged, first, n in ((False, settings.first_seed, n_trained), (True, settings.held_out_seed, n_judged))
        for number in range(n)
    ]


def _digest(digest: hashlib._Hash, field: JunctionField) -> None:
    digest.update(f"{field.origin}/{field.name} {field.mpp:.6g}".encode())
    for values in (field.image, field.truth.distance, field.truth.known):
        digest.update(np.ascontiguousarray(values).tobytes())
