"""Ratios of populations: intraepithelial lymphocytes, regulatory T cells, Th17 over regulatory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.measure.infiltrate.interval import odds_interval, wilson_interval
from histo.measure.infiltrate.region import MUCOSAL_LAMINA_PROPRIA, REGIONS
from histo.schema import CELL_RATIOS, check_table
from histo.types import CellClass, Compartment

__all__ = ["ratio_value", "t_cell_ratios", "tabulate_ratios"]

Flags = NDArray[np.bool_]

TREG, TH17, CD4 = "treg", "th17", "cd4+"
_OF_T_CELLS = (MUCOSAL_LAMINA_PROPRIA, "villus_lamina_propria", "lamina_propria", "submucosa", "lymphoid")


def tabulate_ratios(regions: NDArray[np.uint8], populations: Mapping[str, Flags], over_follicle: Flags) -> pd.DataFrame:
    """Put populations of a compartment in relation to one another.

    IEL/100 is 100 times the lymphocytes over the epithelial nuclei of the villous epithelium; neither granulocytes nor
    the epithelium of crypts count, nor does the epithelium over follicles, which is full of lymphocytes in health. Its
    denominator holds all epithelial nuclei, those of goblet cells too. The fraction of Treg is of all CD4 positive
    cells.

    Parameters
    ----------
    regions : (n,) uint8 array
        Where each cell lies, as `histo.location.locate` says.
    populations : mapping of str to (n,) bool array
        Ratios of T cells need ``Treg``, ``Th17`` and ``CD4+``, in letters of any case; without, they have no rows.
    over_follicle : (n,) bool array
        Cells beside a follicle, whose epithelium does not count.

    Returns
    -------
    DataFrame
        The cell ratios table.
    """
    rows = [_iel_per_100(regions, populations, over_follicle)]
    t_cells = {name.casefold(): flags for name, flags in populations.items() if name.casefold() in (TREG, TH17, CD4)}
    for compartment in _OF_T_CELLS:
        here = np.isin(regions, REGIONS[compartment])
        n = {name: int(np.count_nonzero(flags & here)) for name, flags in t_cells.items()}
        rows += t_cell_ratios(compartment, n)
    return check_table(pd.DataFrame(rows), CELL_RATIOS.columns)


def t_cell_ratios(compartment: str, n: Mapping[str, int]) -> list[dict[str, object]]:
    """Put regulatory T cells in relation to CD4 positive cells and to Th17.

    Parameters
    ----------
    compartment : str
        Where they were counted.
    n : mapping of str to int
        Cells of each population; ``Treg``, ``Th17`` and ``CD4+`` count, in letters of any case.

    Returns
    -------
    list of dict
        Rows of the cell ratios table: ``treg_fraction`` and ``th17_treg_ratio``, where what they need was counted.
    """
    counts = {name.casefold(): count for name, count in n.items()}
    rows = []
    if TREG in counts and CD4 in counts:
        above, below = counts[TREG], counts[CD4]
        share = above / below if below else float("nan")
        rows.append(_row(compartment, "treg_fraction", (above, below), share, wilson_interval(above, below)))
    if TREG in counts and TH17 in counts:
        above, below = counts[TH17], counts[TREG]
        ratio = above / below if below else float("nan")
        rows.append(_row(compartment, "th17_treg_ratio", (above, below), ratio, odds_interval(above, below)))
    return rows


def ratio_value(ratios: pd.DataFrame, ratio: str, compartment: str) -> float:
    """Look up a ratio; not a number where it was not made."""
    found = ratios.loc[(ratios["ratio"] == ratio) & (ratios["compartment"] == compartment), "value"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _iel_per_100(
    regions: NDArray[np.uint8], populations: Mapping[str, Flags], over_follicle: Flags
) -> dict[str, object]:
    here = (regions == Compartment.VILLUS_EPITHELIUM) & ~over_follicle
    n_lymphocytes = int(np.count_nonzero(populations[CellClass.LYMPHOCYTE] & here))
    n_epithelial = int(np.count_nonzero(populations[CellClass.EPITHELIAL] & here))
    value = 100 * n_lymphocytes / n_epithelial if n_epithelial else float("nan")
    low, high = odds_interval(n_lymphocytes, n_epithelial)
    counts = (n_lymphocytes, n_epithelial)
    return _row("villus_epithelium", "iel_per_100", counts, value, (100 * low, 100 * high))


def _row(
    compartment: str, ratio: str, counts: tuple[int, int], value: float, interval: tuple[float, float]
) -> dict[str, object]:
    return {
        "compartment": compartment, "ratio": ratio, "n_numerator": counts[0], "n_denominator": counts[1],
        "value": value, "ci_low": interval[0], "ci_high": interval[1],
    }  # fmt: skip
