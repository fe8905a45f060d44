"""The card of a nuclei model: what it learned from, what it was judged by, what it is not."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from histo.nn import NucleiSpec
from histo.train.drawn import DRAWN
from histo.train.nuclei.field import load_field
from histo.train.nuclei.run import NucleiRun
from histo.train.prepared import PreparedFields
from histo.train.set_export import accuracy_lines, origin_lines

__all__ = ["write_nuclei_card"]

_HEAD = ("set", "what", "F1", "precision", "recall", "true", "found", "pictures")


def write_nuclei_card(spec: NucleiSpec, run: NucleiRun, prepared: PreparedFields, judged: pd.DataFrame) -> str:
    """Write the card.

    Parameters
    ----------
    spec : NucleiSpec
        The model's facts.
    run : NucleiRun
        Its training.
    prepared : PreparedFields
        What it learned from and was judged by.
    judged : DataFrame
        From `histo.train.nuclei.evaluation.nuclei_table`.

    Returns
    -------
    str
        Markdown.
    """
    accuracy = accuracy_lines(spec, judged, head=_HEAD, unknown="real tissue")
    return "\n".join([*_facts(spec, run), *_sets(run, prepared), *accuracy, *_limits(spec), ""])


def _facts(spec: NucleiSpec, run: NucleiRun) -> Iterator[str]:
    yield f"# {spec.name}, version {spec.version}"
    yield ""
    seen = "H&E, RGB" if spec.stain == "he" else "one fluorescence channel that shows nuclei"
    yield f"Finds nuclei on {seen}, at {spec.mpp:g} µm/px: centre, outline, probability"
    yield f"and class ({', '.join(spec.classes)})." if spec.classes else "and no class."
    yield ""
    yield from origin_lines(spec, run)
    yield f"- threshold of a centre's probability: {spec.threshold:g}"
    yield ""


def _sets(run: NucleiRun, prepared: PreparedFields) -> Iterator[str]:
    yield "## What it learned from"
    yield ""
    yield run.start.describe()
    yield ""
    yield "| set | licence | share of crops | pictures | nuclei | held out | µm/px |"
    yield "|--|--|--|--|--|--|--|"
    for entry in run.recipe.sets:
        yield _row(entry.name, entry.licence, entry.share, prepared, "" if entry.mpp else ", estimated")
    if run.recipe.drawn.sections or run.recipe.drawn.held_out:
        yield _row(DRAWN, "BSD-3-Clause", run.recipe.drawn.share, prepared, "")
    yield ""
    estimated = [entry for entry in run.recipe.sets if entry.nucleus_um2 is not None]
    for entry in estimated:
        yield (
            f"Nobody wrote down the µm/px of {entry.name}: each picture's is taken such that its median nucleus is of"
            f" {entry.nucleus_um2:g} µm²."
        )
        yield ""


def _row(name: str, licence: str, share: float, prepared: PreparedFields, note: str) -> str:
    trained, held_out = prepared.trained.get(name, []), prepared.held_out.get(name, [])
    pictures = [load_field(folder) for folder in (*trained, *held_out)]
    sizes = sorted(picture.mpp for picture in pictures)
    span = f"{sizes[0]:.2f}" if sizes[-1] - sizes[0] < 0.005 else f"{sizes[0]:.2f} to {sizes[-1]:.2f}"
    n_nuclei = sum(len(picture.truth) for picture in pictures[: len(trained)])
    return f"| {name} | {licence} | {share:g} | {len(trained)} | {n_nuclei} | {len(held_out)} | {span}{note} |"


def _limits(spec: NucleiSpec) -> Iterator[str]:
    yield "## What it is not"
    yield ""
    yield "For research, not for diagnosis. Pictures of one slide or patient may be on both sides of the split where a"
    yield "set does not say which belong together."
    if "granulocyte" in spec.classes:
        yield "No real set tells granulocytes from other inflammatory cells: on real tissue most are called lymphocyte,"
        yield "and what is called granulocyte rests on drawings."
