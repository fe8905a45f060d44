"""The first row of a design table: which column is which, in what unit, and what is wrong with their names."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches

from histo.errors import DesignProblem
from histo.io.design.catalogue import COLUMNS, REQUIRED, course_column, known_column
from histo.io.design.column import DesignColumn
from histo.io.design.sheet import Sheet

__all__ = ["Header", "column_name", "misplaced_header", "read_header"]

_WITH_UNIT = re.compile(r"(?P<name>.+?)[ _]*[(\[](?P<unit>[^()\[\]]*)[)\]]", re.DOTALL)
_DAY = re.compile(r"(\w+?)[,:]?_(?:day|d)_?0*(\d{1,3})", re.ASCII)
_ALIASES = {
    "time_point": "timepoint",
    "naf": "na_f",
    "fitcbsa": "fitc_bsa",
    "fitcdextran": "fitc_dextran",
    "weight": "weight_g",
    "body_weight": "weight_g",
    "body_weight_g": "weight_g",
    "µm/px": "mpp",
    "um/px": "mpp",
    "µm_per_px": "mpp",
    "um_per_px": "mpp",
}
# These are near to cage and stain, and are columns of their own.
_NO_MISSPELLINGS = {"age", "strain"}
# A header further down than this is not looked for.
_N_ROWS_OF_TITLE = 20


@dataclass(frozen=True)
class Header:
    """The columns of one table.

    Parameters
    ----------
    texts : tuple of str
        The names as they are written, from left to right.
    names : tuple of str
        The same as they are called in `Design.table`; empty where a column has no name.
    columns : dict of str to DesignColumn
        Those that histo knows, each reading numbers in the unit that its header names.
    problems : tuple of DesignProblem
        What is wrong with the names.
    """

    texts: tuple[str, ...]
    names: tuple[str, ...]
    columns: dict[str, DesignColumn]
    problems: tuple[DesignProblem, ...]


def column_name(header: str) -> str:
    """Read a header leniently: case, spaces and hyphens do not matter, nor does a unit behind a known name.

    Examples
    --------
    >>> column_name("Na-F (µg/ml)"), column_name("Clinical score d7"), column_name("CD4 (%)")
    ('na_f', 'clinical_score_day_7', 'cd4_(%)')
    """
    return _name_and_unit(header)[0]


def read_header(texts: tuple[str, ...]) -> Header:
    """Tell which column is which.

    Parameters
    ----------
    texts : tuple of str
        The cells of the first row.
    """
    named = [_name_and_unit(text) for text in texts]
    names = tuple(name for name, _ in named)
    columns, problems = {}, [*_name_problems(names), *_missing_columns(texts, names)]
    for name, unit in named:
        column = known_column(name)
        if column is None or name in columns:
            continue
        in_unit = column.in_unit(unit) if unit and column.units else column
        if in_unit is None:
            problems.append(DesignProblem(1, name, f"a unit of {', '.join(column.units)}", repr(unit)))
        columns[name] = in_unit or column
    return Header(texts, names, columns, tuple(problems))


def misplaced_header(sheet: Sheet) -> DesignProblem | None:
    """Find out whether a title stands above the names of the columns, or another sheet is in front of the table's."""
    if any(known_column(column_name(text)) is not None for text in sheet.header):
        return None
    above = ", ".join(filter(None, sheet.header))
    for number, row in sheet.rows.items():
        if number > _N_ROWS_OF_TITLE:
            break
        if len({column_name(text) for text in row} & set(REQUIRED)) > 1:
            got = f"{above!r}; they seem to stand in row {number}: delete what is above"
            return DesignProblem(1, None, "the names of the columns in the first row", got)
    if not sheet.where:
        return None
    return DesignProblem(1, None, f"the columns {', '.join(REQUIRED)} in the first row", f"{above!r}{sheet.where}")


def _name_and_unit(header: str) -> tuple[str, str]:
    """Read a header's name, and the unit that stands behind a known one: in brackets, or after a blank if it is one."""
    name = _canonical(header)
    if known_column(name) is not None:
        return name, ""
    in_brackets = _WITH_UNIT.fullmatch(header)
    before, unit = in_brackets.groups() if in_brackets else header.replace("_", " ").rpartition(" ")[::2]
    column = known_column(_canonical(before))
    if column is None or not (in_brackets or column.in_unit(unit)):
        return name, ""
    return column.name, unit.strip()


def _canonical(header: str) -> str:
    name = "_".join(header.lower().replace("μ", "µ").replace("-", " ").replace("_", " ").split())
    name = _ALIASES.get(name, name)
    daily = _DAY.fullmatch(name)
    if daily is not None:
        of_day = course_column(_ALIASES.get(daily[1], daily[1]), int(daily[2]))
        return of_day if known_column(of_day) is not None else name
    return name


def _name_problems(names: tuple[str, ...]) -> list[DesignProblem]:
    problems = [
        DesignProblem(1, name, "each column once", f"{number} columns of this name")
        for name, number in Counter(names).items()
        if name and number > 1
    ]
    return problems + [
        DesignProblem(1, None, "a name for every column", f"none over column {place} of {len(names)}")
        for place, name in enumerate(names, start=1)
        if not name
    ]


def _missing_columns(texts: tuple[str, ...], names: tuple[str, ...]) -> list[DesignProblem]:
    """Find needed columns that are not there, and others that are nearly there."""
    problems = []
    strangers = [name for name in names if name and known_column(name) is None and name not in _NO_MISSPELLINGS]
    for known in (name for name in COLUMNS if name not in names):
        nearest = get_close_matches(known, strangers, n=1, cutoff=0.6 if known in REQUIRED else 0.85)
        if nearest:
            problems.append(DesignProblem(1, known, f"the column {known!r}", f"{nearest[0]!r}; rename it"))
        elif known in REQUIRED:
            problems.append(DesignProblem(1, known, f"the column {known!r}", f"only {', '.join(filter(None, texts))}"))
    return problems
