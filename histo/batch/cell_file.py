"""The table of cells on disk: written a section at a time, put together without ever being in memory whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from histo.errors import CorruptResults
from histo.io.results import write_atomically
from histo.schema import IDENTITY, check_table, empty_table, table_schema

__all__ = ["CELL_FILE_NAME", "append_cells", "join_cells", "read_cell_column"]

CELL_FILE_NAME = "cells.parquet"
"""Cells stand in Parquet alone: a cohort has millions, and no person reads them in a CSV file."""

# So that joining holds this many in memory, however many a section has.
_ROWS_AT_A_TIME = 250_000


@contextmanager
def append_cells(path: Path) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Write cells into one Parquet file, a section after the other.

    Parameters
    ----------
    path : Path
        The file, in a folder that is not in place yet.

    Yields
    ------
    callable
        Takes the rows of one section, of the same columns each time, and writes them.
    """
    writer: pq.ParquetWriter | None = None

    def append(cells: pd.DataFrame) -> None:
        nonlocal writer
        rows = _arrow(cells)
        if writer is None:
            writer = _writer(path, rows.schema)
        writer.write_table(rows, row_group_size=_ROWS_AT_A_TIME)

    try:
        yield append
    finally:
        if writer is not None:
            writer.close()


def join_cells(
    target: Path,
    parts: Iterable[Path],
    annotate: Callable[[pd.DataFrame], pd.DataFrame],
    added: Mapping[str, type[bool] | type[int]] | None = None,
) -> None:
    """Put the cells of all slides into one file, a part of a section after the other.

    A column that only some slides have, such as the density of a marker, is empty for the others.

    Parameters
    ----------
    target : Path
        The file; it appears complete or not at all.
    parts : iterable of Path
        The files of the slides, in the order in which their rows shall stand.
    annotate : callable
        Given some cells of one section, gives them back with animal, group, timepoint and segment, and with those of
        the columns of `added` that it can fill.
    added : mapping of str to type, optional
        Columns that `annotate` may add, each of ``bool`` or ``int``.

    Raises
    ------
    CorruptResults
        If the cells of a slide do not read.
    """
    files = list(parts)
    schema = pa.unify_schemas([_no_cells(), *map(_schema_of, files)])
    for name, kind in (added or {}).items():
        schema = schema.append(pa.field(name, pa.bool_() if kind is bool else pa.int64()))
    with write_atomically(target) as unfinished, _writer(unfinished, schema) as writer:
        for file in files:
            for rows in _row_groups(file):
                writer.write_table(_annotated(rows, annotate, list(added or {}), schema))


def read_cell_column(path: Path, name: str) -> NDArray[np.float64]:
    """Read one measure of all cells of a slide.

    Parameters
    ----------
    path : Path
        The slide's file of cells.
    name : str
        A column of numbers.

    Returns
    -------
    (n,) array
        Not a number where a cell has no value; empty where the slide has no cells.

    Raises
    ------
    CorruptResults
        If the file does not read, or lacks the column.
    """
    with _reading(path), pq.ParquetFile(path) as file:
        values = file.read(columns=[name])
        if name not in values.column_names:
            raise pa.ArrowKeyError(f"no column {name}")
        return np.asarray(values.column(name).to_numpy(), dtype=np.float64)


def _annotated(
    rows: pa.Table, annotate: Callable[[pd.DataFrame], pd.DataFrame], added: list[str], schema: pa.Schema
) -> pa.Table:
    known = annotate(rows.to_pandas())
    for name in (column.name for column in IDENTITY):
        place = rows.schema.get_field_index(name)
        values = pa.array(known[name].astype("str"), type=rows.schema.field(name).type)
        rows = rows.set_column(place, rows.schema.field(name), values)
    for name in added:
        if name in known.columns:
            rows = rows.append_column(
                schema.field(name), pa.array(known[name].to_numpy(), type=schema.field(name).type)
            )
    return _fitted(rows, schema)


def _fitted(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        rows.column(field.name) if field.name in rows.column_names else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _arrow(cells: pd.DataFrame) -> pa.Table:
    checked = check_table(cells, table_schema("cells").columns)
    return pa.Table.from_pandas(checked, preserve_index=False).combine_chunks().replace_schema_metadata(None)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="zstd", version="2.6", store_schema=False)


def _schema_of(path: Path) -> pa.Schema:
    with _reading(path), pq.ParquetFile(path) as file:
        return file.schema_arrow


def _no_cells() -> pa.Schema:
    """Give the columns that all cells have; Parquet gives texts back as the plain kind of text."""
    schema = _arrow(empty_table(table_schema("cells").columns)).schema
    return pa.schema(
        [field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field for field in schema]
    )


def _row_groups(path: Path) -> Iterator[pa.Table]:
    with _reading(path), pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise CorruptResults(
            "the cells of a finished slide do not read",
            file=path,
            got=str(error).partition("\n")[0],
            next_step="Delete the slide's folder and score again.",
        ) from error
