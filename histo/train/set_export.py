"""What the folder of every model says that was trained on sets of pictures: its metrics, and lines of its card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from histo.nn.spec import ModelFacts
from histo.train.model_files import score_rows, write_model_files
from histo.train.prepared import PreparedFields
from histo.train.set_run import Recipe, SetRun

__all__ = ["accuracy_lines", "origin_lines", "write_set_files"]

_N_SCORES = 3


def write_set_files(
    place: Path, run: SetRun[Recipe], prepared: PreparedFields, *, scores: tuple[str, pd.DataFrame], card: str
) -> None:
    """Write metrics, card and recipe beside the weights.

    Parameters
    ----------
    place : Path
        Folder of the model.
    run : SetRun
        Its training.
    prepared : PreparedFields
        What it learned from and was judged by.
    scores : (str, DataFrame)
        What the score is called, and the table of it.
    card : str
        Markdown.
    """
    name, judged = scores
    metrics = {
        "steps": run.last.step,
        "steps_planned": run.recipe.optimisation.steps,
        "n_trained_on": {origin: len(folders) for origin, folders in prepared.trained.items()},
        name: score_rows(judged),
    }
    write_model_files(place, metrics=metrics, card=card, recipe_path=run.recipe_path)


def origin_lines(spec: ModelFacts, run: SetRun[Recipe]) -> Iterator[str]:
    """Say which weights these are, how they may be used, and how long they were trained."""
    steps, planned = run.last.step, run.recipe.optimisation.steps
    unfinished = "" if steps >= planned else f" of {planned} planned: it is not finished"
    yield f"- weights: `{spec.file}`, sha256 `{spec.sha256}`"
    yield f"- licence: {spec.licence}"
    yield f"- training: `train.toml`, {steps} steps{unfinished}"


def accuracy_lines(
    spec: ModelFacts, judged: pd.DataFrame, *, head: Sequence[str], unknown: str, note: str = ""
) -> Iterator[str]:
    """Say how well a model does on what was held out.

    Parameters
    ----------
    spec : ModelFacts
        Says whether real pictures are among that.
    judged : DataFrame
        Set and what was judged, three scores, and counts.
    head : sequence of str
        What the card calls the columns of the table.
    unknown : str
        What nothing is known of where no real picture was held out.
    note : str, optional
        How it was judged.
    """
    yield "## How well it does on pictures that it never saw"
    yield ""
    if not spec.validated_on:
        yield f"No real picture was held out: how well it does on {unknown} is not known."
        yield ""
    if judged.empty:
        return
    if note:
        yield note
        yield ""
    yield f"| {' | '.join(head)} |"
    yield "|--" * len(head) + "|"
    for origin, what, *values in judged.itertuples(index=False):
        scores = " | ".join(f"{value:.3f}" for value in values[:_N_SCORES])
        counts = " | ".join(str(value) for value in values[_N_SCORES:])
        yield f"| {origin} | {what} | {scores} | {counts} |"
    yield ""
