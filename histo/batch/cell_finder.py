"""Which model finds the cells of which slide."""

from __future__ import annotations

import os

from histo.batch.channels import panel_channels
from histo.batch.planning import Plan, PlannedSlide
from histo.batch.settings import Settings
from histo.errors import CorruptModel, InvalidArgument, UnknownModel
from histo.io import Slide
from histo.nn import NucleiModel, NucleiSpec, load_nuclei_model
from histo.segmentation.nuclei import DEFAULT_MODELS

__all__ = ["CellFinder", "check_cells_can_be_found", "choose_cell_finders", "load_cell_finder"]

CellFinder = tuple[str, NucleiSpec | None]
"""Name or folder of a model, and its facts; None if it is not installed, so that its slides will fail."""


def choose_cell_finders(plan: Plan, settings: Settings) -> dict[str, CellFinder]:
    """Choose the model that finds the cells of each slide.

    Parameters
    ----------
    plan : Plan
        The slides, with the stains that the design table gives.
    settings : Settings
        Whether cells are looked for on H&E, and models that were named.

    Returns
    -------
    dict of str to CellFinder
        By the slide's name; slides whose cells are not looked for have none.

    Raises
    ------
    UnknownModel
        If a model that was named is not installed, or the one for H&E slides whose cells were asked for. Where only DAB
        or fluorescence slides lack theirs, they fail one by one and the others are scored.
    InvalidArgument
        If two models were named for the same stain, or one for a stain that no slide has.
    CorruptModel
        If a model is damaged.
    """
    named = _named(settings.nuclei_models)
    wanting: dict[str, list[PlannedSlide]] = {}
    for slide in plan.slides:
        if slide.is_scored_by_cells or (settings.cells and not slide.junction_markers):
            wanting.setdefault(_seen_as(slide), []).append(slide)
    unused = [name for seen, (name, _) in named.items() if seen not in wanting]
    if unused:
        raise InvalidArgument(
            "a nuclei model was made for slides of which there are none",
            expected=f"a model of {' or '.join(wanting) or 'nothing: no cells are looked for'}",
            got=", ".join(unused),
            next_step="Leave --nuclei-model out, or say --cells, or give slides their stain in the design table.",
        )
    finders: dict[str, CellFinder] = {}
    for seen, slides in wanting.items():
        is_required = any(not slide.is_scored_by_cells for slide in slides)
        finder = named.get(seen) or _default(seen, is_required=is_required)
        finders |= {slide.name: finder for slide in slides}
    return finders


def load_cell_finder(name: str | os.PathLike[str], stain: str = "", sha256: str = "") -> NucleiModel:
    """Load a network that finds nuclei.

    Parameters
    ----------
    name : str or path-like
        A model's name, or the path of its folder.
    stain : str
        Of the slide that it is for; empty of H&E.
    sha256 : str
        Of the weights that the batch began with; empty where that does not matter.

    Returns
    -------
    NucleiModel

    Raises
    ------
    UnknownModel
        If it is not installed; the message says what to do.
    CorruptModel
        If it is damaged, or was changed while the batch ran.
    """
    try:
        model = load_nuclei_model(name)
    except UnknownModel as error:
        without = "" if stain in {"dab", "fluorescence"} else " Without --cells all but the cells is scored."
        recipe = DEFAULT_MODELS[stain or "he"]
        raise UnknownModel(
            f"cells cannot be found: {error.what}",
            file=error.file,
            expected=error.expected,
            got=error.got,
            next_step=f"Train it (histo train models/{recipe}/train.toml), or put its folder where HISTO_MODELS "
            f"says.{without}",
        ) from error
    if sha256 not in {"", model.spec.sha256}:
        raise CorruptModel(
            "the nuclei model was changed while the batch ran",
            expected=f"sha256 {sha256}",
            got=f"sha256 {model.spec.sha256}",
        )
    return model


def check_cells_can_be_found(slide: Slide, planned: PlannedSlide, finder: CellFinder) -> None:
    """Make sure, from what is known before any work, that the cells of a slide can be found.

    Raises
    ------
    UnknownModel
        If its model is not installed.
    InvalidArgument
        If it lacks a channel that the design table names.
    """
    name, spec = finder
    if spec is None:
        load_cell_finder(name, planned.stain)
    if planned.stain == "fluorescence":
        panel_channels(slide, planned.panel)


def _named(names: tuple[str, ...]) -> dict[str, CellFinder]:
    found: dict[str, CellFinder] = {}
    for name in names:
        spec = load_cell_finder(name).spec
        if spec.stain in found:
            raise InvalidArgument(
                "two nuclei models are named for one stain",
                expected="one for transmitted light, one for fluorescence",
                got=f"{found[spec.stain][0]} and {name}",
            )
        found[spec.stain] = (name, spec)
    return found


def _default(seen: str, *, is_required: bool) -> CellFinder:
    try:
        return DEFAULT_MODELS[seen], load_cell_finder(DEFAULT_MODELS[seen]).spec
    except UnknownModel:
        if is_required:
            raise
        return DEFAULT_MODELS[seen], None


def _seen_as(slide: PlannedSlide) -> str:
    """Say what its model looks at: the nuclei of DAB slides are shown to it as haematoxylin."""
    return "fluorescence" if slide.stain == "fluorescence" else "he"
