"""Which cells are counted together: classes, inflammatory cells, cells positive of a marker, phenotypes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidTable
from histo.types import CellClass

__all__ = ["INFLAMMATORY", "check_cells", "find_populations"]

Flags = NDArray[np.bool_]

INFLAMMATORY = "inflammatory"
_POSITIVE = "_is_positive"
_REQUIRED = ("row", "col", "cell_class")


def check_cells(cells: pd.DataFrame) -> None:
    """Refuse a table that is not one of cells.

    Raises
    ------
    InvalidTable
        If a column is missing, a position is not a number, or a class is unknown.
    """
    missing = [name for name in _REQUIRED if name not in cells.columns]
    if missing:
        raise InvalidTable("columns of cells are missing", expected=", ".join(missing), got=", ".join(cells.columns))
    lost = ~np.isfinite(cells[["row", "col"]].to_numpy(dtype=float)).all(axis=1)
    if lost.any():
        raise InvalidTable("a cell lies nowhere", expected="numbers in row and col", got=f"none in {lost.sum()} rows")
    unknown = sorted({str(name) for name in cells["cell_class"].unique()} - set(CellClass))
    if unknown:
        raise InvalidTable("unknown classes of cells", expected=", ".join(CellClass), got=", ".join(unknown))


def find_populations(cells: pd.DataFrame, phenotypes: pd.DataFrame | None = None) -> dict[str, Flags]:
    """Say which cells belong to which population.

    Parameters
    ----------
    cells : DataFrame
        The cells table.
    phenotypes : DataFrame, optional
        A boolean column a phenotype, a row a cell.

    Returns
    -------
    dict of str to (n,) bool array
        ``all``, each class, ``inflammatory``, then ``<marker>+`` for each column ``<marker>_is_positive`` and each
        phenotype by its name.

    Raises
    ------
    InvalidTable
        If a marker's or phenotype's column holds other values than True and False, the phenotypes are not of these
        cells, or one has the name of another population.
    """
    classes = pd.Categorical(cells["cell_class"], categories=list(CellClass)).codes
    populations: dict[str, Flags] = {"all": np.ones(len(cells), dtype=bool)}
    populations |= {member.value: classes == code for code, member in enumerate(CellClass)}
    populations[INFLAMMATORY] = np.isin(classes, [i for i, member in enumerate(CellClass) if member.is_inflammatory])
    for name in map(str, cells.columns):
        if name.endswith(_POSITIVE):
            populations[f"{name.removesuffix(_POSITIVE)}+"] = _flags(cells, name)
    if phenotypes is None:
        return populations
    if not phenotypes.index.equals(cells.index):
        raise InvalidTable(
            "phenotypes are of other cells", expected=f"{len(cells)} rows", got=f"{len(phenotypes)} rows"
        )
    taken = sorted(set(populations) & set(map(str, phenotypes.columns)))
    if taken:
        raise InvalidTable("phenotypes have the names of other populations", got=", ".join(taken))
    return populations | {str(name): _flags(phenotypes, str(name)) for name in phenotypes.columns}


def _flags(table: pd.DataFrame, name: str) -> Flags:
    if not table[name].isin([True, False]).all():
        raise InvalidTable(f"column {name}: a cell is positive or not", expected="True or False")
    return table[name].to_numpy(dtype=bool)
