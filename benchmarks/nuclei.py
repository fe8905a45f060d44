"""How well cells are found on real pictures that no model saw, and how fast, beside a classical floor.

    HISTO_DATA=... python benchmarks/nuclei.py [nuclei-he-v1 nuclei-if-v1] [--runs runs] [--skip speed drawn]

Each model is judged on the pictures that its own recipe holds out: detection within 6 µm one to one, outlines by
intersection over union above 0.5, classes. The floor, in the same run on the same pictures: haematoxylin density (or
fluorescence) smoothed, Otsu's threshold, watershed from the peaks of the distance transform. The H&E model is judged
end to end besides: percent positive of two DAB tiles with our own nuclei and the threshold of the cells that people
scored on the other tile; the number of cells on a field that QuPath counted; densities and IEL/100 of drawn sections,
with the true compartments and with those that the shipped structure model finds. Speed: all of `histo.detect_cells` on
a mosaic of the pictures against the bare forward of the same network on the same tiles, with as many threads, best of
three turns each. Memory: the peak of a process that streams the cells of a slide, and of one four times as large. Last
comes what was aimed at beside what was reached. The output is kept in ``benchmarks/results/nuclei.txt``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import tifffile
import torch
from parts.dab_cells import DEEPLIIF_MPP, MARKER, TILES, find_dab_cells, read_tile
from parts.drawn_cells import end_to_end
from parts.held_out_cells import held_out_pictures, load_or_none
from parts.nuclei_speed import memory, speed
from parts.pictures import find_pictures
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

import histo
from histo.nn import NucleiModel, find_model
from histo.segmentation.nuclei import CellOptions
from histo.stain import separate
from histo.train.nuclei import FoundNuclei, NucleiField, judge_field, nuclei_table
from histo.train.nuclei import predict_field as find_by_network
from histo.train.nuclei.evaluation import DETECTION, OUTLINES

RESULTS = Path(__file__).parent / "results" / "nuclei.txt"
PARTS = ("held_out", "dab", "qupath", "drawn", "speed", "memory")
FLOOR = "otsu + watershed"
# Set, what is judged, least F1.
GOALS = (
    ("he-cells-crchisto", DETECTION, 0.80),
    ("he-cells-crchisto", "inflammatory", 0.70),
    ("he-cells-crchisto", "epithelial", 0.75),
    ("he-nuclei-monuseg", OUTLINES, 0.75),
    ("if-nuclei-mouse-gut-validation", OUTLINES, 0.85),
)
# An H&E field that QuPath has counted twice, first with StarDist, its µm/px, and the counts.
QUPATH_FIELD, QUPATH_MPP, QUPATH_COUNTS = "OS-1-detail", 0.2271, (331, 319)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["nuclei-he-v1", "nuclei-if-v1"], help="names or folders")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where prepared pictures are kept")
    parser.add_argument("--side", type=int, default=2880, help="side of the mosaic that is timed, in pixels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--skip", nargs="*", default=[], choices=PARTS, help="parts to leave out")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the report is written besides")
    options = parser.parse_args()
    find_pictures()
    torch.set_num_threads(options.threads)
    lines: list[str] = []
    for name in options.models:
        model = load_or_none(name)
        if model is None:
            continue
        for line in report(name, model, options):
            print(line, flush=True)
            lines.append(line)
    if lines:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(name: str, model: NucleiModel, options: argparse.Namespace) -> Iterator[str]:
    data, asked = Path(os.environ["HISTO_DATA"]), set(PARTS) - set(options.skip)
    held_out = held_out_pictures(name, options.runs)
    pictures = [picture for of_set in held_out.values() for picture in of_set]
    yield f"{model.name} (sha256 {model.spec.sha256[:12]}, threshold {model.spec.threshold:g}), pictures held out"
    table = judge(model, pictures) if "held_out" in asked else None
    if table is not None:
        yield table.to_string(index=False, float_format=lambda value: f"{value:.3f}")
    if model.spec.stain == "he":
        if "dab" in asked:
            yield from ["", *dab(model, data / "ihc-deepliif")]
        if "qupath" in asked:
            yield from ["", qupath(model, data / "ihc-he-qupath")]
        if "drawn" in asked:
            yield from ["", *end_to_end(model)]
    if "speed" in asked:
        yield from ["", *speed(model, pictures, options.side, options.threads)]
    if "memory" in asked:
        yield from memory(model, find_model(name), pictures, options.threads)
    if table is not None:
        yield from ["", *reached(table, model.name)]
    yield ""


def judge(model: NucleiModel, pictures: list[NucleiField]) -> pd.DataFrame:
    """Judge the model and the floor on pictures."""
    ways: dict[str, Callable[[NucleiField], FoundNuclei]] = {
        model.name: lambda picture: find_by_network(model, picture, device="cpu"),
        FLOOR: lambda picture: find_by_watershed(picture, model.spec.stain),
    }
    tables = []
    for way, find in ways.items():
        tables.append(nuclei_table(judge_field(find(picture), picture) for picture in pictures).assign(way=way))
    return pd.concat(tables).sort_values(["origin", "what", "way"], kind="stable")


def reached(table: pd.DataFrame, way: str) -> Iterator[str]:
    """Set what was aimed at beside what was reached."""
    for origin, what, goal in GOALS:
        row = table[(table["origin"] == origin) & (table["what"] == what) & (table["way"] == way)]
        if len(row):
            f1, n = row["f1"].item(), row["n_true"].item()
            verdict = "reached" if f1 >= goal else "not reached"
            yield f"goal: {origin}, {what}: F1 {f1:.3f} (n = {n}), {goal:.2f} aimed at: {verdict}"


def dab(model: NucleiModel, folder: Path) -> Iterator[str]:
    """Compare percent positive, from pixels to percent, with that of the truth."""
    yield "DAB end to end, DeepLIIF tiles: own nuclei, threshold of the cells that people scored on the other tile"
    yield f"{'tile':8}{'true cells':>11}{'found':>7}{'true %':>8}{'found %':>9}{'points':>8}  (goal: within 5 points)"
    tiles = [read_tile(folder, name) for name in TILES]
    called: dict[str, tuple[pd.Series, pd.Series]] = {}
    for tile, other in zip(tiles, tiles[::-1], strict=True):
        cells = find_dab_cells(model, tile.image, DEEPLIIF_MPP, other.threshold())
        called[tile.name] = tile.measure()[0]["truth"], cells[f"{MARKER}_is_positive"]
    true_of_all, found_of_all = (pd.concat(part) for part in zip(*called.values(), strict=True))
    for name, (true, found) in (called | {"both": (true_of_all, found_of_all)}).items():
        shares = 100 * true.mean(), 100 * found.mean()
        yield f"{name:8}{len(true):11d}{len(found):7d}{shares[0]:8.1f}{shares[1]:9.1f}{shares[1] - shares[0]:+8.1f}"


def qupath(model: NucleiModel, folder: Path) -> str:
    """Count the cells of the field that QuPath counted."""
    image = np.asarray(tifffile.imread(folder / f"{QUPATH_FIELD}.ome.tif"))
    n_cells = len(histo.detect_cells(image, mpp=QUPATH_MPP, options=CellOptions(model=model, device="cpu")))
    stardist, second = QUPATH_COUNTS
    return (
        f"{QUPATH_FIELD} (H&E, {image.shape[0]} x {image.shape[1]} px): {n_cells} cells; QuPath {stardist} with"
        f" StarDist ({100 * (n_cells / stardist - 1):+.0f} %), {second} in a second count"
        f" ({100 * (n_cells / second - 1):+.0f} %)"
    )


def find_by_watershed(picture: NucleiField, stain: str) -> FoundNuclei:
    """Find nuclei without learning anything: what a model has to beat."""
    pixels = np.asarray(picture.image)
    signal = separate(pixels)[..., 0] if stain == "he" else pixels[..., 0].astype(float)
    signal = cv2.GaussianBlur(signal, (0, 0), 0.5 / picture.mpp)
    mask = ndimage.binary_opening(signal > threshold_otsu(signal), iterations=max(round(0.5 / picture.mpp), 1))
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 0.5 / picture.mpp)
    peaks = peak_local_max(depth, min_distance=max(round(2.0 / picture.mpp), 1), labels=mask.astype(int))
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-depth, seeds, mask=mask).astype(np.int32)
    area_um2 = np.bincount(labels.ravel(), minlength=len(peaks) + 1)[1:] * picture.mpp**2
    kept = area_um2 >= 8.0
    number = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.int32)
    labels = number[labels]
    n_found = int(kept.sum())
    centre = np.array(ndimage.center_of_mass(labels > 0, labels, np.arange(1, n_found + 1))).reshape(-1, 2)
    return FoundNuclei(centre, np.ones(n_found), np.full(n_found, -1), labels)


if __name__ == "__main__":
    main()
