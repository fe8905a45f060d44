"""Bring a recipe's sets and drawn fields to one form, apart into what is learned from and what is judged by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from histo.nn.nuclei_canvas import measure_brightness
from histo.train.drawn import DRAWN, in_processes
from histo.train.junction.drawn import Drawing
from histo.train.junction.field import JunctionField, store_junction_field
from histo.train.junction.reader import list_junction_pictures, read_junction_picture
from histo.train.junction.recipe import JunctionRecipe
from histo.train.junction.settings import DrawnFields, JunctionSet
from histo.train.prepared import KeptField, PreparedFields, find_set_folder, prepare_sets

__all__ = ["drawings_of", "prepare_junctions", "read_junction_field"]


def prepare_junctions(
    recipe: JunctionRecipe,
    beside: Path,
    folder: Path,
    *,
    drawing: str,
    n_workers: int = 0,
    progress: Callable[[int, int], None] | None = None,
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
    drawing : str
        Digest of the code that drew, or draws, its fields.
    n_workers : int, optional
        Processes to draw in; 0 draws in this one.
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

    def keep(entry: JunctionSet, name: str, path: Path) -> KeptField:
        field = read_junction_field(entry, name, path)
        place = store_junction_field(folder / entry.name / name, field)
        return KeptField(place, field.mpp, (field.image, field.truth.distance, field.truth.known))

    prepared = prepare_sets(
        recipe.sets, lambda entry: list_junction_pictures(find_set_folder(entry.folder, beside), entry.reader), keep
    )
    learned, judged = drawings_of(recipe.drawn, folder, drawing)
    _draw([*learned, *judged], n_workers, progress)
    for drawings, into in ((learned, prepared.trained), (judged, prepared.held_out)):
        if drawings:
            into[DRAWN] = [entry.place for entry in drawings]
    return prepared


def read_junction_field(entry: JunctionSet, name: str, path: Path) -> JunctionField:
    """Read a picture of a set, and bring its signal to a grey scale."""
    picture = read_junction_picture(path, entry.reader, entry.mpp)
    grey = measure_brightness(picture.signal).as_grey(picture.signal)
    return JunctionField(entry.name, name, entry.mpp, grey, picture.truth)


def drawings_of(settings: DrawnFields, folder: Path, digest: str) -> tuple[list[Drawing], list[Drawing]]:
    """List the drawn fields to learn from, and those to judge by.

    Parameters
    ----------
    settings : DrawnFields
        How many of each.
    folder : Path
        Where they are kept.
    digest : str
        Of the code that draws.

    Returns
    -------
    learned, judged : list of Drawing
    """

    def list_from(first: int, n_fields: int, n_sections: int) -> list[Drawing]:
        seeds = [*((first + number, False) for number in range(n_fields))]
        seeds += [(first + number, True) for number in range(n_sections)]
        return [Drawing(seed, is_section, settings, folder, digest) for seed, is_section in seeds]

    return (
        list_from(settings.first_seed, settings.fields, settings.sections),
        list_from(settings.held_out_seed, settings.held_out, settings.held_out_sections),
    )


def _draw(drawings: list[Drawing], n_workers: int, progress: Callable[[int, int], None] | None) -> None:
    missing = [entry.draw for entry in drawings if not entry.place.is_dir()]
    drawn = in_processes(missing, n_workers) if n_workers and missing else (draw() for draw in missing)
    for n_drawn, _ in enumerate(drawn, start=len(drawings) - len(missing) + 1):
        if progress is not None:
            progress(n_drawn, len(drawings))
