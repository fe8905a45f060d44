"""A table as a spreadsheet shows it, and how it is refused when a file holds none."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from histo.errors import DesignProblem, InvalidDesign

__all__ = ["Sheet", "check_size", "sheet_of", "stripped", "unreadable"]

# 50,000 slides with 40 columns each; more is no design, or was made to fill the memory.
_MOST_CELLS = 2_000_000


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
    merged : mapping of (int, int) to str
        Cells, by row and column from 1, that are merged into another, and what is merged: ``"A2:A4"``.
    delimiter : str
        What divides the cells of a text; empty where nothing needs to.
    where : str
        What of the file was read, for messages: ``" in the sheet 'Notes'"``.
    """

    header: tuple[str, ...]
    rows: dict[int, tuple[str, ...]]
    merged: Mapping[tuple[int, int], str] = field(default_factory=dict)
    delimiter: str = ""
    where: str = ""


def sheet_of(
    path: Path,
    rows: Iterable[tuple[str, ...]],
    *,
    merged: Mapping[tuple[int, int], str] | None = None,
    delimiter: str = "",
    where: str = "",
) -> Sheet:
    """Make a sheet of rows, the first of which is the header.

    Parameters
    ----------
    path : Path
        The file, for the message.
    rows : iterable of tuple of str
        As `stripped` gives them.
    merged, delimiter, where
        As of `Sheet`.

    Raises
    ------
    InvalidDesign
        If there is no header, or nothing below it.
    """
    filled = {number: row for number, row in enumerate(rows, start=1) if any(row)}
    header = filled.pop(1, ())
    if not header:
        raise unreadable(path, "the names of the columns in the first row", f"a blank first row{where}")
    if not filled:
        raise unreadable(path, "a row for every slide below the header", f"no rows{where}")
    return Sheet(header, filled, merged or {}, delimiter, where)


def check_size(path: Path, n_cells: int) -> None:
    """Refuse a table that is too large to be a design.

    Raises
    ------
    InvalidDesign
        If it has more than two million cells.
    """
    if n_cells > _MOST_CELLS:
        raise unreadable(
            path,
            f"a table of at most {_MOST_CELLS:,} cells",
            f"{n_cells:,} or more",
            next_step="Delete what stands far below or right of the table (in Excel, Ctrl+End shows where).",
        )


def stripped(row: Iterable[object]) -> tuple[str, ...]:
    """Write a row's cells as texts, without blanks around them and without empty cells at the end."""
    cells = [_as_text(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def unreadable(
    path: Path, expected: str, got: str, *, row: int | None = None, next_step: str | None = None
) -> InvalidDesign:
    """Make the error of a file that holds no table."""
    problem = DesignProblem(row, None, expected, got)
    what_to_do = next_step or "Export the design from your spreadsheet as CSV UTF-8 or .xlsx."
    return InvalidDesign.from_problems((problem,), path, what_to_do)


def _as_text(cell: object) -> str:
    if cell is None or cell != cell:  # noqa: PLR0124 - NaN is what differs from itself
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat()
    return str(cell).replace("\r\n", "\n").replace("\r", "\n").strip()
