"""The cells of a design table laid under their columns, as texts and as what they are read as."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from histo.io.design.cell import as_number
from histo.io.design.column import Scope
from histo.io.design.header import Header, read_header
from histo.io.design.sheet import Sheet

__all__ = ["Reading", "is_decimal_comma", "read_cells"]

_WITH_SEPARATOR = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)
_WITH_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_KEY_COLUMNS: dict[Scope, tuple[str, ...]] = {
    "slide": ("slide",),
    "animal": ("animal",),
    "visit": ("animal", "timepoint"),
    "arm": ("group", "timepoint"),
}


@dataclass(frozen=True, eq=False)
class Reading:
    """A design table while it is checked.

    Parameters
    ----------
    sheet : Sheet
        As the file shows it.
    header : Header
        Its columns.
    cells : DataFrame
        The texts of the cells, a column each, those that histo does not know too; the index is the row's number in the
        spreadsheet.
    known : DataFrame
        What the cells of known columns are read as; None where a cell is empty or cannot be read.
    """

    sheet: Sheet
    header: Header
    cells: pd.DataFrame
    known: pd.DataFrame

    def keys(self, scope: Scope) -> list[tuple[str, ...] | None]:
        """Say of each row of which slide, animal, visit or arm it is; None where that is not known."""
        first, *others = _KEY_COLUMNS[scope]
        if first not in self.known:
            return [None] * len(self.known)
        columns = [self.known[name] if name in self.known else [""] * len(self.known) for name in others]
        return [
            None if whose is None else (whose, *(other or "" for other in rest))
            for whose, *rest in zip(self.known[first], *columns, strict=True)
        ]


def read_cells(sheet: Sheet) -> Reading:
    """Lay the cells under their columns and read them.

    Columns without a name and repeats of a name are left out, and so are cells beyond the header. Where a text is
    divided by semicolons or tabs and no number has a point, decimal commas are read as points: so programs write that
    are set to a language with decimal commas.
    """
    header = read_header(sheet.header)
    places = {name: place for place, name in reversed(list(enumerate(header.names))) if name}
    texts = {
        name: [row[places[name]] if places[name] < len(row) else "" for row in sheet.rows.values()]
        for name in dict.fromkeys(header.names)
        if name
    }
    cells = pd.DataFrame(texts, index=pd.Index(list(sheet.rows), name="row"), dtype="str")
    if sheet.delimiter in {";", "\t"}:
        cells = _with_points(cells, header)
    read = {
        name: [column.read(text) if text else None for text in cells[name]] for name, column in header.columns.items()
    }
    return Reading(sheet, header, cells, pd.DataFrame(read, index=cells.index, dtype=object))


def is_decimal_comma(text: str) -> bool:
    """Whether a text is a number with a decimal comma."""
    return _WITH_COMMA.fullmatch(text) is not None


def _with_points(cells: pd.DataFrame, header: Header) -> pd.DataFrame:
    texts = {name for name, column in header.columns.items() if column.kind != "float64"}
    numeric = [
        name
        for name in cells.columns
        if name in header.columns or all(_WITH_SEPARATOR.fullmatch(text) for text in cells[name] if text)
        if name not in texts
    ]
    has_point = any("." in text and as_number(text) is not None for name in numeric for text in cells[name])
    if has_point:
        return cells
    return cells.assign(
        **{
            name: [text.replace(",", ".") if is_decimal_comma(text) else text for text in cells[name]]
            for name in numeric
        }
    )
