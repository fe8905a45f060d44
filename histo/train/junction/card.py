"""The card of a junction model: what it learned from, what it was judged by, what it is not."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from histo.nn import JunctionSpec
from histo.train.drawn import DRAWN
from histo.train.junction.evaluation import TOLERANCE_PX
from histo.train.junction.run import JunctionRun
from histo.train.prepared import PreparedFields
from histo.train.set_export import accuracy_lines, origin_lines

__all__ = ["write_junction_card"]

_HEAD = ("set", "what", "Dice", "precision", "recall", "true px", "found px", "pictures")
_NOTE = f"Lines within {TOLERANCE_PX} pixels of the picture; gaps pixel by pixel along the true lines."


def write_junction_card(spec: JunctionSpec, run: JunctionRun, prepared: PreparedFields, judged: pd.DataFrame) -> str:
    """Write the card.

    Parameters
    ----------
    spec : JunctionSpec
        The model's facts.
    run : JunctionRun
        Its training.
    prepared : PreparedFields
        What it learned from and was judged by.
    judged : DataFrame
        From `histo.train.junction.evaluation.junction_table`.

    Returns
    -------
    str
        Markdown.
    """
    accuracy = accuracy_lines(spec, judged, head=_HEAD, unknown="real fields", note=_NOTE)
    return "\n".join([*_facts(spec, run), *_sets(run, prepared), *accuracy, *_limits(), ""])


def _facts(spec: JunctionSpec, run: JunctionRun) -> Iterator[str]:
    yield f"# {spec.name}, version {spec.version}"
    yield ""
    yield f"Sees junctions in one fluorescence channel or in the density of DAB, at {spec.mpp:g} µm/px: where their"
    yield "middle runs, gaps included, and where they are stained."
    yield ""
    yield from origin_lines(spec, run)
    yield ""


def _sets(run: JunctionRun, prepared: PreparedFields) -> Iterator[str]:
    yield "## What it learned from"
    yield ""
    yield "| set | licence | share of crops | pictures | held out | µm/px | truth |"
    yield "|--|--|--|--|--|--|--|"
    truths = {"masks": "masks of stained junctions, by machine", "cells": "outlines of cells, by machine"}
    for entry in run.recipe.sets:
        size = f"{entry.mpp:g}, estimated" if entry.is_estimated else f"{entry.mpp:g}"
        counts = f"{len(prepared.trained.get(entry.name, []))} | {len(prepared.held_out.get(entry.name, []))}"
        yield f"| {entry.name} | {entry.licence} | {entry.share:g} | {counts} | {size} | {truths[entry.reader]} |"
    drawn = run.recipe.drawn
    if DRAWN in prepared.trained or DRAWN in prepared.held_out:
        counts = f"{len(prepared.trained.get(DRAWN, []))} | {len(prepared.held_out.get(DRAWN, []))}"
        sizes = f"{drawn.mpp:g}, sections {drawn.section_mpp:g}"
        yield f"| {DRAWN} | BSD-3-Clause | {drawn.share:g} | {counts} | {sizes} | every junction and gap, as drawn |"
    yield ""


def _limits() -> Iterator[str]:
    yield "## What it is not"
    yield ""
    yield "For research, not for diagnosis. Gaps were learned from drawings only: no real set says where junctions are"
    yield "broken. The truths of the real sets were made by machine, and the pictures held out come from the same"
    yield "laboratories as those learned from."
