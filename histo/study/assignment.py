"""Give each section its animal, group, timepoint and segment from a design table."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import pandas as pd

from histo.io.design import Design, as_slide, known_column
from histo.schema import table_schema
from histo.study.level.arm import natural_key

__all__ = ["assign_animals", "rows_without_section"]

_log = logging.getLogger(__name__)

_ASSIGNED = ("animal", "group", "timepoint", "segment")
_NOWHERE = -1
_NUMBERED = re.compile(r"s\d+", re.ASCII)


def assign_animals(sections: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Replace what the sections say of their animals by what the design says.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table.
    design : Design
        The table to go by.

    Returns
    -------
    DataFrame
        A copy. A section without a row in the design is of no known animal, whatever it said before. Where the design
        gives a slide's sections names of its own, one for each that was found, its rows are taken in the order of the
        sections, and the column ``section_name`` holds the name. The design's further columns are added: control,
        batch, sex, cage, clinical scores, weights, permeability and those that histo does not know; what an earlier
        design said in them is gone. No column of the ``sections`` table is replaced.
    """
    named = _named_in_order(sections, design)
    places = _places(sections, design, named)
    n_unknown = sum(place == _NOWHERE for place in places)
    if n_unknown:
        _log.warning("%d of %d sections have no row in %s and count nowhere", n_unknown, len(places), design.path)
    own_names = set(table_schema("sections").names)
    extra = [name for name in design.table.columns if name not in own_names]
    stale = [name for name in sections.columns if name not in own_names and known_column(str(name)) is not None]
    assigned = sections.drop(columns=[*stale, "section_name"], errors="ignore")
    for name in (*_ASSIGNED, *extra):
        assigned[name] = _taken(design.table[name], places, sections.index)
    if named:
        keys = zip(sections["slide"].astype(str), sections["section"].astype(str), strict=True)
        names = ["" if key not in named else str(design.table["section"].iloc[named[key]]) for key in keys]
        assigned["section_name"] = pd.Series(names, index=sections.index, dtype="str")
    return assigned


def rows_without_section(sections: pd.DataFrame, design: Design) -> list[str]:
    """Say which rows of the design name a section that was not found on its slide.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table; slides that are not in it were not scored, and are not looked at.
    design : Design
        The table to go by.

    Returns
    -------
    list of str
        One line a row.
    """
    used = set(_places(sections, design, _named_in_order(sections, design)))
    found = sections.groupby("slide")["section"].agg(lambda names: ", ".join(sorted(names, key=natural_key)))
    found.index = [as_slide(str(slide)) for slide in found.index]
    rows = zip(design.table.index, design.table["slide"], design.table["section"], strict=True)
    return [
        f"row {row}, column 'section': expected one of the pieces of gut on {slide!r} ({found[slide]}); got {section!r}"
        for place, (row, slide, section) in enumerate(rows)
        if section and slide in found.index and place not in used
    ]


def _named_in_order(sections: pd.DataFrame, design: Design) -> dict[tuple[str, str], int]:
    """Match rows that name sections otherwise than s1, s2, ... to the sections of their slide, one to one."""
    matched: dict[tuple[str, str], int] = {}
    for slide, found in sections.groupby("slide")["section"]:
        named = {name: place for name, place in design.places_of(str(slide)).items() if name}
        has_own_names = not any(_NUMBERED.fullmatch(name) for name in named)
        if has_own_names and len(named) == len(found):
            ids = sorted(found.astype(str), key=natural_key)
            matched |= {(str(slide), name): place for name, place in zip(ids, named.values(), strict=True)}
    return matched


def _places(sections: pd.DataFrame, design: Design, named: Mapping[tuple[str, str], int]) -> list[int]:
    """Find the place in the design's table of each section's row: matched by name, its own, or that of its slide."""
    places = []
    for slide, section in zip(sections["slide"].astype(str), sections["section"].astype(str), strict=True):
        of_slide = design.places_of(slide)
        places.append(named.get((slide, section), of_slide.get(section, of_slide.get("", _NOWHERE))))
    return places


def _taken(column: pd.Series[Any], places: Sequence[int], index: pd.Index[Any]) -> pd.Series[Any]:
    """Take a column's values for the sections; nothing where a section has no row."""
    nothing = {"bool": False, "float64": nan}.get(str(column.dtype), "")
    values = [nothing if place == _NOWHERE else column.iloc[place] for place in places]
    return pd.Series(values, index=index, dtype=column.dtype)
