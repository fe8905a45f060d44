"""Everything that is wrong with a design table, found at once."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pandas as pd
import pandera.pandas as pa

from histo.errors import DesignProblem, InvalidArgument
from histo.io.design.agreement import disagreements, filled
from histo.io.design.blemish import blemish_of
from histo.io.design.cell import as_day, as_number, is_placeholder
from histo.io.design.column import DesignColumn
from histo.io.design.course import contradictions
from histo.io.design.header import misplaced_header
from histo.io.design.panel import read_panel
from histo.io.design.reading import Reading, is_decimal_comma

__all__ = ["find_problems"]

_NAMED = ("animal", "group", "timepoint", "batch", "cage")


def find_problems(reading: Reading) -> tuple[DesignProblem, ...]:
    """Find all problems of a design table.

    Returns
    -------
    tuple of DesignProblem
        Those of the header first, then by row and column; each calls the column as the file does.
    """
    misplaced = misplaced_header(reading.sheet)
    if misplaced is not None:
        return (misplaced,)
    problems = [
        *reading.header.problems,
        *_cells_beyond_the_header(reading),
        *_merged_cells(reading),
        *_blemishes(reading),
        *_unexpected_cells(reading),
        *_repeated_sections(reading),
        *_unreadable_markers(reading),
        *_monolayers_without_junctions(reading),
        *disagreements(reading),
        *_odd_timepoints(reading),
        *_two_spellings(reading),
        *_two_controls(reading),
        *contradictions(reading, filled(reading)),
    ]
    places = {name: place for place, name in reversed(list(enumerate(reading.header.names)))}
    problems.sort(key=lambda problem: (problem.row or 0, places.get(problem.column or "", -1)))
    written = {name: " ".join(reading.header.texts[place].split()) for name, place in places.items() if name}
    return tuple(replace(problem, column=written.get(problem.column or "", problem.column)) for problem in problems)


def _cells_beyond_the_header(reading: Reading) -> list[DesignProblem]:
    n_columns = len(reading.header.names)
    return [
        DesignProblem(number, None, f"{n_columns} cells, as many as the header", f"{len(row)}, the last {row[-1]!r}")
        for number, row in reading.sheet.rows.items()
        if len(row) > n_columns
    ]


def _merged_cells(reading: Reading) -> list[DesignProblem]:
    """Tell each merged area once: a spreadsheet keeps its value in the first cell only, so the others look empty."""
    names, rows = reading.header.names, reading.sheet.rows
    width = max(len(names), *map(len, rows.values()))
    problems: dict[str, DesignProblem] = {}
    for (row, place), area in reading.sheet.merged.items():
        if (row == 1 or row in rows) and place <= width:
            name = names[place - 1] if place <= len(names) else ""
            problems.setdefault(
                area, DesignProblem(row, name or None, "a cell for every row and column", f"{area} merged into one")
            )
    return list(problems.values())


def _blemishes(reading: Reading) -> list[DesignProblem]:
    return [
        DesignProblem(int(row), name, blemish.expected, f"{text!r}, {blemish.remark}")
        for name in reading.cells.columns
        for row, text in zip(reading.cells.index, reading.cells[name], strict=True)
        if (blemish := blemish_of(text)) is not None
    ]


def _unexpected_cells(reading: Reading) -> list[DesignProblem]:
    """Hold every cell to its column; what is merged or blemished has been told already."""
    schema = pa.DataFrameSchema(
        {name: pa.Column(str, _check_of(column)) for name, column in reading.header.columns.items()}
    )
    try:
        schema.validate(reading.cells, lazy=True)
    except pa.errors.SchemaErrors as errors:
        found = errors.failure_cases
        places = {name: place for place, name in reversed(list(enumerate(reading.header.names, 1)))}
        return [
            DesignProblem(int(row), column, expected, _got(text, reading))
            for row, column, expected, text in zip(
                found["index"], found["column"], found["check"], found["failure_case"], strict=True
            )
            if (int(row), places[column]) not in reading.sheet.merged
        ]
    return []


def _check_of(column: DesignColumn) -> pa.Check:
    """Make the test of a column's cells; an optional cell may be empty."""

    def is_accepted(text: str) -> bool:
        if not text:
            return not column.is_required
        return column.read(text) is not None or blemish_of(text) is not None

    def accept(texts: pd.Series[str]) -> pd.Series[bool]:
        return texts.map(is_accepted).astype(bool)

    return pa.Check(accept, error=column.expected)


