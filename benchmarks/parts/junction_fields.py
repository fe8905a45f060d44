"""Junction fields: drawn ones with maps that are exact, and real ones with the tables that come with them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import tifffile
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from skimage.measure import label, regionprops_table
from skimage.segmentation import clear_border

from histo.junction_maps import JunctionMaps
from histo.phantom.junction import DrawnJunctions
from histo.train.junction.imagej_outline import read_outlines

LINE_UM = 0.2
ZO1_MPP, JANAP_MPP = 0.1024, 0.1075
# The pictures of tj-wis state no pixel size: their cells are taken to be about 15 µm across, so that filters which are
# set in µm see junctions as wide as they are. Everything that is compared with their tables is turned back into pixels.
WIS_MPP = 0.13
WIS_FIELDS = ("control_1", "TypeI_zig_zag_1", "TypeII_flowers_1")
ZO1_FIELDS = ("MDCK_wt_Zo_1_1", "MDCK_wt_Zo_1_2", "MDCK_Myo1c_KO_Zo_1_1", "MDCK_Myo1c_KO_Zo_1_2")
JANAP_FIELDS = ("control_soft", "control_stiff", "TNF_soft", "TNF_stiff")


@dataclass(frozen=True, eq=False)
class Course:
    """Drawn curves as places: (row, column) in pixels, and which of them are stained."""

    points: np.ndarray
    is_stained: np.ndarray
    mpp: float

    def turned(self, degrees: float, shape: tuple[int, int]) -> Course:
        """Turn them around the middle of a field."""
        middle = (np.array(shape) - 1) / 2
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        turn = np.array([[cos, -sin], [sin, cos]])
        return Course((self.points - middle) @ turn.T + middle, self.is_stained, self.mpp)

    def maps(self, shape: tuple[int, int]) -> JunctionMaps:
        """Draw maps that are exact between pixels: lines of one width, known to be stained or not."""
        places = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1).reshape(-1, 2)
        distance, nearest = cKDTree(self.points).query(places)
        line = np.exp(-0.5 * (distance * self.mpp / max(LINE_UM, self.mpp)) ** 2)
        return JunctionMaps(
            line.reshape(shape).astype(np.float32), self.is_stained[nearest].reshape(shape).astype(np.float32), self.mpp
        )


def course_of(drawn: DrawnJunctions) -> Course:
    """Take the true curves of a drawing, a fifth of a pixel from place to place."""
    gaps = dict(iter(drawn.gaps.groupby("junction_id")))
    points, stained = [], []
    for number, curve in zip(drawn.junctions["junction_id"], drawn.curves, strict=True):
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
        at = np.linspace(0, along[-1], max(int(along[-1] * 5), 3))
        points.append(np.column_stack([np.interp(at, along, curve[:, axis]) for axis in (0, 1)]))
        is_stained = np.ones(len(at), dtype=bool)
        for gap in gaps.get(number, pd.DataFrame()).itertuples():
            is_stained &= ~((at * drawn.mpp >= gap.start_um) & (at * drawn.mpp < gap.start_um + gap.length_um))
        stained.append(is_stained)
    return Course(np.concatenate(points), np.concatenate(stained), drawn.mpp)


def read_wis(folder: Path, name: str) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame, list[np.ndarray]]:
    """Read a picture, its tables of cells and of junctions, and the outlines of its cells as (row, column)."""
    image = tifffile.imread(folder / f"{name}.tif")
    cells = pd.read_csv(folder / f"{name}_Results.xls", sep="\t")
    junctions = pd.read_csv(folder / f"{name}_JTResults.xls", sep="\t")
    return image, cells, junctions, read_outlines(folder / f"{name}_ROIs.zip")


def outline_labels(outlines: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Fill outlines, edges included, 1 upwards in their order."""
    filled = np.zeros(shape, dtype=np.int32)
    for number, outline in enumerate(outlines, start=1):
        cv2.fillPoly(filled, [(outline[:, ::-1] + 0.5).astype(np.int32)], number)
    return filled


def read_zo1(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Read a picture, the junction mask that comes with it, and the rows of its cells."""
    import czifile

    image = np.squeeze(czifile.imread(folder / f"{name}.czi"))
    mask = tifffile.imread(folder / f"{name}.seg.tif") > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the workbook has no default style
        table = pd.read_excel(folder / f"{name}.xlsx")
    start = int(np.flatnonzero(table["cell number"] == "single cell data")[0])
    single = table.iloc[start + 1 :][["area [µm²]", "perimeterLength [µm]", "filledCircularity"]]
    return image, mask, single.dropna().astype(float).set_axis(["area_um2", "perimeter_um", "circularity"], axis=1)


def enclosed_regions(mask: np.ndarray, table: pd.DataFrame, mpp: float) -> tuple[np.ndarray, pd.DataFrame]:
    """Find which closed mesh of a junction mask each row of a table speaks of: those go together best by their sizes.

    The tables name no places. Meshes at the border of the field are none of theirs; pairs that differ by more than 8 %
    in area, or in perimeter once the usual ratio is taken off (they count edges of pixels), are left out.
    """
    meshes = clear_border(label(~mask, connectivity=1))
    known = pd.DataFrame(regionprops_table(meshes, properties=("label", "area", "perimeter")))
    known = known[known["area"] * mpp**2 > 20]
    area, perimeter = (np.log(known["area"] * mpp**2), np.log(known["perimeter"] * mpp))
    off = np.stack(
        [np.log(table["area_um2"]).to_numpy()[:, None] - area.to_numpy(),
         np.log(table["perimeter_um"]).to_numpy()[:, None] - perimeter.to_numpy()]
    )  # fmt: skip
    for _ in range(3):
        rows, cols = linear_sum_assignment(np.minimum(np.abs(off), 0.3).sum(axis=0))
        off -= np.median(off[:, rows, cols], axis=1)[:, None, None]
    is_near = (np.abs(off[:, rows, cols]) < 0.08).all(axis=0)
    found = table.iloc[rows[is_near]][["area_um2", "perimeter_um"]].reset_index(drop=True)
    return meshes, found.assign(label=known["label"].to_numpy()[cols[is_near]])


def matched(labels: np.ndarray, truth: np.ndarray, least: float = 0.6) -> Iterator[tuple[int, int]]:
    """Pair cells whose intersection is this share of their union."""
    both = pd.DataFrame({"found": labels.ravel(), "truth": truth.ravel()})
    overlap = both[both["truth"] > 0].value_counts()
    areas, truths = np.bincount(labels.ravel()), np.bincount(truth.ravel())
    for (found, true), n in overlap.items():
        if n / (areas[found] + truths[true] - n) > least:
            yield int(found), int(true)
