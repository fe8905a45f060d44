"""Result tables on disk: Parquet for machines, CSV beside it for people."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from histo.errors import CorruptResults, InvalidTable
from histo.io.atomic import remove_unfinished, write_atomically
from histo.io.checksum import sha256_of
from histo.schema import check_table, table_schema

__all__ = ["read_table", "remove_unfinished", "sha256_of", "write_atomically", "write_table"]


def write_table(folder: str | os.PathLike[str], name: str, table: pd.DataFrame) -> Path:
    """Write a result table as ``<name>.parquet`` and ``<name>.csv``.

    The same table gives the same bytes: neither file holds a time, a host, an index or the pandas that wrote it. The
    Parquet file, which machines read, is put in place last.

    Parameters
    ----------
    folder : path-like
        The results folder; made when it is missing.
    name : str
        A table of `histo.schema.TABLES`.
    table : DataFrame
        Has at least the table's columns; more are kept behind them.

    Returns
    -------
    Path
        The Parquet file.

    Raises
    ------
    InvalidArgument
        If there is no table of this name, or `folder` is not a folder.
    InvalidTable
        If columns are missing or a value does not fit its column.
    """
    checked = check_table(table, table_schema(name).columns)
    columns = _arrow(checked, name)
    folder = Path(folder)
    with write_atomically(folder / f"{name}.csv") as unfinished:
        checked.to_csv(unfinished, index=False, lineterminator="\n", encoding="utf-8")
    parquet = folder / f"{name}.parquet"
    with write_atomically(parquet) as unfinished:
        pq.write_table(columns, unfinished, compression="zstd", version="2.6", store_schema=False)
    return parquet


def read_table(folder: str | os.PathLike[str], name: str) -> pd.DataFrame:
    """Read a result table back, from its Parquet file.

    Parameters
    ----------
    folder : path-like
        The results folder.
    name : str
        A table of `histo.schema.TABLES`.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, then any others.

    Raises
    ------
    InvalidArgument
        If there is no table of this name.
    CorruptResults
        If the file is absent, does not read or lacks columns.
    """
    columns = table_schema(name).columns
    path = Path(folder) / f"{name}.parquet"
    again = "Run `histo score` on this results folder again: it does only what is missing."
    if not path.is_file():
        raise CorruptResults(f"the table {name} is missing", file=path, expected="a Parquet file", next_step=again)
    try:
        # The buffer, not the path: pyarrow would take a path like a=b for a partition and add a column.
        table = pq.read_table(pa.BufferReader(path.read_bytes())).to_pandas()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise CorruptResults(
            f"the table {name} does not read",
            file=path,
            expected="a Parquet file",
            got=reason,
            next_step=f"Delete the file. {again}",
        ) from error
    try:
        return check_table(table, columns)
    except InvalidTable as error:
        raise CorruptResults(
            f"the table {name}: {error.what}",
            file=path,
            expected=error.expected,
            got=error.got,
            next_step="It was written by another version of histo: score into a new folder.",
        ) from error


def _arrow(table: pd.DataFrame, name: str) -> pa.Table:
    try:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise InvalidTable(f"table {name}: a column holds values of several kinds", got=str(error)) from error
    # One chunk a column, and no note of pandas' version: what is written depends on the values alone.
    return arrow.combine_chunks().replace_schema_metadata(None)
