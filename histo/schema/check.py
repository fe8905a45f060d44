"""Make empty tables, and hold filled ones to their columns."""

from __future__ import annotations

from typing import Any

import pandas as pd

from histo.errors import InvalidTable
from histo.schema.column import Column

__all__ = ["check_table", "empty_table"]


def empty_table(columns: tuple[Column, ...]) -> pd.DataFrame:
    """Make a table of no rows with these columns and types."""
    return pd.DataFrame({column.name: pd.Series(dtype=_dtype(column)) for column in columns})


def check_table(table: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """Put a table's columns into order and type.

    Parameters
    ----------
    table : DataFrame
        May hold more columns than asked for; they keep their order behind the known ones.
    columns : tuple of Column
        The columns that it must have.

    Returns
    -------
    DataFrame
        A copy.

    Raises
    ------
    InvalidTable
        If columns are missing or there twice, or a value does not fit its column's type.
    """
    twice = sorted({str(name) for name in table.columns[table.columns.duplicated()]})
    if twice:
        raise InvalidTable("columns stand in the table twice", expected="each column once", got=", ".join(twice))
    missing = [column.name for column in columns if column.name not in table.columns]
    if missing:
        raise InvalidTable("columns are missing", expected=", ".join(missing), got=", ".join(map(str, table.columns)))
    known = [column.name for column in columns]
    ordered = table[[*known, *(name for name in table.columns if name not in known)]].reset_index(drop=True)
    return ordered.assign(**{column.name: _fitted(ordered[column.name], column) for column in columns})


def _fitted(values: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """Convert to the column's type; a cast that would lose or invent something is refused."""
    if column.kind == "string":
        return values.astype("str")
    if column.kind == "bool":
        fits, converted = values.isin([True, False]), values
    else:
        converted = pd.to_numeric(values, errors="coerce")
        is_whole = converted.notna() & (converted % 1 == 0)
        fits = is_whole if column.kind == "int64" else converted.notna() | values.isna()
    if not fits.all():
        first = int((~fits).to_numpy().argmax())
        raise InvalidTable(
            f"column {column.name}: a value does not fit",
            expected=_EXPECTED[column.kind],
            got=f"{values.astype(object).iloc[first]!r} in row {first + 1}",
        )
    return pd.Series(converted, dtype=_dtype(column))


_EXPECTED = {"int64": "a whole number", "float64": "a number", "bool": "True or False"}


def _dtype(column: Column) -> str:
    return "str" if column.kind == "string" else column.kind
