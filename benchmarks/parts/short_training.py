"""Train a recipe unless that is done, and judge what came out by its held-out fields."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from real_fields import measure

from histo.io.annotations import read_geojson
from histo.io.atomic import write_atomically
from histo.nn import Model
from histo.train import judge, run_training
from histo.train.agreement import POOLED, dice
from histo.train.drawn import DrawnPool, drawing_digest
from histo.train.export import write_weights
from histo.train.real import RealFields
from histo.train.recipe import Recipe
from histo.train.run import Run, open_run_of
from histo.train.source import IGNORE, load_source
from histo.types import Compartment

AXES = {"villus_axis", "crypt_axis"}


@dataclass(frozen=True)
class Outcome:
    """How a network did on fields that it never saw.

    Parameters
    ----------
    confusion : list of lists of int
        Pixels of all fields: rows are the truth, columns the prediction.
    n_fields : int
        Judged.
    found, drawn : list of int
        Centrelines of villi and of crypts: how many were drawn by hand, and of how many an accepted one has both ends
        near theirs.
    """

    confusion: list[list[int]]
    n_fields: int
    found: list[int]
    drawn: list[int]

    def dice(self, part: str) -> float:
        """Overlap of one compartment, or of some taken together, over the pixels of all fields."""
        return dice(np.array(self.confusion), POOLED.get(part) or (Compartment.from_label(part),))


def common_pool(recipe: Recipe, folder: Path) -> DrawnPool:
    """Find the drawn sections that earlier variants were trained on; draw them if there are none.

    So all variants of one µm/px learn from the same drawings, even if `histo.phantom` changes between them.
    """
    seeds = range(recipe.drawn.first_seed, recipe.drawn.first_seed + recipe.drawn.sections)
    kept = sorted(folder.glob(f"*-{recipe.mpp:g}"), key=lambda place: place.stat().st_ctime)
    for place in kept:
        pool = DrawnPool(folder, recipe.mpp, place.name.removesuffix(f"-{recipe.mpp:g}"))
        if pool.has(seeds):
            return pool
    pool = DrawnPool(folder, recipe.mpp, drawing_digest())
    pool.fill(seeds, n_workers=os.cpu_count() or 1)
    return pool


def trained(recipe: Recipe, beside: Path, runs: Path) -> Run:
    """Train a recipe, going on where it was stopped; what it names is relative to `beside`."""

    def find_run() -> Run:
        run = open_run_of(recipe, beside / "train.toml", runs)
        return replace(run, drawn=common_pool(recipe, runs / "drawn"))

    run = find_run()
    if run.is_finished:
        return run
    run_training(run)
    return find_run()


def seconds_of(run: Run) -> list[float]:
    """How long each step took."""
    with (run.folder / "log.csv").open(encoding="utf-8") as file:
        return [float(row["seconds"]) for row in csv.DictReader(file)]


def outcome_of(run: Run) -> tuple[Model, Outcome]:
    """Judge a run's network by its held-out fields, once."""
    model = write_weights(run, run.folder / "model")
    path = run.folder / "outcome.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if kept.get("sha256") == model.spec.sha256:
        return model, Outcome(**kept["outcome"])
    outcome = judge_on(model, run.prepare_fields())
    with write_atomically(path) as partial:
        partial.write_text(json.dumps({"sha256": model.spec.sha256, "outcome": asdict(outcome)}), encoding="utf-8")
    return model, outcome


def judge_on(model: Model, fields: RealFields) -> Outcome:
    """Judge a network by fields that it was not trained on."""
    found, drawn = np.zeros(2, int), np.zeros(2, int)

    def keep(place: Path, labels: np.ndarray, _: np.ndarray) -> None:
        entry = fields.entries[place]
        if not AXES & {note.class_name for note in read_geojson(entry.labels)}:
            return
        truth = np.asarray(load_source(place).truth)
        field = measure(np.where(truth == IGNORE, IGNORE, labels), entry, model.spec.mpp)
        for index, lengths in enumerate((field.villi, field.crypts)):
            found[index] += np.isfinite(lengths.found).sum()
            drawn[index] += len(lengths.drawn)

    judged = judge(model, fields.held_out, keep=keep)
    total = np.sum([entry.confusion for entry in judged], axis=0)
    return Outcome(total.tolist(), len(judged), found.tolist(), drawn.tolist())