def _got(text: str, reading: Reading) -> str:
    """Word what was found, with what is likely to be behind it."""
    if not text:
        return "nothing"
    if is_placeholder(text):
        return f"{text!r}; leave a cell empty where nothing is known"
    if is_decimal_comma(text):
        row = _row_with_point(reading)
        return f"{text!r} with a decimal comma" + ("" if row is None else f", but a point in row {row}")
    return repr(text)


def _row_with_point(reading: Reading) -> int | None:
    numeric = [name for name, column in reading.header.columns.items() if column.kind == "float64"]
    for row, texts in reading.cells[numeric].iterrows():
        if any("." in text and as_number(text) is not None for text in texts):
            return int(str(row))
    return None


def _repeated_sections(reading: Reading) -> list[DesignProblem]:
    if "slide" not in reading.known:
        return []
    first_rows: dict[tuple[str, str], int] = {}
    problems = []
    slides = reading.known["slide"]
    sections = reading.known["section"] if "section" in reading.known else [None] * len(slides)
    for row, slide, section in zip(slides.index, slides, sections, strict=True):
        if slide is None:
            continue
        first = first_rows.setdefault((slide, section or ""), row)
        if first != row and section:
            what = f"section {section!r} of {slide!r} again, as in row {first}"
            problems.append(DesignProblem(int(row), "section", "one row for each section", what))
        elif first != row:
            what = f"{slide!r} again, as in row {first}"
            problems.append(DesignProblem(int(row), "slide", "one row for each slide, or a section in each", what))
    return problems


def _unreadable_markers(reading: Reading) -> list[DesignProblem]:
    """Find markers that cannot be read, or are looked for in two places; those of other stains are not looked at."""
    if not {"stain", "marker"} <= set(reading.known):
        return []
    problems = []
    sites: dict[tuple[str, str], tuple[str, int]] = {}
    for row, text, stain in zip(reading.cells.index, reading.cells["marker"], reading.known["stain"], strict=True):
        if stain not in {"dab", "fluorescence"} or blemish_of(text):
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


def _monolayers_without_junctions(reading: Reading) -> list[DesignProblem]:
    """Find monolayers without a protein of junctions: there would be nothing to measure in them."""
    if "preparation" not in reading.known:
        return []
    known = filled(reading)
    stains, markers = (known.get(name, pd.Series("", known.index)).fillna("") for name in ("stain", "marker"))
    problems = []
    for row, preparation, stain, text in zip(known.index, known["preparation"], stains, markers, strict=True):
        if preparation != "monolayer" or _shows_junctions(str(stain), str(text)):
            continue
        expected = "a protein of junctions, such as ZO-1, or a marker with @junction, and stain = dab or fluorescence"
        problems.append(DesignProblem(int(row), "marker", f"{expected}, as preparation = monolayer", repr(text)))
    return problems


def _shows_junctions(stain: str, markers: str) -> bool:
    try:
        return stain in {"dab", "fluorescence"} and bool(read_panel(markers, stain).of_junctions)
    except InvalidArgument:
        return True  # it has a problem of its own


def _odd_timepoints(reading: Reading) -> list[DesignProblem]:
    """Where some timepoints are days, a name among them has no place in their order."""
    if "timepoint" not in reading.known:
        return []
    known = reading.known["timepoint"].dropna()
    is_day = known.map(lambda text: as_day(text) is not None).astype(bool)
    if not is_day.any():
        return []
    return [
        DesignProblem(int(str(row)), "timepoint", "a day, as in the other rows: 7, d7 or day 7", repr(text))
        for row, text in known[~is_day].items()
    ]


def _two_spellings(reading: Reading) -> list[DesignProblem]:
    """Find names that differ from an earlier one only by case, blanks or the make of a letter."""
    problems = []
    for name in (name for name in _NAMED if name in reading.known):
        first_seen: dict[str, tuple[int, str]] = {}
        for row, text in reading.known[name].dropna().items():
            alike = "".join(unicodedata.normalize("NFKC", text).casefold().split())
            first_row, first = first_seen.setdefault(alike, (int(str(row)), text))
            if text != first:
                expected = f"one spelling, {first!r} as in row {first_row}"
                problems.append(DesignProblem(int(str(row)), name, expected, repr(text)))
    return problems


def _two_controls(reading: Reading) -> list[DesignProblem]:
    if not {"group", "control"} <= set(reading.known):
        return []
    marked = reading.known.loc[reading.known["control"].eq(True), "group"].dropna().drop_duplicates()
    return [
        DesignProblem(
            int(str(row)),
            "control",
            f"one control group, {marked.iloc[0]!r} as in row {marked.index[0]}",
            f"{group!r} too",
        )
        for row, group in list(marked.items())[1:]
    ]
