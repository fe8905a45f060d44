"""Columns of a linear model: factors and covariates of a table as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument

__all__ = ["Coding", "DesignMatrix", "design_matrix"]

Coding = Literal["treatment", "sum"]


@dataclass(frozen=True, eq=False)
class DesignMatrix:
    """The fixed part of a linear model.

    Parameters
    ----------
    columns : (n, p) array
        The first is the intercept.
    names : tuple of str
        What each column estimates, in treatment coding: ``group: EAE - control``.
    terms : dict of str to tuple of int
        The columns of each term.
    """

    columns: NDArray[np.float64]
    names: tuple[str, ...]
    terms: dict[str, tuple[int, ...]]


def design_matrix(frame: pd.DataFrame, fixed: Sequence[str], coding: Coding = "treatment") -> DesignMatrix:
    """Write factors, covariates and their interactions as columns.

    Parameters
    ----------
    frame : DataFrame
        With the columns that `fixed` names. Numbers are covariates; all else are factors, whose levels are in the order
        of the categorical, else of appearance.
    fixed : sequence of str
        Terms: ``group``, ``sex``, ``group:segment``.
    coding : {"treatment", "sum"}, optional
        ``treatment``: each level less the first; ``sum``: each level less the mean of all (for type III tests).

    Raises
    ------
    InvalidArgument
        If a column is missing, or the terms cannot be told apart.
    """
    missing = [name for term in fixed for name in term.split(":") if name not in frame.columns]
    if missing:
        raise InvalidArgument("the table lacks columns of the model", got=f"no {', '.join(missing)}")
    columns, names = [np.ones(len(frame))], ["intercept"]
    terms: dict[str, tuple[int, ...]] = {}
    for term in fixed:
        parts = [_coded(frame[name], name, coding) for name in term.split(":")]
        start = len(columns)
        for combination in product(*parts):
            columns.append(np.prod([values for _, values in combination], axis=0))
            names.append(" by ".join(name for name, _ in combination))
        terms[term] = tuple(range(start, len(columns)))
    matrix = np.column_stack(columns)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        raise InvalidArgument(
            "the terms of the model cannot be told apart",
            expected="factors that are not nested in each other and combinations that all occur",
            got=", ".join(fixed),
            next_step="Leave one out: a batch that goes with the group cannot be adjusted for.",
        )
    return DesignMatrix(matrix, tuple(names), terms)


def _coded(values: pd.Series, name: str, coding: Coding) -> list[tuple[str, NDArray[np.float64]]]:
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return [(name, values.to_numpy(dtype=float))]
    levels = [level for level in pd.Categorical(values).categories if (values == level).any()]
    if not isinstance(values.dtype, pd.CategoricalDtype):
        levels = list(values.unique())
    first, others = levels[0], levels[1:]
    base = (values == first).to_numpy(dtype=float) if coding == "sum" else 0.0
    return [(f"{name}: {level} - {first}", (values == level).to_numpy(dtype=float) - base) for level in others]
