"""One row a cell."""

from __future__ import annotations

from collections import defaultdict

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from histo.measure.junction.inclusion import inclusion_weight
from histo.measure.junction.network import Junction, JunctionNetwork
from histo.measure.junction.region import Whereabouts
from histo.schema import JUNCTION_CELLS, check_table

__all__ = ["tabulate_cells"]

Floats = NDArray[np.float64]


def tabulate_cells(
    network: JunctionNetwork, junctions: pd.DataFrame, places: Whereabouts | None = None
) -> pd.DataFrame:
    """Measure every cell; columns as `histo.schema.JUNCTION_CELLS` says.

    Parameters
    ----------
    network : JunctionNetwork
        The cells and the curves around them.
    junctions : DataFrame
        Its junctions, measured, in the same order.
    places : Whereabouts, optional
        Their compartments.

    Returns
    -------
    DataFrame
    """
    labels = np.arange(1, network.n_cells + 1)
    centres = np.array(ndimage.center_of_mass(network.cell_labels > 0, network.cell_labels, labels)).reshape(-1, 2)
    pixels = np.bincount(network.cell_labels.ravel(), minlength=len(labels) + 1)[1:]
    is_cut = _cut_by_field(network.cell_labels, len(labels))
    sides: dict[int, list[int]] = defaultdict(list)
    for index, junction in enumerate(network.junctions):
        for cell in set(junction.cells):
            sides[cell].append(index)
    rows = [
        _row(int(cell), network, junctions.iloc[sides[int(cell)]], [network.junctions[i] for i in sides[int(cell)]])
        | {"row": row, "col": col, "touches_border": cut, "_pixels_um2": n * network.mpp**2}
        for cell, (row, col), cut, n in zip(labels, centres, is_cut, pixels, strict=True)
    ]
    table = pd.DataFrame(rows)
    table["compartment"] = "" if places is None else places.cells
    cut = table["touches_border"].to_numpy(dtype=bool)
    table.loc[cut, "area_um2"] = table.loc[cut, "_pixels_um2"]
    table.loc[cut, ["roughness", "solidity"]] = np.nan
    table.loc[cut, "inclusion_weight"] = 0.0
    return check_table(table.drop(columns="_pixels_um2"), JUNCTION_CELLS.columns)


def _row(cell: int, network: JunctionNetwork, rows: pd.DataFrame, curves: list[Junction]) -> dict[str, object]:
    lengths = rows["length_um"].to_numpy()
    perimeter = float(lengths.sum())
    area = abs(sum(_swept(curve.points) * (1 if curve.cells[0] == cell else -1) for curve in curves))
    outline = np.concatenate([curve.points for curve in curves]) if curves else np.zeros((0, 2))
    hull, extent = _hull(outline)
    stained = lengths - rows["gap_length_um"].to_numpy()
    return {
        "cell_id": cell,
        "area_um2": area * network.mpp**2,
        "perimeter_um": perimeter,
        "roughness": perimeter**2 / (4 * np.pi * area * network.mpp**2) if area > 0 else np.nan,
        "solidity": min(area / hull, 1.0) if hull > 0 else np.nan,
        "n_neighbours": len({other for curve in curves for other in curve.cells} - {cell}),
        "coverage": float(stained.sum()) / perimeter if perimeter > 0 else np.nan,
        "inclusion_weight": inclusion_weight(extent, network.shape),
    }


def _swept(points: Floats) -> float:
    """Integrate the area that the ray from the origin sweeps along a curve: over a closed one, Green's theorem."""
    rows, cols = points.T
    return float(0.5 * (cols[:-1] * rows[1:] - cols[1:] * rows[:-1]).sum())


def _hull(outline: Floats) -> tuple[float, tuple[float, float]]:
    """Find the area of the convex hull, and height and width."""
    if len(outline) < 3:
        return 0.0, (0.0, 0.0)
    height, width = np.ptp(outline, axis=0)
    hull = cv2.convexHull(outline.astype(np.float32)[:, None])
    return float(cv2.contourArea(hull)), (float(height), float(width))


def _cut_by_field(labels: NDArray[np.int32], n_cells: int) -> NDArray[np.bool_]:
    is_cut = np.zeros(n_cells + 1, dtype=bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        is_cut[side] = True
    return is_cut[1:]
