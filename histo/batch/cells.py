"""Find and count the cells of a section, if the batch asks for them."""

from __future__ import annotations

import os

import pandas as pd

from histo.batch.outputs import ScoredSection
from histo.errors import CorruptModel, InvalidArgument, UnknownModel
from histo.io import Slide
from histo.measure import measure_infiltrate
from histo.nn import NucleiModel, load_nuclei_model
from histo.segmentation.nuclei import CellOptions, detect_cells

__all__ = ["count_cells", "load_cell_finder"]


def load_cell_finder(name: str | os.PathLike[str], sha256: str = "") -> NucleiModel:
    """Load the network that finds nuclei on slides in transmitted light.

    Parameters
    ----------
    name : str or path-like
        A model's name, or the path of its folder.
    sha256 : str, optional
        Of the weights that the batch began with.

    Raises
    ------
    UnknownModel
        If it is not installed; the message says what to do.
    InvalidArgument
        If it was made for fluorescence.
    CorruptModel
        If it is damaged, or was changed while the batch ran.
    """
    try:
        model = load_nuclei_model(name)
    except UnknownModel as error:
        raise UnknownModel(
            f"cells cannot be found: {error.what}",
            file=error.file,
            expected=error.expected,
            got=error.got,
            next_step="Train it (histo train models/nuclei-he-v1/train.toml), or put its folder where HISTO_MODELS "
            "says. Without --cells all but the cells is scored.",
        ) from error
    if model.spec.stain != "he":
        raise InvalidArgument(
            "this nuclei model was not made for slides in transmitted light",
            expected='a model with stain = "he"',
            got=f"{model.name}: {model.spec.stain}",
        )
    if sha256 not in {"", model.spec.sha256}:
        raise CorruptModel(
            "the nuclei model was changed while the batch ran",
            expected=f"sha256 {sha256}",
            got=f"sha256 {model.spec.sha256}",
        )
    return model


def count_cells(
    slide: Slide, scored: ScoredSection, model: NucleiModel, stain: str, device: str
) -> dict[str, pd.DataFrame]:
    """Find the cells in a section's window and count them by compartment.

    Parameters
    ----------
    slide : Slide
        Open.
    scored : ScoredSection
        The section, with its label map and crypts.
    model : NucleiModel
        What finds nuclei.
    stain : str
        As the design table says: with ``dab``, the density of DAB is measured in each cell too.
    device : str
        Where the network runs.

    Returns
    -------
    dict of str to DataFrame
        The tables of `histo.schema.CELL_TABLES`, without identity.
    """
    cells = detect_cells(
        slide,
        stain="dab" if stain == "dab" else "he",
        labels=scored.labels,
        section=scored.section,
        options=CellOptions(model=model, device=device),
    )
    found = measure_infiltrate(cells, scored.labels, crypts=scored.measures.crypts)
    return {
        "cells": found.cells,
        "densities": found.densities,
        "cell_ratios": found.ratios,
        "infiltrate": found.infiltrate,
        "follicles": found.follicles,
        "clustering": found.clustering,
    }
