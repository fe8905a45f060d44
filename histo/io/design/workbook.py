"""Design tables as Excel workbooks: the first visible sheet."""

from __future__ import annotations

import io
import itertools
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
from openpyxl.utils.cell import column_index_from_string

from histo.errors import InvalidDesign
from histo.io.design.file_kind import kind_of
from histo.io.design.sheet import Sheet, check_size, sheet_of, stripped, unreadable

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

__all__ = ["read_workbook"]

_WORKBOOK = "an Excel workbook (.xlsx)"
# The largest table that is taken unpacks to about as much.
_LARGEST_UNPACKED_BYTES = 200_000_000
_NEXT_STEPS = {
    "an Excel workbook locked with a password": "Open it, take the password off (File, Info, Protect Workbook), save.",
    "an old Excel workbook (.xls)": "Open it in Excel and save it as .xlsx.",
    "text": "Give the file the ending .csv.",
    "a Parquet file": "Give the file the ending .parquet.",
}
# A damaged workbook fails in whichever part of it is read first; SyntaxError is that of both XML parsers.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, SyntaxError),
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
)
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]+)(\d+):([A-Z]+)(\d+)[\"']")
# More cells merged into one than this are a border or a background, not a value for several rows.
_MOST_MERGED = 100_000


def read_workbook(path: Path, content: bytes) -> Sheet:
    """Read the cells of an Excel workbook; of formulas, the values that Excel has kept.

    A formula without a kept value is given as it is written, so that it can be said where it stands.

    Raises
    ------
    InvalidDesign
        If it is locked, damaged, no workbook, or unpacks to more than any design.
    """
    kind = kind_of(content)
    if kind != _WORKBOOK:
        raise unreadable(path, _WORKBOOK, kind or "a file of no known kind", next_step=_NEXT_STEPS.get(kind))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > _LARGEST_UNPACKED_BYTES:
            raise unreadable(path, "a workbook with a design table", f"{unpacked // 1_000_000} MB when unpacked")
        return _read_sheet(path, content)
    except InvalidDesign:
        raise
    except _DAMAGE as error:
        got = f"a damaged one ({type(error).__name__}: {error})"
        raise unreadable(path, _WORKBOOK, got, next_step="Open it in Excel and save it anew.") from error


def _read_sheet(path: Path, content: bytes) -> Sheet:
    values = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    try:
        shown = [sheet.title for sheet in values.worksheets if sheet.sheet_state == "visible"]
        names = shown or [sheet.title for sheet in values.worksheets]
        rows = []
        n_cells = 0
        for kept, written in zip(_rows(values, names[0]), _rows(formulas, names[0]), strict=True):
            n_cells += len(kept)
            check_size(path, n_cells)
            rows.append(stripped(_kept_or_written(kept, written)))
        others = f"; the workbook has {', '.join(map(repr, names[1:]))} too" if len(names) > 1 else ""
        where = f" in the sheet {names[0]!r}{others}"
        return sheet_of(path, rows, merged=_merged_cells(values, content, names[0]), where=where)
    finally:
        values.close()
        formulas.close()


def _rows(workbook: Workbook, name: str) -> Iterator[tuple[object, ...]]:
    sheet = workbook[name]
    # Else a single cell far away makes every row as wide as the sheet can be.
    sheet.reset_dimensions()
    return sheet.iter_rows(values_only=True)


def _kept_or_written(kept: tuple[object, ...], written: tuple[object, ...]) -> Iterator[object]:
    for value, formula in zip(kept, written, strict=True):
        if value is None and formula is not None:
            yield formula if isinstance(formula, str) else "={...}"
        else:
            yield value


def _merged_cells(workbook: Workbook, content: bytes, name: str) -> dict[tuple[int, int], str]:
    """Find the cells that are merged into another; a workbook that is read as a stream does not give them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read(vars(workbook[name])["_worksheet_path"])
    merged: dict[tuple[int, int], str] = {}
    for found in _MERGED.finditer(xml):
        first, top_row, last, bottom_row = (part.decode("ascii") for part in found.groups())
        left, right, top, bottom = *map(column_index_from_string, (first, last)), int(top_row), int(bottom_row)
        if (right - left + 1) * (bottom - top + 1) > _MOST_MERGED:
            continue
        area = f"{first}{top}:{last}{bottom}"
        cells = itertools.product(range(top, bottom + 1), range(left, right + 1))
        merged |= {cell: area for cell in cells if cell != (top, left)}
    return merged
