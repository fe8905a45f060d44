"""How well villi, crypts and layers are found and measured on real fields that the network never saw.

Each annotated field is judged with the label map of a network that was trained as the shipped one was, but without
any field of the same source; the maps lie in ``benchmarks/held_out``. Dice is per compartment, for those that make up
1 % of a field. A centreline drawn by hand counts as found when an accepted one has both ends within 40 µm of its own;
VH:CD is the mean height over the mean depth of a field. Beside them stand two other figures from the same run: the
hand-drawn label map measured by the same code, which is what a perfect network would give, and the Dice of a map that
is all one compartment. Run ``python benchmarks/real_fields.py``; the output is kept in
``benchmarks/results/real_fields.txt``, and a picture of each field's map in ``docs/images/fields``. With the folder of
the runs of ``histo train --leave-one-source-out`` as argument, it takes the maps from there first. Needs the pictures
(HISTO_DATA, or ``../shared/data``).
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from parts.pictures import find_pictures
from PIL import Image
from scipy.spatial import cKDTree

from histo.io.annotations import read_geojson
from histo.io.labels import read_label_map
from histo.measure import SectionMeasures, measure_section
from histo.train.agreement import POOLED, confusion_matrix, dice
from histo.train.annotationset import AnnotatedField, read_annotation_set
from histo.train.leave_one_out import LABELS_FOLDER
from histo.train.real import prepare_field
from histo.train.source import IGNORE, load_source
from histo.types import Compartment, Exclusion, LabelMap

HERE = Path(__file__).parent
MAPS = HERE / "held_out"
RESULTS = HERE / "results" / "real_fields.txt"
PICTURES = HERE.parent / "docs" / "images" / "fields"
MODEL_MPP = 2.0
MATCH_UM = 40.0
PRESENT = 0.01
SHOWN = {
    "villus": "villus",
    "crypt": "crypt",
    "submucosa": "submuc",
    "muscularis": "muscle",
    "lymphoid": "lymph",
    "submucosal_gland": "gland",
    "tissue": "tissue",
}


@dataclass(frozen=True)
class Lengths:
    """Centrelines drawn by hand, what was measured where they lie, and all that was accepted (µm)."""

    drawn: np.ndarray
    found: np.ndarray
    accepted: np.ndarray

    @property
    def text(self) -> str:
        """How many were found, and the median error of those."""
        if not len(self.drawn):
            return "     -"
        seen = np.isfinite(self.found)
        error = np.median(np.abs(self.found[seen] / self.drawn[seen] - 1)) * 100 if seen.any() else np.nan
        return f"{seen.sum():3d}/{len(self.drawn):<3d} {error:5.1f} %"


@dataclass(frozen=True)
class Field:
    """What one label map of a field gives."""

    villi: Lengths
    crypts: Lengths
    measures: SectionMeasures

    @property
    def vh_cd_error(self) -> float:
        """Error of mean height over mean depth, against that of the drawn centrelines; NaN without three of each."""
        if min(len(part) for one in (self.villi, self.crypts) for part in (one.drawn, one.accepted)) < 3:
            return float("nan")
        ours, drawn = (
            getattr(self.villi, part).mean() / getattr(self.crypts, part).mean() for part in ("accepted", "drawn")
        )
        return float(ours / drawn - 1)


def lengths(entry: AnnotatedField, name: str, table: pd.DataFrame, length: str, ends: tuple[str, str]) -> Lengths:
    """Look up each drawn centreline among the accepted measured ones by both of its ends."""
    axes = [note.points for note in read_geojson(entry.labels) if note.class_name == name]
    drawn = np.array([np.hypot(*np.diff(axis, axis=0).T).sum() * entry.mpp for axis in axes])
    found = np.full(len(axes), np.nan)
    accepted = table[table["is_accepted"]]
    if axes and len(accepted):
        start, stop = (accepted[[f"{end}_row", f"{end}_col"]].to_numpy() for end in ends)
        _, index = cKDTree(np.hstack([start, stop])).query([np.concatenate([axis[0], axis[-1]]) for axis in axes])
        reach = np.array([
            max(np.hypot(*(start[i] - axis[0])), np.hypot(*(stop[i] - axis[-1]))) * entry.mpp
            for i, axis in zip(index, axes, strict=True)
        ])  # fmt: skip
        found[reach <= MATCH_UM] = accepted[length].to_numpy()[index[reach <= MATCH_UM]]
    return Lengths(drawn, found, accepted[length].to_numpy(float))


def measure(array: np.ndarray, entry: AnnotatedField, mpp: float = MODEL_MPP) -> Field:
    excluded = np.where(array == IGNORE, np.uint8(Exclusion.PANEL), np.uint8(Exclusion.NOTHING))
    labels = LabelMap(np.where(array == IGNORE, 0, array), mpp=mpp, slide_mpp=entry.mpp, excluded=excluded)
    measures = measure_section(labels)
    villi = lengths(entry, "villus_axis", measures.villi, "villus_height_um", ("base", "tip"))
    crypts = lengths(entry, "crypt_axis", measures.crypts, "crypt_depth_um", ("base", "mouth"))
    return Field(villi, crypts, measures)


def scores(confusion: np.ndarray) -> dict[str, float]:
    """Dice of each compartment that the truth holds more than a trace of."""
    found = {}
    for name in SHOWN:
        members = POOLED.get(name) or (Compartment.from_label(name),)
        share = confusion[[int(member) for member in members]].sum() / max(confusion.sum(), 1)
        found[name] = dice(confusion, members) if share >= PRESENT else np.nan
    return found


def cells(values: dict[str, float]) -> str:
    return "".join(f"{value:8.2f}" if np.isfinite(value) else f"{'-':>8}" for value in values.values())


def summary(name: str, rows: list[Lengths]) -> str:
    drawn, found = (np.concatenate([getattr(row, part) for row in rows]) for part in ("drawn", "found"))
    seen = np.isfinite(found)
    if seen.sum() < 3:
        return f"{name}: {seen.sum()} of {len(drawn)} found"
    error = found[seen] / drawn[seen] - 1
    r = np.corrcoef(found[seen], drawn[seen])[0, 1]
    return (
        f"{name}: {seen.sum()} of {len(drawn)} found, r {r:.3f}, median error {np.median(np.abs(error)) * 100:.1f} %,"
        f" bias {np.mean(error) * 100:+.1f} %; {sum(len(row.accepted) for row in rows)} accepted in all"
    )


def ratio_summary(name: str, fields: list[Field]) -> str:
    errors = np.array([field.vh_cd_error for field in fields])
    errors = errors[np.isfinite(errors)]
    within = np.count_nonzero(np.abs(errors) <= 0.15)
    middle = f", median error {np.median(np.abs(errors)) * 100:.1f} %" if len(errors) else ""
    return (
        f"{name}: VH:CD within 15 % on {within} of {len(errors)} fields with three of each drawn and accepted{middle}"
    )


def picture(array: np.ndarray, truth: np.ndarray, field: Field, mpp: float) -> np.ndarray:
    """Colour the map, draw the truth's borders in black and the centrelines of what was accepted in green."""
    colours = np.array([member.rgb for member in Compartment], np.uint8)
    shown = colours[np.where(truth == IGNORE, 0, array)]
    shown[array == Compartment.BACKGROUND] = 255
    shown[truth == IGNORE] = 205
    for member in Compartment:
        contours, _ = cv2.findContours((truth == member).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(shown, contours, -1, (0, 0, 0), 1)
    for lines, table in (
        (field.measures.villus_lines, field.measures.villi),
        (field.measures.crypt_lines, field.measures.crypts),
    ):
        for line in lines[table["is_accepted"].to_numpy()]:
            points = np.rint(line[:, ::-1] * mpp / MODEL_MPP * 16).astype(np.int32)
            cv2.polylines(
                shown, [points], isClosed=False, color=(0, 170, 0), thickness=3, lineType=cv2.LINE_AA, shift=4
            )
    scale = min(900 / max(shown.shape[:2]), 1.0)
    return cv2.resize(shown, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def collect(runs: Path) -> None:
    """Keep the label maps of all folds as small pictures."""
    MAPS.mkdir(exist_ok=True)
    for path in sorted(runs.glob(f"*-without-*/{LABELS_FOLDER}/*.ome.zarr")):
        write_map(MAPS / f"{path.name.removesuffix('.ome.zarr')}.png", read_label_map(path).array)


def write_map(path: Path, array: np.ndarray) -> None:
    """Write a label map as a palette PNG: the values are the compartments, the colours are for the eye."""
    shown = Image.fromarray(array).convert("P")
    shown.putpalette([part for member in Compartment for part in member.rgb])
    shown.save(path, optimize=True)


def read_map(path: Path) -> np.ndarray:
    with Image.open(path) as shown:
        return np.asarray(shown, np.uint8)


def main() -> str:
    entries = [
        entry
        for folder in sorted((HERE.parent / "annotations").iterdir())
        for entry in read_annotation_set(folder).fields
    ]
    judged = [entry for entry in entries if (MAPS / f"{entry.name}.png").exists()]
    sources = sorted({entry.source for entry in judged})
    lines = [
        f"{len(judged)} fields of {len(sources)} sources, each judged by a network that never saw its source",
        f"{'field':<32}{'µm/px':>6} " + "".join(f"{title:>8}" for title in SHOWN.values())
        + "   villi: found, error  by hand's map     crypts: found, error by hand's map     VH:CD",
    ]  # fmt: skip
    total, floor = np.zeros((len(Compartment),) * 2, np.int64), np.zeros((len(Compartment),) * 2, np.int64)
    each: list[dict[str, float]] = []
    by_network: list[Field] = []
    by_hand: list[Field] = []
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as kept:
        for entry in judged:
            truth = np.asarray(load_source(prepare_field(entry, MODEL_MPP, Path(kept))).truth)
            # Nothing is judged where nobody can say what is there, and the maps stay small.
            labels = np.where(truth == IGNORE, np.uint8(0), read_map(MAPS / f"{entry.name}.png"))
            write_map(MAPS / f"{entry.name}.png", labels)
            confusion = confusion_matrix(truth, labels)
            total += confusion
            floor += confusion_matrix(truth, np.full_like(labels, Compartment.VILLUS_EPITHELIUM))
            each.append(scores(confusion))
            ours, best = measure(np.where(truth == IGNORE, IGNORE, labels), entry), measure(truth, entry)
            by_network.append(ours)
            by_hand.append(best)
            cv2.imwrite(str(PICTURES / f"{entry.name}.png"), picture(labels, truth, ours, entry.mpp)[..., ::-1])
            error = f"{ours.vh_cd_error * 100:+6.0f} %" if np.isfinite(ours.vh_cd_error) else "     -"
            lines.append(
                f"{entry.name:<32}{entry.mpp:6.2f} {cells(each[-1])}   {ours.villi.text:<20} {best.villi.text:<18}"
                f" {ours.crypts.text:<20} {best.crypts.text:<18} {error}"
            )
    means = {name: float(np.nanmean([row[name] for row in each])) for name in SHOWN}
    lines.append(f"{'mean of the fields that hold it':<39}{cells(means)}")
    lines.append(f"{'pixels of all fields':<39}{cells(scores(total))}")
    lines.append(f"{'floor: all villus epithelium':<39}{cells(scores(floor))}")
    for name, fields in (("network", by_network), ("hand-drawn map", by_hand)):
        lines.append(summary(f"{name}, villi", [field.villi for field in fields]))
        lines.append(summary(f"{name}, crypts", [field.crypts for field in fields]))
        lines.append(ratio_summary(name, fields))
    return "\n".join(lines)


if __name__ == "__main__":
    find_pictures()
    if sys.argv[1:]:
        collect(Path(sys.argv[1]))
    report = main()
    print(report)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(report + "\n", encoding="utf-8")
