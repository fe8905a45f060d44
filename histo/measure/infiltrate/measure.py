"""Cells joined with the label map: how many lie where, how close together, how deep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.location import EXCLUDED, LOCATIONS, OUTSIDE, compartment_areas_um2, locate
from histo.measure.grid import TissueGrid, to_slide
from histo.measure.infiltrate.clustering import measure_clustering, tabulate_clustering
from histo.measure.infiltrate.density import tabulate_densities
from histo.measure.infiltrate.distance import to_crypt_base_um, to_epithelium_um
from histo.measure.infiltrate.extent import ControlLimits, grade_extent
from histo.measure.infiltrate.follicle import STROMA, Follicles, find_follicles
from histo.measure.infiltrate.lattice import BIN_UM, Lattice
from histo.measure.infiltrate.population import INFLAMMATORY, check_cells, find_populations
from histo.measure.infiltrate.ratio import ratio_value, tabulate_ratios
from histo.measure.infiltrate.region import MUCOSAL_LAMINA_PROPRIA, REGIONS
from histo.measure.raster import distance_to
from histo.measure.wall import Wall, trace_wall
from histo.schema import FOLLICLES, INFILTRATE, check_table
from histo.types import CellClass, Compartment, LabelMap

__all__ = ["InfiltrateMeasures", "measure_infiltrate"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Ours: the epithelium that covers a dome, and no more of the villi beside it.
_OVER_FOLLICLE_UM = 50.0
_CLUSTERED_IN = (MUCOSAL_LAMINA_PROPRIA, "submucosa", "muscularis")
_LAYERS = {"mucosa": MUCOSAL_LAMINA_PROPRIA, "submucosa": "submucosa", "muscularis": "muscularis"}


@dataclass(frozen=True, eq=False)
class InfiltrateMeasures:
    """The cells of one section and what was counted, columns as in the schema, without the identity.

    Parameters
    ----------
    cells : DataFrame
        The cells as they came, with their compartment, position along the wall, distances and follicle.
    densities : DataFrame
        One row a compartment and population.
    ratios : DataFrame
        IEL/100, and ratios of T cells where phenotypes are known.
    follicles : DataFrame
        One row a follicle.
    clustering : DataFrame
        One row a compartment, population and distance.
    infiltrate : DataFrame
        One row: the section.
    """

    cells: pd.DataFrame
    densities: pd.DataFrame
    ratios: pd.DataFrame
    follicles: pd.DataFrame
    clustering: pd.DataFrame
    infiltrate: pd.DataFrame

    def density_per_mm2(self, compartment: str, population: str = INFLAMMATORY) -> float:
        """Look up one density; not a number where the compartment has no area or nobody counted the population."""
        return _density(self.densities, compartment, population)


def measure_infiltrate(
    cells: pd.DataFrame,
    labels: LabelMap,
    *,
    phenotypes: pd.DataFrame | None = None,
    crypts: pd.DataFrame | None = None,
    limits: ControlLimits | None = None,
) -> InfiltrateMeasures:
    """Count cells where they lie.

    Parameters
    ----------
    cells : DataFrame
        One row a cell: `row` and `col` in level-0 pixels, `cell_class`; with `<marker>_is_positive` these are counted
        too. What they say of their compartment is replaced by what the label map says.
    labels : LabelMap
        Compartments of the same section; drawn by hand or predicted.
    phenotypes : DataFrame, optional
        What `histo.measure.assign_phenotypes` says of these cells: a boolean column each. They are counted
        too; ratios of T cells need ``Treg``, ``Th17`` and the marker CD4, in letters of any case.
    crypts : DataFrame, optional
        The crypts table, for the distance to crypt bases.
    limits : ControlLimits, optional
        What controls hold, for the extent of the infiltrate.

    Returns
    -------
    InfiltrateMeasures

    Raises
    ------
    InvalidTable
        If columns are missing, a cell lies nowhere, a class is unknown, or the phenotypes are not of these cells.

    Notes
    -----
    A density is of the area that was seen: excluded areas count neither cells nor room, and compartments without area
    have no density. It counts profiles of nuclei in a section, of which larger nuclei and thicker sections show more
    (Abercrombie, Anat Rec 1946; 94:239): compare it between sections of one thickness only.

    Examples
    --------
    >>> labels = LabelMap(np.full((500, 500), Compartment.SUBMUCOSA), mpp=1.0)
    >>> cells = pd.DataFrame({"row": [10.0, 40.0], "col": [20.0, 30.0], "cell_class": ["lymphocyte", "stromal"]})
    >>> measure_infiltrate(cells, labels).density_per_mm2("submucosa", "lymphocyte")
    4.0
    """
    check_cells(cells)
    placed = _place(cells, labels, find_populations(cells, phenotypes))
    wall = trace_wall(TissueGrid.from_labels(labels).coarse())
    wall_length_mm = wall.length_um / 1000 if wall.pieces else float("nan")
    densities = tabulate_densities(placed.regions, placed.populations, placed.area_mm2, wall_length_mm)
    ratios = tabulate_ratios(placed.regions, placed.populations, placed.is_over_follicle)
    follicles = _follicles_table(placed, wall)
    return InfiltrateMeasures(
        cells=_cells_table(cells, placed, wall, crypts),
        densities=densities,
        ratios=ratios,
        follicles=follicles,
        clustering=_clustering_table(placed),
        infiltrate=_section_row(placed, densities, ratios, follicles, limits),
    )


@dataclass(frozen=True, eq=False)
class _Placed:
    """Cells on the map, and what of the map is theirs."""

    labels: LabelMap
    lattice: Lattice
    points: Floats
    at_px: Floats
    bins: NDArray[np.int64]
    mapped: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    follicles: Follicles
    shares: Mapping[Compartment, NDArray[np.float32]]
    area_mm2: Floats
    populations: Mapping[str, Flags]

    @property
    def at_um(self) -> Floats:
        return (self.at_px + 0.5) * self.labels.mpp

    @property
    def is_over_follicle(self) -> Flags:
        if not len(self.follicles):
            return np.zeros(len(self.bins), dtype=bool)
        apart = distance_to(self.follicles.numbers > 0).ravel() * BIN_UM
        return np.asarray(apart[self.bins] <= _OVER_FOLLICLE_UM)

    @property
    def follicle_numbers(self) -> NDArray[np.int32]:
        """Follicle of each cell, 0 of none."""
        return np.where(self.regions == Compartment.LYMPHOID, self.follicles.numbers.ravel()[self.bins], 0)


def _place(cells: pd.DataFrame, labels: LabelMap, populations: Mapping[str, Flags]) -> _Placed:
    points = cells[["row", "col"]].to_numpy(dtype=float)
    at_px = labels.from_slide(points)
    mapped = locate(labels, at_px)
    lattice = Lattice(labels)
    bins = lattice.bins((at_px + 0.5) * labels.mpp)
    shares = {compartment: lattice.share(compartment) for compartment in (*STROMA, Compartment.MUSCULARIS)}
    gathered = populations[CellClass.LYMPHOCYTE] & np.isin(mapped, STROMA)
    follicles = find_follicles(lattice, bins[gathered], np.sum([shares[part] for part in STROMA], axis=0))
    taken = np.isin(mapped, STROMA) & follicles.is_found.ravel()[bins]
    regions = np.where(taken, np.uint8(Compartment.LYMPHOID), mapped)
    area_um2 = np.full(len(LOCATIONS), np.nan)
    area_um2[1 : len(Compartment)] = compartment_areas_um2(labels)[1:]
    for compartment in STROMA:
        lost = float(shares[compartment][follicles.is_found].sum(dtype=np.float64)) * BIN_UM**2
        area_um2[compartment] = max(0.0, area_um2[compartment] - lost)
        area_um2[Compartment.LYMPHOID] += lost
        shares[compartment] = np.where(follicles.is_found, np.float32(0), shares[compartment])
    return _Placed(
        labels, lattice, points, at_px, bins, mapped, regions, follicles, shares, area_um2 / 1e6, populations
    )


def _cells_table(cells: pd.DataFrame, placed: _Placed, wall: Wall, crypts: pd.DataFrame | None) -> pd.DataFrame:
    numbers = placed.follicle_numbers
    ids = np.array(["", *(f"f{i + 1}" for i in range(len(placed.follicles)))])
    return cells.assign(
        compartment=pd.Series(np.array(LOCATIONS)[placed.mapped], index=cells.index, dtype="str"),
        position_um=wall.locate(placed.at_um)[0],
        distance_to_epithelium_um=to_epithelium_um(placed.labels, placed.at_px),
        distance_to_crypt_base_um=to_crypt_base_um(placed.labels, placed.points, crypts),
        follicle_id=pd.Series(ids[numbers], index=cells.index, dtype="str"),
    )


def _follicles_table(placed: _Placed, wall: Wall) -> pd.DataFrame:
    found = placed.follicles
    numbers = placed.follicle_numbers
    n_cells = np.bincount(numbers, minlength=len(found) + 1)[1:]
    n_lymphocytes = np.bincount(numbers[placed.populations[CellClass.LYMPHOCYTE]], minlength=len(found) + 1)[1:]
    centre = to_slide(placed.labels, found.centre_um)
    table = pd.DataFrame(
        {
            "follicle_id": [f"f{i + 1}" for i in range(len(found))],
            "is_labelled": found.is_labelled,
            "row": centre[:, 0],
            "col": centre[:, 1],
            "follicle_area_um2": found.area_um2,
            "n_cells": n_cells,
            "n_lymphocytes": n_lymphocytes,
            "lymphocytes_per_mm2": n_lymphocytes / found.area_um2 * 1e6,
            "position_um": wall.locate(found.centre_um)[0],
        }
    )
    return check_table(table, FOLLICLES.columns)


def _clustering_table(placed: _Placed) -> pd.DataFrame:
    classes = (CellClass.EPITHELIAL.value, CellClass.STROMAL.value, CellClass.OTHER.value, "all")
    rows = []
    for compartment in _CLUSTERED_IN:
        here = np.isin(placed.regions, REGIONS[compartment])
        chosen = {name: flags[here] for name, flags in placed.populations.items() if name not in classes}
        share = np.sum([placed.shares[Compartment(code)] for code in REGIONS[compartment]], axis=0)
        found = measure_clustering(placed.lattice, share, placed.bins[here], chosen)
        rows += [{"compartment": compartment, **row} for row in found]
    return tabulate_clustering(rows)


def _section_row(
    placed: _Placed,
    densities: pd.DataFrame,
    ratios: pd.DataFrame,
    follicles: pd.DataFrame,
    limits: ControlLimits | None,
) -> pd.DataFrame:
    by_layer = {layer: _density(densities, compartment, INFLAMMATORY) for layer, compartment in _LAYERS.items()}
    extent, reason = grade_extent(by_layer, limits)
    left_out = np.isin(placed.regions, (Compartment.BACKGROUND, EXCLUDED, OUTSIDE))
    row = {
        "n_cells": int(np.count_nonzero(~left_out)),
        "n_cells_left_out": int(np.count_nonzero(left_out)),
        **{f"{layer}_inflammatory_per_mm2": density for layer, density in by_layer.items()},
        "iel_per_100": ratio_value(ratios, "iel_per_100", "villus_epithelium"),
        "treg_fraction": ratio_value(ratios, "treg_fraction", MUCOSAL_LAMINA_PROPRIA),
        "th17_treg_ratio": ratio_value(ratios, "th17_treg_ratio", MUCOSAL_LAMINA_PROPRIA),
        "n_follicles": len(follicles),
        "follicle_area_mm2": float(follicles["follicle_area_um2"].sum() / 1e6),
        "infiltrate_extent": extent,
        "infiltrate_extent_reason": reason,
    }
    return check_table(pd.DataFrame([row]), INFILTRATE.columns)


def _density(densities: pd.DataFrame, compartment: str, population: str) -> float:
    chosen = (densities["compartment"] == compartment) & (densities["population"] == population)
    found = densities.loc[chosen, "cells_per_mm2"]
    return float(found.iloc[0]) if len(found) else float("nan")
