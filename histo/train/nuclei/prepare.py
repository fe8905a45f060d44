"""Bring a recipe's sets and drawn sections to one form, apart into what is learned from and what is judged by."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histo.nn.nuclei_canvas import measure_brightness
from histo.phantom import draw_section, random_spec
from histo.train.drawn import DRAWN, drawing_digest
from histo.train.nuclei.field import NucleiField, store_field
from histo.train.nuclei.reader import list_pictures, read_picture, read_truth
from histo.train.nuclei.recipe import NucleiRecipe
from histo.train.nuclei.settings import NucleiSet
from histo.train.nuclei.truth import NucleiTruth, as_bits
from histo.train.prepared import KeptField, PreparedFields, find_set_folder, prepare_sets

__all__ = ["draw_field", "estimate_mpp", "prepare_nuclei"]

logger = logging.getLogger(__name__)


def prepare_nuclei(
    recipe: NucleiRecipe, beside: Path, folder: Path, *, progress: Callable[[int, int], None] | None = None
) -> PreparedFields:
    """Read all pictures of a recipe and draw its sections; what is there already is kept.

    Parameters
    ----------
    recipe : NucleiRecipe
        Names them.
    beside : Path
        Folder that sets are relative to.
    folder : Path
        Where they are kept.
    progress : callable, optional
        Called with the number of sections drawn, and of all.

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

    def keep(entry: NucleiSet, name: str, path: Path) -> KeptField:
        field = _read_field(entry, name, path, recipe)
        place = store_field(folder / f"{entry.name}-{recipe.stain}" / name, field)
        known = (field.image, field.truth.centre, field.truth.kind_bits)
        return KeptField(place, field.mpp, known if field.truth.outlines is None else (*known, field.truth.outlines))

    prepared = prepare_sets(
        recipe.sets, lambda entry: list_pictures(find_set_folder(entry.folder, beside), entry.reader), keep
    )
    drawn = recipe.drawn
    seeds = [*range(drawn.first_seed, drawn.first_seed + drawn.sections)]
    judged = [*range(drawn.held_out_seed, drawn.held_out_seed + drawn.held_out)]
    for number, seed in enumerate([*seeds, *judged], start=1):
        place = draw_field(seed, recipe.mpp, drawn.wall_um, folder)
        (prepared.trained if seed in seeds else prepared.held_out).setdefault(DRAWN, []).append(place)
        if progress is not None:
            progress(number, len(seeds) + len(judged))
    return prepared


def draw_field(seed: int, mpp: float, wall_um: float, folder: Path) -> Path:
    """Draw the H&E section of a seed with the centres and classes of its cells, if it is missing.

    Parameters
    ----------
    seed : int
        Decides everything.
    mpp : float
        µm per pixel.
    wall_um : float
        Length of wall.
    folder : Path
        Where drawn sections are kept, apart by the code that draws.

    Returns
    -------
    Path
        Its folder.
    """
    place = folder / f"{DRAWN}-{drawing_digest()}-{mpp:g}-{wall_um:g}" / str(seed)
    if place.is_dir():
        return place
    spec = random_spec(np.random.default_rng(seed))
    spec = replace(spec, shape="strip", wall=replace(spec.wall, length_um=wall_um))
    drawn = draw_section(spec, mpp=mpp, seed=seed, stain="he")
    cells = drawn.cells
    truth = NucleiTruth(
        cells[["row", "col"]].to_numpy(np.float64),
        np.array([as_bits((name,)) for name in cells["cell_class"]], np.uint8),
    )
    return store_field(place, NucleiField(DRAWN, f"{DRAWN}-{seed}", mpp, np.asarray(drawn.image, np.uint8), truth))


def estimate_mpp(outlines: NDArray[np.int32], nucleus_um2: float) -> float:
    """Take a picture's µm/px such that its median nucleus has a given area; nuclei that its edge cuts do not count.

    Parameters
    ----------
    outlines : (rows, cols) array of int32
        Numbered nuclei.
    nucleus_um2 : float
        Area of the median nucleus, µm².

    Returns
    -------
    float

    Examples
    --------
    >>> square = np.zeros((12, 12), np.int32)
    >>> square[3:9, 3:9] = 1
    >>> estimate_mpp(square, nucleus_um2=9.0)
    0.5
    """
    area = np.bincount(outlines.ravel(), minlength=2)
    cut = np.unique(np.concatenate([outlines[0], outlines[-1], outlines[:, 0], outlines[:, -1]]))
    whole = np.setdiff1d(np.flatnonzero(area), np.append(cut, 0))
    chosen = whole if whole.size else np.setdiff1d(np.flatnonzero(area), [0])
    return float(np.sqrt(nucleus_um2 / np.median(area[chosen]))) if chosen.size else 1.0


def _read_field(entry: NucleiSet, name: str, path: Path, recipe: NucleiRecipe) -> NucleiField:
    image = read_picture(path)
    truth = read_truth(path, entry.reader, entry.classes)
    mpp = entry.mpp
    if mpp is None and truth.outlines is not None and entry.nucleus_um2 is not None:
        mpp = estimate_mpp(truth.outlines, entry.nucleus_um2)
    if recipe.stain == "fluorescence":
        image = np.repeat(measure_brightness(image[..., 0]).as_grey(image[..., :1]), 3, axis=2)
    return NucleiField(entry.name, name, mpp or recipe.mpp, image, truth)
