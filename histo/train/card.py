"""A model's card: what it is, what it learned from, how well it does on what, and what is not known."""

from __future__ import annotations

from textwrap import dedent

import pandas as pd

from histo.nn import ModelSpec
from histo.train.annotationset import AnnotatedField
from histo.train.drawn import DRAWN
from histo.train.record import TrainingRecord

__all__ = ["write_card"]


def write_card(spec: ModelSpec, judged: pd.DataFrame, record: TrainingRecord) -> str:
    """Write a model's card from facts alone.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    judged : DataFrame
        From `histo.train.judgement_table`.
    record : TrainingRecord
        How it was trained.

    Returns
    -------
    str
        Markdown.
    """
    parts = [_head(spec), _training(spec, record), _accuracy(judged), _limits(spec, judged, record)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _head(spec: ModelSpec) -> str:
    return dedent(f"""
        # {spec.name}

        Finds the compartments of a small-intestine section on brightfield H&E: {", ".join(spec.classes)}.

        | | |
        |--|--|
        | network | U-Net on {spec.encoder}, random initial weights |
        | sees | RGB at {spec.mpp:g} µm/px, {spec.tile} px at once, of which a rim of {spec.halo} px is thrown away |
        | weights | `{spec.file}`, version {spec.version}, sha256 `{spec.sha256}` |
        | licence | {spec.licence} |
        """)


def _training(spec: ModelSpec, record: TrainingRecord) -> str:
    recipe = record.recipe
    state = "" if record.is_finished else f" of {recipe.optimisation.steps} planned: **the training is not finished**"
    done = (
        f"{', '.join(spec.trained_on)}; {record.step} steps{state}, {recipe.optimisation.batch} crops of"
        f" {recipe.crop} px a step. The recipe is `train.toml`; `histo train train.toml` repeats it."
    )
    lines = ["## Trained on", "", done]
    if recipe.real.share < 1:
        seeds = f"{recipe.drawn.first_seed} to {recipe.drawn.first_seed + recipe.drawn.sections - 1}"
        lines += ["", f"Drawn sections: seeds {seeds}, drawn by `histo.phantom` as of digest `{record.drawing}`."]
    if record.trained:
        lines += ["", *_fields("Real fields that it learned from", record.trained)]
        lines += ["", f"Strictest licence among their pictures: {_strictest(record.trained)}."]
    if record.held_out:
        lines += ["", *_fields("Real fields that were held out, by source", record.held_out)]
    return "\n".join(lines)


def _fields(title: str, entries: tuple[AnnotatedField, ...]) -> list[str]:
    rows = [f"| {entry.name} | {entry.source} | {entry.mpp:g} | {entry.licence} |" for entry in entries]
    return [f"{title}:", "", "| field | source | µm/px | licence of the picture |", "|--|--|--|--|", *rows]


def _strictest(entries: tuple[AnnotatedField, ...]) -> str:
    """Name the licence that allows least; a picture without one allows nothing beyond what the law does."""
    licences = sorted({entry.licence for entry in entries})
    order = ("none stated", "research", "NC", "ND", "SA", "BY")
    return min(licences, key=lambda licence: next((i for i, mark in enumerate(order) if mark in licence), len(order)))


def _accuracy(judged: pd.DataFrame) -> str:
    whole = judged[judged["field"] == "all"]
    lines = ["## Agreement with the truth (Dice)", ""]
    if whole.empty:
        return "\n".join([*lines, "Nothing was held out to judge it by."])
    origins = list(dict.fromkeys(whole["origin"]))
    lines += [f"| compartment | {' | '.join(origins)} |", f"|--|{'--|' * len(origins)}"]
    for compartment, rows in whole.groupby("compartment", sort=False):
        values = dict(zip(rows["origin"], rows["dice"], strict=True))
        cells = [f"{values[origin]:.2f}" if origin in values else "" for origin in origins]
        lines.append(f"| {compartment} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _limits(spec: ModelSpec, judged: pd.DataFrame, record: TrainingRecord) -> str:
    is_real = bool((judged["origin"] != DRAWN).any())
    lines = ["## What is not known", ""]
    if is_real:
        lines.append("- Real fields were judged by source; a scanner, stain or species not among them may do worse.")
    else:
        lines.append(
            "- **How well it does on real tissue**: the figures above are of drawn sections alone, drawn by the same"
            " code as those it was trained on. Numbers measured with this model are validated on drawings only."
        )
    if not record.recipe.real.share:
        lines.append("- It has never been shown a real section.")
    lines.append(f"- Other stains than H&E, other organs, and images much coarser than {spec.mpp:g} µm/px.")
    return "\n".join(lines)
