"""What is true of a drawn stained section, from the protein itself: before the lens, without noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from histo.phantom.junction.barrier_light import ProteinAreas
from histo.types import Compartment

__all__ = ["tabulate_edge_gaps", "tabulate_regions", "tabulate_tissue"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_REGIONS = {
    "epithelium": (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT),
    "villus_epithelium": (Compartment.VILLUS_EPITHELIUM,),
    "crypt": (Compartment.CRYPT,),
}
_MEMBRANE_UM = 1.5
_OFF_UM = 1.0
_OFF_BORDER_UM = 2.0
_STRETCHES = 10


@dataclass(frozen=True, eq=False)
class _Grid:
    """The protein on the grid that truth is read off, and each epithelial pixel's place."""

    areas: ProteinAreas
    depth_um: NDArray[np.float32]
    wall_um: NDArray[np.float32]
    rest: NDArray[np.float32]

    @classmethod
    def of(cls, areas: ProteinAreas) -> _Grid:
        protein, labels, mpp = areas.protein, areas.anatomy.labels, areas.frame.mpp
        is_epithelium = np.isin(labels, _REGIONS["epithelium"])
        points = (np.argwhere(is_epithelium) + 0.5) * mpp
        codes = labels[is_epithelium]
        depth = np.full(len(points), np.inf)
        edges = protein.edges
        for region in (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT):
            of_region = edges.region[edges.curves.owner] == region
            chosen = codes == region
            if of_region.any() and chosen.any():
                depth[chosen] = cKDTree(edges.curves.points[of_region]).query(points[chosen])[0]
        walls = cKDTree(protein.walls).query(points)[0] if len(protein.walls) else np.full(len(points), np.inf)
        return cls(
            areas,
            _spread(depth, is_epithelium),
            _spread(walls, is_epithelium),
            areas.plain + areas.lateral,
        )

    def mask(self, regions: tuple[Compartment, ...]) -> Mask:
        return np.isin(self.areas.anatomy.labels, regions)


def tabulate_regions(areas: ProteinAreas) -> pd.DataFrame:
    """Tell of the epithelium as a whole, of that of villi, and of crypts: what `histo.schema` calls staining_regions.

    A crypt's lumen counts as apical, as it holds no protein and a label map calls it crypt.
    """
    grid = _Grid.of(areas)
    return pd.DataFrame([{"region": name, **_region(grid, codes)} for name, codes in _REGIONS.items()])


def tabulate_tissue(areas: ProteinAreas) -> pd.DataFrame:
    """Tell of all tissue together, in one row."""
    is_tissue = areas.anatomy.labels != Compartment.BACKGROUND
    area_um2 = float(np.count_nonzero(is_tissue)) * areas.frame.mpp**2
    light = float((areas.plain + areas.lateral)[is_tissue].sum()) * areas.frame.mpp**2 + areas.protein.line_light.sum()
    return pd.DataFrame({
        "area_mm2": [area_um2 / 1e6],
        "patch_percent": [100 * float(np.count_nonzero(areas.is_patch & is_tissue)) * areas.frame.mpp**2 / area_um2],
        "mean_signal": [light / area_um2],
        "integrated_density_um2": [light],
    })  # fmt: skip


def tabulate_edge_gaps(areas: ProteinAreas) -> pd.DataFrame:
    """Tell of every gap of the apical line; rows and columns are µm from the picture's outer corner."""
    protein = areas.protein
    gaps, curves, region = protein.gaps, protein.edges.curves, protein.edges.region
    middle = curves.at(gaps.side, 0.5 * (gaps.start_um + gaps.end_um))
    lengths = curves.lengths_um[gaps.side]
    table = pd.DataFrame({
        "region": [Compartment(int(code)).label for code in region[gaps.side]],
        "row_um": middle[:, 0],
        "col_um": middle[:, 1],
        "gap_um": gaps.end_um - gaps.start_um,
        "is_cut": (gaps.start_um <= 0) | (gaps.end_um >= lengths),
    })  # fmt: skip
    table.insert(0, "gap_id", np.arange(1, len(table) + 1))
    return table


