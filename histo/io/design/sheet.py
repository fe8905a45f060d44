"""The cells of a design table's file, as texts, whatever the file's kind."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.exceptions import InvalidFileException

from histo.errors import DesignProblem, InvalidDesign

__all__ = ["EXTENSIONS", "Sheet", "read_sheet"]

EXTENSIONS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")
# A design of 10,000 slides unpacks to a few MB; more is a workbook made to fill the memory, or not a design.
_LARGEST_UNPACKED_BYTES = 500_000_000


@dataclass(frozen=True)
class Sheet:
    """A table as a spreadsheet shows it.

    Parameters
    ----------
    header : tuple of str
        The cells of the first row, stripped.
    rows : dict of int to tuple of str
        The cells of every other row that is not blank, stripped, by the row's number; the header is row 1. A row may
        have fewer or more cells than the header.
    """

    header: tuple[str, ...]
    rows: dict[int, tuple[str, ...]]


def read_sheet(path: Path) -> Sheet:
    """Read the cells of a CSV, TSV, Excel or Parquet file.

    Raises
    ------
    InvalidDesign
        If the file is absent, cannot be opened, is of another kind or damaged, or has no row below the header.
    """
    extension = path.suffix.lower()
    if path.is_dir():
        raise _not_readable(path, "a file", "a folder")
    if extension not in EXTENSIONS:
        raise _not_readable(path, f"a file named *{', *'.join(EXTENSIONS)}", f"*{extension}")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _not_readable(path, "a file", "nothing at this path") from None
    except OSError as error:
        raise _not_readable(path, "a file that can be opened", str(error.strerror)) from error
    if not content:
        raise _not_readable(path, "a header and a row for every slide", "an empty file")
    if extension == ".xlsx":
        rows = _excel_rows(path, content)
    elif extension == ".parquet":
        rows = _parquet_rows(path, content)
    else:
        rows = _text_rows(path, content)
    filled = {number: row for number, row in enumerate(rows, start=1) if any(row)}
    header = filled.pop(1, ())
    if not header:
        raise _not_readable(path, "the names of the columns in the first row", "a blank first row")
    if not filled:
        raise _not_readable(path, "a row for every slide below the header", "no rows")
    return Sheet(header, filled)


def _text_rows(path: Path, content: bytes) -> list[tuple[str, ...]]:
    text = _decoded(path, content)
    if "\0" in text:
        raise _not_readable(path, "a table as text", "a binary file")
    first_line = text.split("\n", 1)[0]
    delimiter = max("\t,;", key=first_line.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [_stripped(row) for row in rows]
    except csv.Error as error:
        raise _not_readable(path, f"cells divided by {delimiter!r}", f"{error}") from error


def _decoded(path: Path, content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise _not_readable(
            path, "text in UTF-8", f"byte 0x{content[error.start]:02x}, which is not", row, "Save it as 'CSV UTF-8'."
        ) from error


def _excel_rows(path: Path, content: bytes) -> list[tuple[str, ...]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > _LARGEST_UNPACKED_BYTES:
            raise _not_readable(path, "a workbook with a design table", f"{unpacked // 1_000_000} MB when unpacked")
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            return [_stripped(row) for row in workbook.worksheets[0].iter_rows(values_only=True)]
        finally:
            workbook.close()
    except InvalidDesign:
        raise
    # A file that is no workbook, or a damaged one, fails in whichever part of it is read first.
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        OSError,
    ) as error:
        raise _not_readable(path, "an Excel workbook (.xlsx)", f"{type(error).__name__}: {error}") from error


def _parquet_rows(path: Path, content: bytes) -> list[tuple[str, ...]]:
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise _not_readable(path, "a Parquet file", str(error).partition("\n")[0]) from error
    header = _stripped(table.column_names)
    return [header, *(_stripped(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True))]


def _stripped(row: Iterable[object]) -> tuple[str, ...]:
    cells = [_as_text(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _as_text(cell: object) -> str:
    if cell is None or cell != cell:  # noqa: PLR0124 - NaN is what differs from itself
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat()
    return str(cell).strip()


def _not_readable(
    path: Path, expected: str, got: str, row: int | None = None, next_step: str | None = None
) -> InvalidDesign:
    problem = DesignProblem(row, None, expected, got)
    what_to_do = next_step or "Export the design from your spreadsheet as CSV UTF-8 or .xlsx."
    return InvalidDesign.from_problems((problem,), path, what_to_do)
