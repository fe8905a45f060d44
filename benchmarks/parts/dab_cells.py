"""DAB pictures end to end: our own nuclei, and a threshold from cells that people scored on another picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import shapely
from PIL import Image
from scipy import ndimage

import histo
from histo.measure import Thresholds, apply_thresholds, thresholds_from_scored_cells
from histo.nn import NucleiModel
from histo.segmentation.marker import measure_markers
from histo.segmentation.nuclei import CellOptions
from histo.stain import DabStain, dab_density, describe_dab
from histo.train.nuclei import FoundNuclei, NucleiField, NucleiTruth
from histo.train.nuclei.truth import truth_of_outlines
from histo.types import CellClass

DEEPLIIF_MPP = 0.25
TILES = ("34_3", "6_2")
MARKER = "m"
KINDS = ("positive", "negative")


@dataclass(frozen=True, eq=False)
class ScoredTile:
    """A DAB picture whose nuclei people outlined and called positive or negative.

    Parameters
    ----------
    name : str
        Of the picture.
    image : (rows, cols, 3) array of uint8
        RGB.
    nuclei : (rows, cols) array of int32
        Numbered nuclei, positive ones first.
    n_positive : int
        How many of them are positive.
    """

    name: str
    image: np.ndarray
    nuclei: np.ndarray
    n_positive: int

    def measure(self) -> tuple[pd.DataFrame, DabStain]:
        """Measure the density of DAB in the true nuclei, each with what people said of it."""
        density = dab_density(self.image, describe_dab(self.image))
        table = measure_markers(self.nuclei, {MARKER: density.dab}, DEEPLIIF_MPP)
        return table.assign(truth=table["label"] <= self.n_positive, slide=self.name), density.stain

    def threshold(self) -> Thresholds:
        """Take the threshold that agrees best with people on this picture."""
        return thresholds_from_scored_cells(self.measure()[0], {MARKER: "truth"})

    def as_field(self) -> NucleiField:
        """Hold it as a picture with its truth; of the two classes positive is the first, negative the second."""
        values = np.unique(self.nuclei[self.nuclei > 0])
        truth = truth_of_outlines(self.nuclei)
        bits = np.where(values <= self.n_positive, 1 << 0, 1 << 1).astype(np.uint8)
        truth = NucleiTruth(truth.centre, bits, truth.outlines)
        return NucleiField("ihc-deepliif", self.name, DEEPLIIF_MPP, self.image, truth)


def read_tile(folder: Path, name: str) -> ScoredTile:
    """Read a picture of DeepLIIF: positive nuclei are red in its truth, negative ones blue."""
    image = np.asarray(Image.open(folder / f"{name}.png").convert("RGB"))
    truth = np.asarray(Image.open(folder / f"{name}.truth.png").convert("RGB")).astype(int)
    is_filled = truth[..., 1] < 100
    positive, n_positive = ndimage.label(is_filled & (truth[..., 0] > 150))
    negative, _ = ndimage.label(is_filled & (truth[..., 2] > 150))
    nuclei = np.where(positive > 0, positive, np.where(negative > 0, negative + n_positive, 0)).astype(np.int32)
    # Slivers between outlines are no nuclei.
    nuclei[np.isin(nuclei, np.flatnonzero(np.bincount(nuclei.ravel()) < 30))] = 0
    return ScoredTile(name, image, nuclei, n_positive)


def find_dab_cells(model: NucleiModel, image: np.ndarray, mpp: float, thresholds: Thresholds) -> pd.DataFrame:
    """Find the cells of a DAB picture and call each positive or negative, as a user would."""
    options = CellOptions(model=model, dab_marker=MARKER, device="cpu")
    cells = histo.detect_cells(image, mpp=mpp, stain="dab", outlines=True, options=options)
    return apply_thresholds(cells, thresholds)


def as_found(cells: pd.DataFrame, shape: tuple[int, ...]) -> FoundNuclei:
    """Hold a table of cells with outlines as labels on their picture; kinds as `KINDS`, or as the classes of cells."""
    labels = np.zeros(shape[:2], np.int32)
    for number, outline in enumerate(shapely.from_wkb(cells["outline"].to_numpy()), start=1):
        ring = np.rint(shapely.get_coordinates(outline.exterior)).astype(np.int32)
        cv2.fillPoly(labels, [ring], number)
    if f"{MARKER}_is_positive" in cells:
        kind = np.where(cells[f"{MARKER}_is_positive"].to_numpy(bool), 0, 1)
    else:
        kind = cells["cell_class"].map({str(member): at for at, member in enumerate(CellClass)}).to_numpy()
    centre = cells[["row", "col"]].to_numpy(float)
    return FoundNuclei(centre, cells["probability"].to_numpy(float), kind.astype(np.int64), labels)
