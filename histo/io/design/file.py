"""The file of a design table, opened by its ending."""

from __future__ import annotations

from pathlib import Path

from histo.io.design.parquet_table import read_parquet
from histo.io.design.sheet import Sheet, unreadable
from histo.io.design.text_table import read_text
from histo.io.design.workbook import read_workbook

__all__ = ["read_sheet"]

_READERS = {
    ".csv": read_text,
    ".tsv": read_text,
    ".txt": read_text,
    ".xlsx": read_workbook,
    ".xlsm": read_workbook,
    ".parquet": read_parquet,
}
_LARGEST_BYTES = 100_000_000


def read_sheet(path: Path) -> Sheet:
    """Read the cells of a CSV, TSV, Excel or Parquet file.

    Raises
    ------
    InvalidDesign
        If the file is absent, cannot be opened, is of another kind or damaged, or has no row below the header.
    """
    extension = path.suffix.lower()
    if path.is_dir():
        raise unreadable(path, "a file", "a folder")
    if extension not in _READERS:
        got = f"*{extension}" if extension else "a name without an ending"
        raise unreadable(path, f"a file named *{', *'.join(_READERS)}", got)
    try:
        n_bytes = path.stat().st_size
        if n_bytes > _LARGEST_BYTES:
            raise unreadable(path, f"at most {_LARGEST_BYTES // 1_000_000} MB", f"{n_bytes // 1_000_000} MB")
        content = path.read_bytes()
    except FileNotFoundError:
        raise unreadable(path, "a file", "nothing at this path") from None
    except OSError as error:
        raise unreadable(path, "a file that can be opened", str(error.strerror)) from error
    if not content:
        raise unreadable(path, "a header and a row for every slide", "an empty file")
    return _READERS[extension](path, content)
