"""Give each section its animal, group, timepoint and segment from a design table."""

from __future__ import annotations

import logging

import pandas as pd

from histo.errors import InvalidDesign
from histo.io.design import Design
from histo.schema import table_schema

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
        A copy. A section without a row in the design is of no known animal, whatever it said before. The design's
        further columns (control, batch, sex, ...) are added where the table has none of that name.
    """
    own_names = {column.name for column in table_schema("sections").columns}
    extra = [name for name in design.table.columns if name not in own_names]
    rows = [
        _row(design, str(slide), str(section))
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
    return assigned


def _row(design: Design, slide: str, section: str) -> pd.Series | None:
    try:
        return design.row_for(slide, section)
    except InvalidDesign:
        return None
