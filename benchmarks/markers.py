"""How well marker-positive cells are told, on real pictures, beside a threshold of Otsu's for each field.

Nuclei are those that come with the pictures, so that positivity alone is judged. Three questions:

- ``if-markers-mouse-gut``: nuclei of mouse crypts called positive by people for each of five markers. Measure and
  threshold are chosen on the other pictures of the marker and judged on the one left out. The pictures were exposed
  differently and state no pixel size: the median nucleus is taken to be 7 µm across.
- ``ihc-deepliif``: two DAB tiles with positive and negative nuclei. The threshold comes from the other tile.
- ``ihc-he-qupath``: one Ki67 field on two scanners. The same nuclei (a plain watershed of the one scanner's nuclear
  picture) are judged on both; do they agree?

Run ``python benchmarks/markers.py``; the output is kept in ``benchmarks/results/markers.txt``, two pictures in
``docs/images/markers``. Needs the pictures (HISTO_DATA, or ``../shared/data``).
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import tifffile
from parts.dab_cells import TILES, read_tile
from parts.pictures import find_pictures
from PIL import Image
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import find_boundaries, watershed

from histo.errors import NoThreshold
from histo.measure import Threshold, Thresholds, apply_thresholds, thresholds_from_scored_cells, thresholds_from_study
from histo.segmentation.marker import (
    measure_contrast,
    measure_foci,
    measure_markers,
    nuclear_density,
)
from histo.stain import HAEMATOXYLIN_DAB, dab_density, describe_dab

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "markers.txt"
PICTURES = HERE.parent / "docs" / "images" / "markers"
MEASURES = ("intensity", "contrast", "foci")
NUCLEUS_UM = 7.0
MARKERS = ("EdU", "pH3", "E2F3A", "E2F4", "E2F8")
SHOWN = ("EdU", "E2F8_EdU_mouse2_image3")
SCANNERS = (("OS-2-vsi", 0.346), ("OS-2-ndpi", 0.227))
REFUSALS = ("no two groups", "slides rather than cells", "200 are needed")
HIT, MISSED, FALSE, NEGATIVE = (0, 200, 0), (255, 210, 0), (255, 60, 60), (110, 140, 255)


def main() -> int:
    find_pictures()
    folder = Path(os.environ["HISTO_DATA"])
    lines = [*fluorescence(folder / "if-markers-mouse-gut"), "", *dab(folder / "ihc-deepliif")]
    lines += ["", *scanners(folder / "ihc-he-qupath")]
    print("\n".join(lines))
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def fluorescence(folder: Path) -> list[str]:
    lines = [
        "Fluorescence, mouse gut: F1 of marker-positive nuclei, each picture judged by a threshold from the others",
        f"{'marker':8}{'pictures':>9}{'nuclei':>8}{'positive':>9}  {'chosen':32}{'F1':>6}{'floor':>7}  study's Otsu",
    ]
    judged = []
    for marker in MARKERS:
        cells = pd.concat(fields_of(folder / "Widefield" / marker), ignore_index=True).assign(marker=marker)
        cells["found"], chosen = leave_one_out(cells)
        cells["floor"] = cells.groupby("slide")["m_intensity"].transform(lambda values: values > otsu(values))
        judged.append(cells)
        lines.append(
            f"{marker:8}{cells['slide'].nunique():9d}{len(cells):8d}{cells['truth'].sum():9d}  {', '.join(chosen):32}"
            f"{f1(cells['found'], cells['truth']):6.2f}{f1(cells['floor'], cells['truth']):7.2f}  {by_study(cells)}"
        )
    everything = pd.concat(judged)
    lines.append(
        f"{'all':8}{len(everything.groupby(['marker', 'slide'])):9d}{len(everything):8d}{everything['truth'].sum():9d}"
        f"{'':34}"
        f"{f1(everything['found'], everything['truth']):6.2f}{f1(everything['floor'], everything['truth']):7.2f}"
    )
    negatives = everything[~everything["truth"]]
    invented = negatives.groupby(["marker", "slide"])["m_intensity"].transform(lambda values: values > otsu(values))
    by_marker = [f"{marker} {by_study(cells)}" for marker, cells in negatives.groupby("marker", sort=False)]
    lines += [
        "floor: Otsu's threshold of the mean intensity in each picture by itself",
        f"negative nuclei alone (n = {len(negatives)}): positive by the floor {100 * invented.mean():.0f} %",
        "by Otsu over the study: " + "; ".join(by_marker),
    ]
    show_field(folder / "Widefield" / SHOWN[0], judged[MARKERS.index(SHOWN[0])])
    return lines


def fields_of(folder: Path) -> list[pd.DataFrame]:
    tables = []
    for path in sorted((folder / "Images").glob("*_marker.png")):
        name = path.name.removesuffix("_marker.png")
        marker, nuclei, truth, mpp = read_field(folder, name)
        table = measure_markers(nuclei, {"m": marker}, mpp)
        for further in (measure_contrast, measure_foci):
            table = table.merge(further(nuclei, {"m": marker}, mpp))
        share = ndimage.mean(truth, nuclei, table["label"])
        tables.append(table.assign(truth=np.asarray(share) > 0.5, slide=name))
    return tables


def read_field(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Read the marker, its nuclei parted by their marked centres, where people saw it, and suppose µm per pixel."""
    marker = np.asarray(Image.open(folder / "Images" / f"{name}_marker.png"))
    inside = np.asarray(Image.open(folder / "Images" / f"{name}_mask.png")) > 0
    centres = tifffile.imread(folder / "Images" / f"{name}_maskCenters.tif") > 0
    rows, cols = marker.shape
    # Two of the truths are two columns wider than their picture.
    truth = tifffile.imread(folder / "groundTruth" / f"{name}.tif")[:rows, :cols] > 0
    seeds, _ = ndimage.label(centres, np.ones((3, 3)))
    nuclei = watershed(-ndimage.distance_transform_edt(inside), seeds, mask=inside).astype(np.int32)
    areas = np.bincount(nuclei[nuclei > 0])
    return marker, nuclei, truth, float(NUCLEUS_UM / np.sqrt(4 / np.pi * np.median(areas[areas > 0])))


