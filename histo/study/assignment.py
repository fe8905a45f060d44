"""Give each section its animal, group, timepoint and segment from a design table."""

from __future__ import annotations

import logging

import pandas as pd

from histo.errors import InvalidDesign
from histo.io.design import Design, as_slide
from histo.schema import table_schema
from histo.study.level.arm import natural_key

__all__ = ["assign_animals"]

_log = logging.getLogger(__name__)

_ASSIGNED = ("animal", "group", "timepoint", "segment")


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
        sections, and the column ``section_name`` holds the name. The design's further columns (control, batch, sex,
        ...) are added where the table has none of that name.
    """
    own_names = {column.name for column in table_schema("sections").columns}
    extra = [name for name in design.table.columns if name not in own_names]
    named = _rows_in_order(sections, design)
    rows = [
        named.get((str(slide), str(section)), _row(design, str(slide), str(section)))
        for slide, section in zip(sections["slide"], sections["section"], strict=True)
    ]
    n_unknown = sum(row is None for row in rows)
    if n_unknown:
        _log.warning("%d of %d sections have no row in %s and count nowhere", n_unknown, len(rows), design.path)
    assigned = sections.copy()
    for name in _ASSIGNED:
        assigned[name] = pd.Series(
            ["" if row is None else str(row[name]) for row in rows], index=sections.index, dtype="str"
        )
    for name in extra:
        assigned[name] = pd.Series([None if row is None else row[name] for row in rows], index=sections.index)
    if named:
        keys = zip(sections["slide"].astype(str), sections["section"].astype(str), strict=True)
        names = ["" if (row := named.get(key)) is None else str(row["section"]) for key in keys]
        assigned["section_name"] = pd.Series(names, index=sections.index, dtype="str")
    return assigned


def _rows_in_order(sections: pd.DataFrame, design: Design) -> dict[tuple[str, str], pd.Series]:
    """Match rows that name sections otherwise than s1, s2, ... to the sections of their slide, one to one."""
    matched: dict[tuple[str, str], pd.Series] = {}
    for slide, found in sections.groupby("slide")["section"]:
        of_slide = design.table[(design.table["slide"] == as_slide(str(slide))) & (design.table["section"] != "")]
        has_own_names = not of_slide["section"].str.fullmatch(r"s\d+").any()
        if has_own_names and len(of_slide) == len(found):
            ids = sorted(found.astype(str), key=natural_key)
            matched |= {(str(slide), name): row for name, (_, row) in zip(ids, of_slide.iterrows(), strict=True)}
    return matched


def _row(design: Design, slide: str, section: str) -> pd.Series | None:
    try:
        return design.row_for(slide, section)
    except InvalidDesign:
        return None