def _region(grid: _Grid, codes: tuple[Compartment, ...]) -> dict[str, float]:
    areas, mpp2 = grid.areas, grid.areas.frame.mpp**2
    protein = areas.protein
    mask = grid.mask(codes)
    is_apical = mask & ((grid.depth_um <= protein.spec.apical_um) | (areas.epithelium < 0.5))
    line = float(protein.line_light[np.isin(protein.line_region, codes)].sum())
    apical = float(grid.rest[is_apical].sum()) * mpp2 + line
    basolateral = float(grid.rest[mask & ~is_apical].sum()) * mpp2
    apical_um2, rest_um2 = (float(np.count_nonzero(part)) * mpp2 for part in (is_apical, mask & ~is_apical))
    apical_mean, basolateral_mean = _over(apical, apical_um2), _over(basolateral, rest_um2)
    return {
        "area_mm2": (apical_um2 + rest_um2) / 1e6,
        "patch_percent": 100 * _over(float(np.count_nonzero(areas.is_patch & mask)) * mpp2, apical_um2 + rest_um2),
        "mean_signal": _over(apical + basolateral, apical_um2 + rest_um2),
        "integrated_density_um2": apical + basolateral,
        "apical_fraction": _over(apical, apical + basolateral),
        "apical_mean": apical_mean,
        "basolateral_mean": basolateral_mean,
        "apical_basolateral_ratio": _over(apical_mean, basolateral_mean),
        "membrane_cytoplasm_ratio": _membrane_cytoplasm_ratio(grid, mask & ~is_apical),
        **_continuity(grid, codes),
        "gradient": _gradient(grid, codes),
    }


def _continuity(grid: _Grid, codes: tuple[Compartment, ...]) -> dict[str, float]:
    protein = grid.areas.protein
    edges, gaps = protein.edges, protein.gaps
    edge_um = float(edges.curves.lengths_um[np.isin(edges.region, codes)].sum())
    lengths = (gaps.end_um - gaps.start_um)[np.isin(edges.region[gaps.side], codes)]
    return {
        "edge_um": edge_um,
        "continuity": 1 - _over(float(lengths.sum()), edge_um),
        "gaps_per_100_um": 100 * _over(len(lengths), edge_um),
        "mean_gap_um": _over(float(lengths.sum()), len(lengths)),
        "longest_gap_um": float(lengths.max(initial=0.0)),
    }


def _membrane_cytoplasm_ratio(grid: _Grid, where: Mask) -> float:
    """Compare the mean within 0.75 µm of a drawn membrane's middle with that at least 1 µm farther off."""
    mpp = grid.areas.frame.mpp
    inside = cv2.distanceTransform(where.astype(np.uint8), cv2.DIST_L2, 5) * mpp > _OFF_BORDER_UM
    # Membranes have their width before the lens sees them.
    drawn = cv2.GaussianBlur(grid.areas.lateral, (0, 0), max(grid.areas.protein.wall_sigma_um / mpp, 0.2))
    signal = drawn + grid.areas.plain
    on = inside & (grid.wall_um <= _MEMBRANE_UM / 2)
    off = inside & (grid.wall_um > _MEMBRANE_UM / 2 + _OFF_UM)
    return _over(_mean(signal, on), _mean(signal, off))


def _gradient(grid: _Grid, codes: tuple[Compartment, ...]) -> float:
    """Fit a line to the mean signal of ten stretches of the regions' part of the axis, over its mean."""
    areas, axis = grid.areas, grid.areas.protein.axis
    protein, mpp2 = areas.protein, areas.frame.mpp**2
    begin = 0.0 if Compartment.CRYPT in codes else axis.junction
    end = 1.0 if Compartment.VILLUS_EPITHELIUM in codes else axis.junction
    light, area = np.zeros(_STRETCHES), np.zeros(_STRETCHES)
    for code in codes:
        mask = grid.mask((code,))
        at = _stretch(axis.spread(areas.frame, int(code))[mask].astype(float), begin, end)
        light += np.bincount(at, grid.rest[mask], _STRETCHES) * mpp2
        area += np.bincount(at, minlength=_STRETCHES) * mpp2
        chosen = protein.line_region == code
        at = _stretch(axis.at(protein.line[chosen], int(code)), begin, end)
        light += np.bincount(at, protein.line_light[chosen], _STRETCHES)
    seen = area > 0
    if np.count_nonzero(seen) < 2:
        return float("nan")
    middle = (np.arange(_STRETCHES) + 0.5) / _STRETCHES
    mean = light[seen] / area[seen]
    return _over(float(np.polyfit(middle[seen], mean, 1)[0]), float(mean.mean()))


def _stretch(place: Floats, begin: float, end: float) -> NDArray[np.int64]:
    share = (place - begin) / max(end - begin, 1e-9)
    return np.clip((share * _STRETCHES).astype(np.int64), 0, _STRETCHES - 1)


def _spread(values: Floats, where: Mask) -> NDArray[np.float32]:
    image = np.full(where.shape, np.inf, np.float32)
    image[where] = values
    return image


def _mean(values: NDArray[np.float32], where: Mask) -> float:
    return float(values[where].mean()) if where.any() else float("nan")


def _over(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
