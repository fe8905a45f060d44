"""Cells per mm² of compartment and per mm of wall."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.location import LOCATIONS
from histo.measure.infiltrate.interval import poisson_interval
from histo.measure.infiltrate.region import REGIONS
from histo.schema import DENSITIES, check_table

__all__ = ["tabulate_densities"]


def tabulate_densities(
    regions: NDArray[np.uint8],
    populations: Mapping[str, NDArray[np.bool_]],
    area_mm2: NDArray[np.float64],
    wall_length_mm: float,
) -> pd.DataFrame:
    """Count each population in each compartment.

    Parameters
    ----------
    regions : (n,) uint8 array
        Where each cell lies, as `histo.location.locate` says, cells of follicles in `Compartment.LYMPHOID`.
    populations : mapping of str to (n,) bool array
    area_mm2 : (k,) array
        Area by region; not a number where it has no meaning.
    wall_length_mm : float
        Not a number without a wall.

    Returns
    -------
    DataFrame
        The densities table: every compartment times every population, whether there are any or not.
    """
    n_regions = len(LOCATIONS)
    counts = {name: np.bincount(regions[flags], minlength=n_regions) for name, flags in populations.items()}
    where, who, number, area = [], [], [], []
    for compartment, codes in REGIONS.items():
        for population, counted in counts.items():
            where.append(compartment)
            who.append(population)
            number.append(int(counted[list(codes)].sum()))
            area.append(float(area_mm2[list(codes)].sum()))
    n_cells, areas = np.array(number, dtype=np.int64), np.array(area)
    room = np.where(areas > 0, areas, np.nan)
    low, high = poisson_interval(n_cells)
    has_density = ~np.isnan(room)
    table = pd.DataFrame(
        {
            "compartment": where,
            "population": who,
            "n_cells": n_cells,
            "area_mm2": areas,
            "cells_per_mm2": n_cells / room,
            "ci_low_per_mm2": low / room,
            "ci_high_per_mm2": high / room,
            "wall_length_mm": wall_length_mm,
            "cells_per_mm": np.where(has_density, n_cells / wall_length_mm if wall_length_mm > 0 else np.nan, np.nan),
        }
    )
    return check_table(table, DENSITIES.columns)