def leave_one_out(cells: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    found, chosen = pd.Series(False, index=cells.index), []
    for slide in cells["slide"].unique():
        is_left_out = cells["slide"] == slide
        thresholds = thresholds_from_scored_cells(cells[~is_left_out], {"m": "truth"}, measures=MEASURES)
        found[is_left_out] = apply_thresholds(cells[is_left_out], thresholds)["m_is_positive"]
        chosen.append(thresholds["m"].measure)
    return found, chosen


def by_study(cells: pd.DataFrame, measure: str = "intensity") -> str:
    """Judge by Otsu's threshold over all pictures, or say that it is refused."""
    try:
        thresholds = thresholds_from_study(cells, {"m": measure})
    except NoThreshold as problem:
        return next(f"refused: {why}" for why in REFUSALS if why in problem.what)
    judged = apply_thresholds(cells, thresholds)
    return f"{f1(judged['m_is_positive'], cells['truth']):.2f}"


def dab(folder: Path) -> list[str]:
    lines = [
        "DAB, DeepLIIF tiles: percent positive of the truth's nuclei, threshold from the other tile",
        f"{'tile':8}{'nuclei':>8}{'truth %':>9}{'found %':>9}{'points':>8}{'F1':>6}{'floor F1':>10}  colours",
    ]
    tiles = {name: read_tile(folder, name) for name in TILES}
    judged = {}
    for name, other in (TILES, TILES[::-1]):
        cells, stain = tiles[name].measure()
        found = apply_thresholds(cells, tiles[other].threshold())["m_is_positive"]
        judged[name] = cells.assign(found=found)
        floor = cells["m_intensity"] > otsu(cells["m_intensity"])
        difference = 100 * (found.mean() - cells["truth"].mean())
        colours = "the slide's" if stain.is_estimated else f"published ({stain.remark})"
        lines.append(
            f"{name:8}{len(cells):8d}{100 * cells['truth'].mean():9.1f}{100 * found.mean():9.1f}{difference:+8.1f}"
            f"{f1(found, cells['truth']):6.2f}{f1(floor, cells['truth']):10.2f}  {colours}"
        )
    shown = [overlay(tile.image, tile.nuclei, judged[name]) for name, tile in tiles.items()]
    save(np.hstack(shown), "dab.png")
    return lines


def scanners(folder: Path) -> list[str]:
    images = [np.asarray(tifffile.imread(folder / f"{name}.ome.tif")) for name, _ in SCANNERS]
    first, second = images
    nuclei = plain_nuclei(nuclear_density(dab_density(first)), SCANNERS[0][1])
    larger = cv2.resize(
        nuclei.astype(np.float32), (second.shape[1], second.shape[0]), interpolation=cv2.INTER_NEAREST
    ).astype(np.int32)
    lines = [
        "DAB, Ki67, one field on two scanners: the same nuclei on both, one threshold for both",
        f"{'colours':12}{'nuclei':>8}{'vsi %':>8}{'ndpi %':>8}{'agree %':>9}{'kappa':>7}{'r of OD':>9}  threshold",
    ]
    for colours in ("own", "published"):
        tables = []
        for image, labels, (name, mpp) in zip(images, (nuclei, larger), SCANNERS, strict=True):
            stain = describe_dab(image)
            stain = stain if colours == "own" else replace(stain, vectors=HAEMATOXYLIN_DAB)
            tables.append(measure_markers(labels, {"m": dab_density(image, stain).dab}, mpp).assign(slide=name))
        both = tables[0].merge(tables[1], on="label", suffixes=("_vsi", "_ndpi"))
        pooled = pd.concat(tables, ignore_index=True)
        try:
            thresholds, origin = thresholds_from_study(pooled, "m"), "of the study"
        except NoThreshold:
            thresholds, origin = fixed(), "given, 0.3 (the study's is refused)"
        calls = [both[f"m_intensity_{end}"] > thresholds["m"].weak for end in ("vsi", "ndpi")]
        agree = (calls[0] == calls[1]).mean()
        chance = calls[0].mean() * calls[1].mean() + (1 - calls[0].mean()) * (1 - calls[1].mean())
        r = np.corrcoef(both["m_intensity_vsi"], both["m_intensity_ndpi"])[0, 1]
        lines.append(
            f"{colours:12}{len(both):8d}{100 * calls[0].mean():8.1f}{100 * calls[1].mean():8.1f}{100 * agree:9.1f}"
            f"{(agree - chance) / (1 - chance):7.2f}{r:9.2f}  {thresholds['m'].weak:.2f} {origin}"
        )
    return lines


def fixed() -> Thresholds:

    return Thresholds((Threshold("m", 0.3, 0.6, 0.9),))


def plain_nuclei(density: np.ndarray, mpp: float) -> np.ndarray:
    smooth = cv2.GaussianBlur(density, (0, 0), 1.0 / mpp)
    inside = ndimage.binary_opening(smooth > threshold_otsu(smooth[smooth > 0.05]), iterations=2)
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(inside), 0.8 / mpp)
    peaks = peak_local_max(depth, min_distance=round(3.0 / mpp), labels=inside.astype(int))
    seeds = np.zeros(density.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(watershed(-depth, seeds, mask=inside), dtype=np.int32)


def otsu(values: pd.Series) -> float:
    return float(threshold_otsu(values.to_numpy()))


def f1(found: pd.Series, truth: pd.Series) -> float:
    return float(2 * (found & truth).sum() / max(found.sum() + truth.sum(), 1))


def show_field(folder: Path, cells: pd.DataFrame) -> None:
    marker, nuclei, _, _ = read_field(folder, SHOWN[1])
    grey = np.clip(255 * (marker / np.percentile(marker, 99.7)) ** 0.7, 0, 255).astype(np.uint8)
    cells = cells[cells["slide"] == SHOWN[1]]
    rows, cols = np.nonzero(nuclei)
    window = np.s_[rows.min() - 10 : rows.max() + 10, cols.min() - 10 : cols.max() + 10]
    image = np.repeat(grey[..., None], 3, axis=2)
    save(np.hstack([image[window], overlay(image, nuclei, cells)[window]]), "fluorescence.png")


def overlay(image: np.ndarray, nuclei: np.ndarray, cells: pd.DataFrame) -> np.ndarray:
    """Outline nuclei by what was found and what is true."""
    colours = np.zeros((int(nuclei.max()) + 1, 3), np.uint8)
    for label, found, truth in zip(cells["label"], cells["found"], cells["truth"], strict=True):
        colours[label] = (HIT if truth else FALSE) if found else (MISSED if truth else NEGATIVE)
    shown = image.copy()
    edge = find_boundaries(nuclei, mode="thick")
    shown[edge] = colours[nuclei[edge]]
    return shown


def save(image: np.ndarray, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).quantize(64).save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
