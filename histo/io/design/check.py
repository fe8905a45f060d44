"""Everything that is wrong with a design table, found at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from difflib import get_close_matches

import pandas as pd
import pandera.pandas as pa

from histo.errors import DesignProblem, InvalidArgument
from histo.io.design.columns import COLUMNS, REQUIRED, DesignColumn, as_day, as_slide
from histo.io.design.panel import read_panel
from histo.io.design.sheet import Sheet

__all__ = ["cells_of", "column_name", "find_problems"]

_EXCEL_ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"}


def column_name(header: str) -> str:
    """Read a header leniently: case, spaces and hyphens do not matter."""
    return "_".join(header.lower().replace("-", " ").replace("_", " ").split())


def cells_of(sheet: Sheet) -> pd.DataFrame:
    """Lay the cells under their columns, as texts; the index is the row's number in the spreadsheet.

    Columns without a name and repeats of a name are left out, and so are cells beyond the header.
    """
    names = [column_name(header) for header in sheet.header]
    places = {name: place for place, name in reversed(list(enumerate(names))) if name}
    cells = {
        name: [row[places[name]] if places[name] < len(row) else "" for row in sheet.rows.values()]
        for name in dict.fromkeys(names)
        if name
    }
    return pd.DataFrame(cells, index=pd.Index(list(sheet.rows), name="row"), dtype="str")


def find_problems(sheet: Sheet) -> tuple[DesignProblem, ...]:
    """Find all problems of a design table.

    Returns
    -------
    tuple of DesignProblem
        Those of the header first, then by row.
    """
    cells = cells_of(sheet)
    problems = [
        *_header_problems(sheet.header),
        *_shape_problems(sheet),
        *_cell_problems(cells),
        *_excel_errors(cells),
        *_repeated_slides(cells),
        *_unreadable_markers(cells),
        *_slides_of_two_stainings(cells),
        *_animals_in_two_groups(cells),
        *_odd_timepoints(cells),
    ]
    return tuple(sorted(problems, key=lambda problem: problem.row or 0))


def _header_problems(header: tuple[str, ...]) -> list[DesignProblem]:
    names = [column_name(name) for name in header]
    problems = [
        DesignProblem(1, name, "each column once", f"{number} columns of this name")
        for name, number in Counter(names).items()
        if name and number > 1
    ]
    problems += [
        DesignProblem(1, None, "a name for every column", f"none over column {place} of {len(names)}")
        for place, name in enumerate(names, start=1)
        if not name
    ]
    strangers = [name for name in names if name and name not in COLUMNS]
    for known in (name for name in COLUMNS if name not in names):
        nearest = get_close_matches(known, strangers, n=1, cutoff=0.6 if known in REQUIRED else 0.85)
        if nearest:
            problems.append(DesignProblem(1, known, f"the column {known!r}", f"{nearest[0]!r}; rename it"))
        elif known in REQUIRED:
            problems.append(DesignProblem(1, known, f"the column {known!r}", f"only {', '.join(filter(None, header))}"))
    return problems


def _shape_problems(sheet: Sheet) -> list[DesignProblem]:
    n_columns = len(sheet.header)
    return [
        DesignProblem(number, None, f"{n_columns} cells, as many as the header", f"{len(row)}, the last {row[-1]!r}")
        for number, row in sheet.rows.items()
        if len(row) > n_columns
    ]


def _cell_problems(cells: pd.DataFrame) -> list[DesignProblem]:
    try:
        _SCHEMA.validate(cells, lazy=True)
    except pa.errors.SchemaErrors as errors:
        found = errors.failure_cases
        places = zip(found["index"], found["column"], found["check"], found["failure_case"], strict=True)
        return [
            DesignProblem(int(row), column, expected, repr(text) if text else "nothing")
            for row, column, expected, text in places
        ]
    return []


def _excel_errors(cells: pd.DataFrame) -> list[DesignProblem]:
    return [
        DesignProblem(row, name, "a value", f"{text!r}, an error of the spreadsheet")
        for name in cells.columns
        for row, text in zip(cells.index, cells[name], strict=True)
        if text in _EXCEL_ERRORS
    ]


def _accepts(column: DesignColumn) -> Callable[[pd.Series[str]], pd.Series[bool]]:
    """Make the test of a column's cells; an optional cell may be empty, and a spreadsheet's errors have their own."""

    def is_accepted(text: str) -> bool:
        if text in _EXCEL_ERRORS:
            return True
        return column.read(text) is not None if text else not column.is_required

    return lambda texts: texts.map(is_accepted).astype(bool)


_SCHEMA = pa.DataFrameSchema(
    {
        column.name: pa.Column(str, pa.Check(_accepts(column), error=column.expected), required=False)
        for column in COLUMNS.values()
    }
)


def _repeated_slides(cells: pd.DataFrame) -> list[DesignProblem]:
    if "slide" not in cells:
        return []
    first_rows: dict[tuple[str, str], int] = {}
    problems = []
    sections = cells["section"] if "section" in cells else pd.Series("", index=cells.index)
    for row, slide, section in zip(cells.index, cells["slide"], sections, strict=True):
        first = first_rows.setdefault((as_slide(slide), section), row)
        if slide and first != row:
            what = repr(slide) + (f" section {section!r}" if section else "")
            problems.append(DesignProblem(row, "slide", "each slide and section once", f"{what}, as in row {first}"))
    return problems


def _unreadable_markers(cells: pd.DataFrame) -> list[DesignProblem]:
    """Find markers that cannot be read, or are looked for in two places; those of other stains are not looked at."""
    if not {"stain", "marker"} <= set(cells):
        return []
    problems = []
    sites: dict[tuple[str, str], tuple[str, int]] = {}
    for row, text, written in zip(cells.index, cells["marker"], cells["stain"], strict=True):
        stain = str(COLUMNS["stain"].read(written))
        if stain not in {"dab", "fluorescence"}:
            continue
        try:
            panel = read_panel(text, stain)
        except InvalidArgument as error:
            problems.append(DesignProblem(int(row), "marker", f"{error.expected} ({error.what})", str(error.got)))
            continue
        for marker in panel.markers:
            site, first = sites.setdefault((stain, marker.name), (marker.site, int(row)))
            if marker.site != site:
                expected = f"{marker.name}@{site} as in row {first}: values of two places cannot be compared"
                problems.append(DesignProblem(int(row), "marker", expected, f"{marker.name}@{marker.site}"))
    return problems


def _slides_of_two_stainings(cells: pd.DataFrame) -> list[DesignProblem]:
    """All sections of a slide went through one staining; their rows have to agree."""
    if "slide" not in cells:
        return []
    problems = []
    for name in [name for name in ("stain", "marker", "negative_control") if name in cells]:
        first_seen: dict[str, tuple[int, str]] = {}
        for row, slide, text in zip(cells.index, cells["slide"].map(as_slide), cells[name], strict=True):
            first_row, first = first_seen.setdefault(slide, (row, text))
            if text != first:
                expected = f"{first!r} as in row {first_row}: the sections of a slide are stained together"
                problems.append(DesignProblem(int(row), name, expected, repr(text)))
    return problems


def _animals_in_two_groups(cells: pd.DataFrame) -> list[DesignProblem]:
    if not {"animal", "group"} <= set(cells):
        return []
    first_seen: dict[str, tuple[int, str]] = {}
    problems = []
    for row, animal, group in zip(cells.index, cells["animal"], cells["group"], strict=True):
        if not (animal and group):
            continue
        first_row, first_group = first_seen.setdefault(animal, (row, group))
        if group != first_group:
            expected = f"animal {animal!r} in one group, {first_group!r} as in row {first_row}"
            problems.append(DesignProblem(row, "group", expected, repr(group)))
    return problems


def _odd_timepoints(cells: pd.DataFrame) -> list[DesignProblem]:
    """Where some timepoints are days, a name among them has no place in their order."""
    if "timepoint" not in cells:
        return []
    filled = cells["timepoint"][cells["timepoint"] != ""]
    is_day = filled.map(lambda text: as_day(text) is not None).astype(bool)
    if not is_day.any():
        return []
    return [
        DesignProblem(int(str(row)), "timepoint", "a day, as in the other rows: 7, d7 or day 7", repr(text))
        for row, text in filled[~is_day].items()
    ]
