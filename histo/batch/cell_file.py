"""The table of cells on disk: written a section at a time, put together without ever being in memory whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from histo.errors import CorruptResults
from histo.io.results import write_atomically
from histo.schema import IDENTITY, check_table, empty_table, table_schema

__all__ = ["CELL_FILE_NAME", "append_cells", "join_cells"]

CELL_FILE_NAME = "cells.parquet"
"""Cells stand in Parquet alone: a cohort has millions, and no person reads them in a CSV file."""


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
        writer.write_table(rows)

    try:
        yield append
    finally:
        if writer is not None:
            writer.close()


def join_cells(target: Path, parts: Iterable[Path], identify: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Put the cells of all slides into one file, one section after the other.

    A column that only some slides have, such as the density of a marker, is empty for the others.

    Parameters
    ----------
    target : Path
        The file; it appears complete or not at all.
    parts : iterable of Path
        The files of the slides, in the order in which their rows shall stand.
    identify : callable
        Fills animal, group, timepoint and segment in, given the identity columns of some rows.

    Raises
    ------
    CorruptResults
        If the cells of a slide do not read.
    """
    files = list(parts)
    schema = pa.unify_schemas([_no_cells(), *map(_schema_of, files)])
    with write_atomically(target) as unfinished, _writer(unfinished, schema) as writer:
        for file in files:
            for rows in _row_groups(file):
                writer.write_table(_fitted(_identified(rows, identify), schema))


def _identified(rows: pa.Table, identify: Callable[[pd.DataFrame], pd.DataFrame]) -> pa.Table:
    names = [column.name for column in IDENTITY]
    known = identify(rows.select(names).to_pandas())
    for name in names:
        place = rows.schema.get_field_index(name)
        values = pa.array(known[name].astype("str"), type=rows.schema.field(name).type)
        rows = rows.set_column(place, rows.schema.field(name), values)
    return rows


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
