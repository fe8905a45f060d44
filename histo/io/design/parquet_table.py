"""Design tables as Parquet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from histo.io.design.file_kind import kind_of
from histo.io.design.sheet import Sheet, check_size, sheet_of, stripped, unreadable

__all__ = ["read_parquet"]


def read_parquet(path: Path, content: bytes) -> Sheet:
    """Read the cells of a Parquet file; the names of its columns are the header, and its first row is row 2.

    Raises
    ------
    InvalidDesign
        If it is damaged, no Parquet file, or larger than any design.
    """
    kind = kind_of(content)
    if kind != "a Parquet file":
        raise unreadable(path, "a Parquet file", kind or "a file of no known kind")
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        check_size(path, file.metadata.num_rows * file.metadata.num_columns)
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        got = f"a damaged one ({str(error).partition(chr(10))[0]})"
        raise unreadable(path, "a Parquet file", got, next_step="Write it anew.") from error
    columns = [column.to_pylist() for column in table.columns]
    return sheet_of(path, [stripped(table.column_names), *map(stripped, zip(*columns, strict=True))])
