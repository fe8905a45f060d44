"""How well a shipped model finds and measures what was drawn by hand on real fields that it never saw.

For every annotated field of the sources that the model's recipe holds out: Dice per compartment, and the height of each
villus and depth of each crypt against the centreline drawn by hand. A drawn centreline counts as found when an accepted
one has both of its ends within 40 µm of it. The figures stand beside two floors from the same run: the hand-drawn label
map measured by the same code, which is what a perfect network would give, and a label map that is all one compartment.
Last comes the measurement alone, on the hand-drawn maps of all fields. Run ``python benchmarks/real_fields.py``; the
output is kept in ``benchmarks/results/real_fields.txt``. Needs the pictures (HISTO_DATA, or ``../shared/data``).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from histo.io.annotations import read_geojson
from histo.measure import measure_crypts, measure_villi
from histo.nn import load_model, predict_labels
from histo.train import read_recipe
from histo.train.agreement import POOLED, confusion_matrix, dice
from histo.train.annotationset import AnnotatedField, read_annotation_set
from histo.train.real import prepare_field
from histo.train.source import IGNORE, load_source
from histo.types import Compartment, LabelMap

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "real_fields.txt"
MATCH_UM = 40.0
SHOWN = {"villus": "villus", "crypt": "crypt", "submucosa": "submuc", "muscularis": "muscle", "tissue": "tissue"}


@dataclass(frozen=True)
class Lengths:
    """Centrelines drawn by hand, and what was measured where they lie (µm)."""

    drawn: np.ndarray
    found: np.ndarray

    @property
    def text(self) -> str:
        """How many were found, and the median error of those."""
        if not len(self.drawn):
            return "     -"
        seen = np.isfinite(self.found)
        error = np.median(np.abs(self.found[seen] / self.drawn[seen] - 1)) * 100 if seen.any() else np.nan
        return f"{seen.sum():3d}/{len(self.drawn):<3d} {error:5.1f} %"


def held_out_fields(model: str) -> Iterator[AnnotatedField]:
    folder = HERE.parent / "models" / model
    recipe = read_recipe(folder / "train.toml")
    for name in recipe.real.sets:
        for entry in read_annotation_set(folder / name).fields:
            if entry.source in recipe.real.held_out_sources and entry.name not in recipe.real.unused_fields:
                yield entry


def drawn_axes(entry: AnnotatedField, name: str) -> list[np.ndarray]:
    """Centrelines of the field, (row, col) in pixels of its picture."""
    return [note.points for note in read_geojson(entry.labels) if note.class_name == name]


def lengths(axes: list[np.ndarray], table: pd.DataFrame, length: str, ends: tuple[str, str], mpp: float) -> Lengths:
    """Look up each drawn centreline among the accepted measured ones by both of its ends."""
    drawn = np.array([np.hypot(*np.diff(axis, axis=0).T).sum() * mpp for axis in axes])
    found = np.full(len(axes), np.nan)
    accepted = table[table["is_accepted"]]
    if len(axes) and len(accepted):
        start, stop = (accepted[[f"{end}_row", f"{end}_col"]].to_numpy() for end in ends)
        _, index = cKDTree(np.hstack([start, stop])).query([np.concatenate([axis[0], axis[-1]]) for axis in axes])
        reach = np.array([
            max(np.hypot(*(start[i] - axis[0])), np.hypot(*(stop[i] - axis[-1]))) * mpp
            for i, axis in zip(index, axes, strict=True)
        ])  # fmt: skip
        found[reach <= MATCH_UM] = accepted[length].to_numpy()[index[reach <= MATCH_UM]]
    return Lengths(drawn, found)


def measured(array: np.ndarray, entry: AnnotatedField, mpp: float) -> tuple[Lengths, Lengths]:
    labels = LabelMap(np.where(array == IGNORE, 0, array), mpp=mpp, slide_mpp=entry.mpp)
    villi = lengths(
        drawn_axes(entry, "villus_axis"), measure_villi(labels), "villus_height_um", ("base", "tip"), entry.mpp
    )
    crypts = lengths(
        drawn_axes(entry, "crypt_axis"), measure_crypts(labels), "crypt_depth_um", ("base", "mouth"), entry.mpp
    )
    return villi, crypts


def scores(confusion: np.ndarray) -> dict[str, float]:
    return {name: dice(confusion, POOLED.get(name) or (Compartment.from_label(name),)) for name in SHOWN}


def summary(name: str, rows: list[Lengths]) -> str:
    drawn, found = (np.concatenate([getattr(row, part) for row in rows]) for part in ("drawn", "found"))
    seen = np.isfinite(found)
    if seen.sum() < 3:
        return f"{name}: {seen.sum()} of {len(drawn)} found"
    error = np.abs(found[seen] / drawn[seen] - 1)
    r = np.corrcoef(found[seen], drawn[seen])[0, 1]
    return f"{name}: {seen.sum()} of {len(drawn)} found, r {r:.3f}, median error {np.median(error) * 100:.1f} %"


def main(model_name: str = "structure-v1") -> str:
    model = load_model(model_name)
    entries = list(held_out_fields(model_name))
    sources = ", ".join(sorted({entry.source for entry in entries}))
    lines = [
        f"{model_name} {model.spec.sha256[:12]} on {len(entries)} fields of sources it never saw: {sources}",
        f"{'field':<34}{'µm/px':>6} " + "".join(f"{title:>8}" for title in SHOWN.values())
        + "   villi: found, error   by hand's map     crypts: found, error  by hand's map",
    ]  # fmt: skip
    total, floor = np.zeros((len(Compartment),) * 2, np.int64), np.zeros((len(Compartment),) * 2, np.int64)
    found: dict[str, list[Lengths]] = {"villi": [], "crypts": [], "villi by hand": [], "crypts by hand": []}
    with tempfile.TemporaryDirectory() as kept:
        for entry in entries:
            source = load_source(prepare_field(entry, model.spec.mpp, Path(kept)))
            truth = np.asarray(source.truth)
            labels, _ = predict_labels(model, np.asarray(source.image), model.spec.mpp)
            confusion = confusion_matrix(truth, labels)
            total += confusion
            floor += confusion_matrix(truth, np.full_like(labels, Compartment.VILLUS_EPITHELIUM))
            judged = np.where(truth == IGNORE, IGNORE, labels)
            villi, crypts = measured(judged, entry, model.spec.mpp)
            best_villi, best_crypts = measured(truth, entry, model.spec.mpp)
            for name, row in zip(found, (villi, crypts, best_villi, best_crypts), strict=True):
                found[name].append(row)
            cells = "".join(f"{value:8.2f}" for value in scores(confusion).values())
            lines.append(
                f"{entry.name:<34}{entry.mpp:6.2f} {cells}   {villi.text:<20} {best_villi.text:<18}"
                f" {crypts.text:<20} {best_crypts.text}"
            )
    for name, confusion in (("all fields", total), ("floor: all villus epithelium", floor)):
        lines.append(f"{name:<41}" + "".join(f"{value:8.2f}" for value in scores(confusion).values()))
    lines += [summary(name, rows) for name, rows in found.items()]
    return "\n".join([*lines, *measurement_alone(model_name, model.spec.mpp)])


def measurement_alone(model_name: str, mpp: float) -> list[str]:
    """Measure the hand-drawn maps of every field: no network has a part in it, so none needs to be held out."""
    folder = HERE.parent / "models" / model_name
    sets = [read_annotation_set(folder / name) for name in read_recipe(folder / "train.toml").real.sets]
    entries = [entry for one in sets for entry in one.fields]
    rows = []
    with tempfile.TemporaryDirectory() as kept:
        for entry in entries:
            truth = np.asarray(load_source(prepare_field(entry, mpp, Path(kept))).truth)
            rows.append(measured(truth, entry, mpp))
    title = f"hand-drawn maps of all {len(entries)} fields"
    return [
        summary(f"{title}, {name}", list(column))
        for name, column in zip(("villi", "crypts"), zip(*rows, strict=True), strict=True)
    ]


if __name__ == "__main__":
    data = Path(os.environ.get("HISTO_DATA", HERE.parents[1] / "shared" / "data"))
    if not data.is_dir():
        print(f"no real pictures: {data} is absent; set HISTO_DATA to their folder")
        sys.exit(0)
    os.environ["HISTO_DATA"] = str(data)
    report = main(*sys.argv[1:])
    print(report)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(report + "\n", encoding="utf-8")
