"""The pictures that a nuclei model never saw, and which of the cells found on them are right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from histo.errors import UnknownModel
from histo.nn import NucleiModel, find_model, load_nuclei_model
from histo.train.lineage import RECIPE_FILE
from histo.train.nuclei import FoundNuclei, NucleiField, NucleiTruth, load_field, read_nuclei_recipe
from histo.train.nuclei.evaluation import FARTHEST_UM
from histo.train.nuclei.matching import match_centres, match_outlines
from histo.train.nuclei.prepare import prepare_nuclei
from histo.train.nuclei.truth import ANYTHING

RIGHT, WRONG_CLASS, FALSE, MISSED = "right", "wrong class", "false", "missed"


@dataclass(frozen=True, eq=False)
class JudgedCells:
    """Cells found on a picture, each with a verdict, and those that were missed.

    Parameters
    ----------
    name : str
        Of the picture.
    image : (rows, cols, 3) array of uint8
        RGB.
    mpp : float
        µm per pixel.
    found : FoundNuclei
        What was found.
    verdicts : (n,) array of str
        Of each found cell: right, wrong class, false; where there is no truth, its class.
    missed : NucleiTruth
        True cells that were not found; none where there is no truth.
    """

    name: str
    image: np.ndarray
    mpp: float
    found: FoundNuclei
    verdicts: np.ndarray
    missed: NucleiTruth

    def count(self, verdict: str) -> int:
        """Count the cells of a verdict."""
        return len(self.missed) if verdict == MISSED else int((self.verdicts == verdict).sum())

    @property
    def n_true(self) -> int:
        """Cells that are there."""
        return sum(self.count(verdict) for verdict in (RIGHT, WRONG_CLASS, MISSED))

    @property
    def f1(self) -> float:
        """Of finding them, whatever their class."""
        n_both = self.count(RIGHT) + self.count(WRONG_CLASS)
        return 2 * n_both / max(self.n_true + len(self.verdicts), 1)


def load_or_none(name: str) -> NucleiModel | None:
    """Load a nuclei model; None, with a line on the screen, where it is not installed."""
    try:
        return load_nuclei_model(name)
    except UnknownModel as error:
        print(f"left out: {error}")
        return None


def held_out_pictures(name: str, runs: Path) -> dict[str, list[NucleiField]]:
    """Read the pictures that a model's own recipe holds out, by set, without those that it learned from."""
    path = find_model(name) / RECIPE_FILE
    recipe = read_nuclei_recipe(path)
    judged_only = {
        "sets": tuple(entry.model_copy(update={"share": 0.0}) for entry in recipe.sets),
        "drawn": recipe.drawn.model_copy(update={"sections": 0}),
    }
    prepared = prepare_nuclei(recipe.model_copy(update=judged_only), path.parent, runs / "nuclei")
    return {origin: [load_field(folder) for folder in folders] for origin, folders in prepared.held_out.items()}


def judge_cells(found: FoundNuclei, picture: NucleiField) -> JudgedCells:
    """Say of each cell whether it is right: outlines by intersection over union above 0.5, else centres within 6 µm."""
    truth = picture.truth
    if truth.outlines is None:
        true_at, found_at = match_centres(truth.centre * picture.mpp, found.centre * picture.mpp, FARTHEST_UM)
    else:
        true_at, found_at = match_outlines(np.asarray(truth.outlines), found.outlines)
    bits, kind = truth.kind_bits.astype(np.int64)[true_at], found.kind[found_at]
    is_wrong = (bits != ANYTHING) & (kind >= 0) & ((bits >> np.maximum(kind, 0)) & 1 == 0)
    verdicts = np.full(len(found.centre), FALSE, dtype=object)
    verdicts[found_at] = np.where(is_wrong, WRONG_CLASS, RIGHT)
    return JudgedCells(
        picture.name, np.asarray(picture.image), picture.mpp, found, verdicts, _without(truth, set(true_at.tolist()))
    )


def middle_and_worst(judged: list[JudgedCells]) -> Iterator[JudgedCells]:
    """Pick the picture of median F1 and the one of the lowest: a gallery of the best would show nothing."""
    ordered = sorted(judged, key=lambda one: one.f1)
    yield ordered[len(ordered) // 2]
    if len(ordered) > 1:
        yield ordered[0]


def _without(truth: NucleiTruth, found: set[int]) -> NucleiTruth:
    left = np.array([at for at in range(len(truth)) if at not in found], np.int64)
    number = np.zeros(len(truth) + 1, np.int32)
    number[left + 1] = np.arange(1, len(left) + 1)
    outlines = None if truth.outlines is None else number[np.asarray(truth.outlines)]
    return NucleiTruth(truth.centre[left], truth.kind_bits[left], outlines)
