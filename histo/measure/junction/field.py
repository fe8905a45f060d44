"""One row a field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import compress

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.measure.junction.inclusion import cells_in_field, weighted_mean
from histo.measure.junction.network import Junction, JunctionNetwork
from histo.measure.junction.original import binarised, ijoq_original, straightness_original, tijor_original
from histo.measure.junction.run import find_runs
from histo.measure.junction.settings import MeasureSettings
from histo.schema import JUNCTION_FIELDS, check_table

__all__ = ["tabulate_field", "tabulate_regions"]

# Of a line's length, what a line of any direction sees of it on average: Crofton's formula.
_CROFTON = 2 / np.pi


def tabulate_field(
    network: JunctionNetwork,
    signal: NDArray[np.float32],
    tables: tuple[pd.DataFrame, pd.DataFrame],
    settings: MeasureSettings,
) -> pd.DataFrame:
    """Sum a field up; columns as `histo.schema.JUNCTION_FIELDS` says.

    Parameters
    ----------
    network : JunctionNetwork
        What was traced.
    signal : (rows, cols) float32 array
        The signal, for the scores that are defined on it.
    tables : (DataFrame, DataFrame)
        Its junctions and its cells, measured.
    settings : MeasureSettings
        What is too short for a gap.

    Returns
    -------
    DataFrame
        One row.
    """
    junctions, cells = tables
    n_cells = cells_in_field(network.cell_labels)
    white = binarised(signal, n_cells)
    row = {
        "compartment": "",
        **_sums(
            junctions, cells, n_cells, _gaps_cut_by_field(network.junctions, network.mpp, settings), network.area_mm2
        ),
        "ijoq_original": ijoq_original(white),
        "tijor_original": tijor_original(white),
        "straightness_original": straightness_original(network.junctions),
    }
    return check_table(pd.DataFrame([row]), JUNCTION_FIELDS.columns)


def tabulate_regions(
    network: JunctionNetwork,
    tables: tuple[pd.DataFrame, pd.DataFrame],
    areas_mm2: Mapping[str, float],
    settings: MeasureSettings,
) -> pd.DataFrame:
    """Sum a field up by compartment; the originals, which are defined on rectangles, are missing.

    Parameters
    ----------
    network : JunctionNetwork
        What was traced.
    tables : (DataFrame, DataFrame)
        Its junctions and its cells, measured, all of them, with their compartments.
    areas_mm2 : mapping of str to float
        Compartments to tell of, and their areas.
    settings : MeasureSettings
        What is too short for a gap.

    Returns
    -------
    DataFrame
        One row a compartment. A cell that the field's border cuts counts one half.
    """
    rows = []
    for compartment, area_mm2 in areas_mm2.items():
        chosen = tables[0]["compartment"] == compartment
        junctions, cells = tables[0][chosen], tables[1][tables[1]["compartment"] == compartment]
        n_cells = len(cells) - 0.5 * float(cells["touches_border"].sum())
        n_cut = _gaps_cut_by_field(compress(network.junctions, chosen), network.mpp, settings)
        originals = dict.fromkeys(("ijoq_original", "tijor_original", "straightness_original"), np.nan)
        rows.append({"compartment": compartment, **_sums(junctions, cells, n_cells, n_cut, area_mm2), **originals})
    return check_table(pd.DataFrame(rows), JUNCTION_FIELDS.columns)


def _sums(
    junctions: pd.DataFrame, cells: pd.DataFrame, n_cells: float, n_gaps_cut: int, area_mm2: float
) -> dict[str, float]:
    length_um = float(junctions["length_um"].sum())
    return {
        "area_mm2": area_mm2,
        **_network(junctions, n_gaps_cut, area_mm2),
        **_junction_means(junctions),
        **_cell_means(cells),
        **_per_cell(length_um, n_cells, area_mm2),
    }


def _network(junctions: pd.DataFrame, n_gaps_cut: int, area_mm2: float) -> dict[str, float]:
    length_um = float(junctions["length_um"].sum())
    gap_um = float(junctions["gap_length_um"].sum())
    n_gaps = float(junctions["n_gaps"].sum()) - 0.5 * n_gaps_cut
    area_um2 = area_mm2 * 1e6 if area_mm2 > 0 else np.nan
    return {
        "network_length_mm_per_mm2": 1000 * length_um / area_um2,
        "gap_fraction": gap_um / length_um if length_um > 0 else np.nan,
        "gaps_per_mm": 1000 * n_gaps / length_um if length_um > 0 else np.nan,
        "mean_gap_um": gap_um / n_gaps if n_gaps > 0 else np.nan,
        "ijoq_per_um": _CROFTON * (length_um - gap_um) / area_um2,
        "tijor_per_um": _CROFTON * length_um / area_um2,
    }


def _gaps_cut_by_field(junctions: Iterable[Junction], mpp: float, settings: MeasureSettings) -> int:
    """Count ends of junctions at the border of the field that lie in gaps."""
    n_cut = 0
    for junction in junctions:
        if not junction.is_whole:
            runs = find_runs(junction, mpp, settings.least_run_um)
            ends = (runs.is_stained[0], runs.is_stained[-1])
            n_cut += sum(corner < 0 and not stained for corner, stained in zip(junction.corners, ends, strict=True))
    return n_cut


def _junction_means(junctions: pd.DataFrame) -> dict[str, float]:
    weights = junctions["inclusion_weight"].to_numpy()
    lengths = junctions["length_um"].to_numpy()
    is_open = junctions["chord_um"].to_numpy() > 0
    of_length = {
        "mean_width_um": "width_um",
        "mean_intensity": "mean_intensity",
        "mean_interface_occupancy": "interface_occupancy",
        "mean_cluster_density": "cluster_density",
    }
    return {
        "n_junctions": int(junctions["is_whole"].sum()),
        "mean_straightness": weighted_mean(junctions["straightness"].to_numpy(), weights * is_open),
        "mean_junction_um": weighted_mean(lengths, weights),
        **{name: weighted_mean(junctions[column].to_numpy(), lengths) for name, column in of_length.items()},
    }


def _cell_means(cells: pd.DataFrame) -> dict[str, float]:
    weights = cells["inclusion_weight"].to_numpy()
    n_cut = int(cells["touches_border"].sum())
    return {
        "n_cells": len(cells) - n_cut,
        "n_cells_cut": n_cut,
        "mean_roughness": weighted_mean(cells["roughness"].to_numpy(), weights),
        "mean_solidity": weighted_mean(cells["solidity"].to_numpy(), weights),
        "mean_neighbours": weighted_mean(cells["n_neighbours"].to_numpy(dtype=float), weights),
    }


def _per_cell(length_um: float, n_cells: float, area_mm2: float) -> dict[str, float]:
    is_known = n_cells > 0
    return {
        "cells_per_mm2": n_cells / area_mm2 if area_mm2 > 0 else np.nan,
        "mean_cell_um2": 1e6 * area_mm2 / n_cells if is_known else np.nan,
        # Each junction is a side of two cells.
        "mean_perimeter_um": 2 * length_um / n_cells if is_known else np.nan,
    }
