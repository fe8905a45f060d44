"""A model's card: what it is, what it learned from, how well it does on what, and what is not known."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pandas as pd

from histo.nn import ModelSpec
from histo.train.annotationset import AnnotatedField
from histo.train.record import TrainingRecord, sets_learned
from histo.train.verdict import Verdict

__all__ = ["write_card"]

_SHOWN = ("villus", "crypt", "lamina_propria", "submucosa", "muscularis", "lymphoid", "submucosal_gland", "tissue")


def write_card(spec: ModelSpec, verdict: Verdict, record: TrainingRecord) -> str:
    """Write a model's card from facts alone.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    verdict : Verdict
        How it did.
    record : TrainingRecord
        How it was trained.

    Returns
    -------
    str
        Markdown.
    """
    parts = [
        _head(spec, record),
        _training(record),
        _accuracy(verdict),
        _left_out(verdict),
        _confidence(spec, verdict),
        _limits(spec, verdict, record),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _head(spec: ModelSpec, record: TrainingRecord) -> str:
    return dedent(f"""
        # {spec.name}

        Finds the compartments of a small-intestine section on brightfield H&E: {", ".join(spec.classes)}.

        | | |
        |--|--|
        | network | U-Net on {spec.encoder} |
        | started from | {record.start} |
        | sees | RGB at {spec.mpp:g} µm/px, {spec.tile} px at once, of which a rim of {spec.halo} px is thrown away |
        | weights | `{spec.file}`, version {spec.version}, sha256 `{spec.sha256}` |
        | licence | {spec.licence} |
        """)


def _training(record: TrainingRecord) -> str:
    recipe = record.recipe
    state = "" if record.is_finished else f" of {recipe.optimisation.steps} planned: **the training is not finished**"
    done = (
        f"{', '.join(sets_learned(recipe))}; {record.step} steps{state}, {recipe.optimisation.batch} crops of"
        f" {recipe.crop} px a step. The recipe is `train.toml`; `histo train train.toml` repeats it."
    )
    lines = ["## Trained on", "", done]
    if recipe.real.share + recipe.glands.share < 1:
        seeds = f"{recipe.drawn.first_seed} to {recipe.drawn.first_seed + recipe.drawn.sections - 1}"
        lines += ["", f"Drawn sections: seeds {seeds}, drawn by `histo.phantom` as of digest `{record.drawing}`."]
    if record.trained:
        lines += ["", *_fields("Real fields that it learned from", record.trained)]
    if recipe.glands.share > 0:
        name, grades = Path(recipe.glands.folder).name, ", ".join(recipe.glands.grades) or "any"
        lines += ["", f"Glands: {name} (grade: {grades}), of which only crypt or not crypt is known."]
    licences = {entry.licence for entry in record.trained}
    licences |= {recipe.glands.licence} if recipe.glands.share > 0 else set()
    if licences:
        lines += ["", f"Strictest licence among the pictures that it learned from: {_strictest(licences)}."]
    if record.held_out:
        lines += ["", *_fields("Real fields that were held out", record.held_out)]
    return "\n".join(lines)


def _fields(title: str, entries: tuple[AnnotatedField, ...]) -> list[str]:
    rows = [f"| {entry.name} | {entry.source} | {entry.mpp:g} | {entry.licence} |" for entry in entries]
    return [f"{title}:", "", "| field | source | µm/px | licence of the picture |", "|--|--|--|--|", *rows]


def _strictest(licences: set[str]) -> str:
    """Name the licence that allows least; a picture without one allows nothing beyond what the law does."""
    order = ("none stated", "research", "NC", "ND", "SA", "BY")

    def rank(licence: str) -> int:
        return next((place for place, mark in enumerate(order) if mark in licence), len(order))

    return min(sorted(licences), key=rank)


def _accuracy(verdict: Verdict) -> str:
    whole = _whole(verdict.judged)
    lines = ["## Agreement with the truth (Dice)", ""]
    if not whole:
        return "\n".join([*lines, "Nothing was held out to judge it by."])
    before = {} if verdict.before is None else _whole(verdict.before)
    if before:
        lines += ["In brackets: the model that it started from, on the same fields.", ""]
    origins = list(dict.fromkeys(origin for origin, _ in whole))
    lines += [f"| compartment | {' | '.join(origins)} |", f"|--|{'--|' * len(origins)}"]
    for compartment in dict.fromkeys(compartment for _, compartment in whole):
        cells = [_cell(whole, before, (origin, compartment)) for origin in origins]
        lines.append(f"| {compartment} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _left_out(verdict: Verdict) -> str:
    if verdict.left_out is None:
        return ""
    table = verdict.left_out.rename(columns={"source": "origin"})
    whole = _whole(table)
    shown = [name for name in _SHOWN if any(compartment == name for _, compartment in whole)]
    fields = table[table["field"] != "all"].drop_duplicates(["origin", "field"])["origin"].value_counts()
    lines = [
        "## Sources that the network never saw (Dice)",
        "",
        "Networks of the same recipe, each judged on sources left out of it; this one learned from all of them.",
        "",
        f"| source | fields | {' | '.join(shown)} |",
        f"|--|--|{'--|' * len(shown)}",
    ]
    for origin in dict.fromkeys(origin for origin, _ in whole):
        cells = [_cell(whole, {}, (origin, name)) for name in shown]
        lines.append(f"| {origin} | {fields.get(origin, 0)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _whole(judged: pd.DataFrame) -> dict[tuple[str, str], float]:
    rows = judged[judged["field"] == "all"]
    places = zip(rows["origin"].astype(str), rows["compartment"].astype(str), strict=True)
    return dict(zip(places, rows["dice"].astype(float), strict=True))


def _cell(whole: dict[tuple[str, str], float], before: dict[tuple[str, str], float], place: tuple[str, str]) -> str:
    if place not in whole:
        return ""
    return f"{whole[place]:.2f} ({before[place]:.2f})" if place in before else f"{whole[place]:.2f}"


def _confidence(spec: ModelSpec, verdict: Verdict) -> str:
    lines = ["## Confidence", ""]
    found = verdict.calibration
    if found is None and spec.temperature == 1:
        return "\n".join([*lines, "Not calibrated: it may be surer than it is right."])
    lines.append(f"Logits are divided by {spec.temperature:g} before they become probabilities; no label moves.")
    if found is None:
        return "\n".join([*lines, "The recipe says so; nothing was held out to fit it on."])
    how = "the temperature that fits the other sources" if len(found.origins) > 1 else "it, on the very same pixels"
    lines += [
        f"Fitted on {found.n_pixels} held-out pixels of: {', '.join(found.origins)}.",
        f"Expected calibration error {found.error_before:.3f} without, {found.error_after:.3f} with {how}.",
        "",
        "| probability of the label | share that is right | share of the pixels |",
        "|--|--|--|",
        *(f"| {entry.said:.2f} | {entry.right:.2f} | {entry.share:.3f} |" for entry in found.bins),
    ]
    return "\n".join(lines)


def _limits(spec: ModelSpec, verdict: Verdict, record: TrainingRecord) -> str:
    lines = ["## What is not known", ""]
    if not verdict.is_real:
        lines.append(
            "- **How well it does on real tissue**: the figures above are of drawn sections alone, drawn by the same"
            " code as those it was trained on. Numbers measured with this model are validated on drawings only."
        )
    elif any(entry.source in {other.source for other in record.trained} for entry in record.held_out):
        lines.append(
            "- How well it does on a source that it never saw: some of the fields that it is judged by are of sources"
            " that it also learned from."
        )
    else:
        lines.append("- Real fields were judged by source; a scanner, stain or species not among them may do worse.")
    if not record.recipe.real.share:
        lines.append("- This training has shown it no real section.")
    lines.append(f"- Other stains than H&E, other organs, and images much coarser than {spec.mpp:g} µm/px.")
    return "\n".join(lines)
