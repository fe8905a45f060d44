"""Rows of the same slide, animal, visit or arm have to agree, and complete one another."""

from __future__ import annotations

import pandas as pd

from histo.errors import DesignProblem
from histo.io.design.column import Scope
from histo.io.design.reading import Reading

__all__ = ["disagreements", "filled"]

_WHOSE: dict[Scope, str] = {
    "slide": "slide {0!r}",
    "animal": "animal {0!r}",
    "visit": "animal {0!r} at timepoint {1!r}",
    "arm": "group {0!r} at timepoint {1!r}",
}


def disagreements(reading: Reading) -> list[DesignProblem]:
    """Find rows that say otherwise than an earlier row of the same slide, animal, visit or arm."""
    problems = []
    for name, column in reading.header.columns.items():
        if column.scope == "section":
            continue
        first_seen: dict[tuple[str, ...], tuple[int, object, str]] = {}
        rows = zip(
            reading.cells.index, reading.keys(column.scope), reading.known[name], reading.cells[name], strict=True
        )
        for row, key, value, text in rows:
            if key is None or value is None:
                continue
            first_row, first, first_text = first_seen.setdefault(key, (row, value, text))
            if value != first:
                expected = f"one {name} of {_whose(column.scope, key)}, {first_text!r} as in row {first_row}"
                problems.append(DesignProblem(int(row), name, expected, repr(text)))
    return problems


def filled(reading: Reading) -> pd.DataFrame:
    """Complete rows by what others say of the same slide, animal, visit or arm.

    Returns
    -------
    DataFrame
        As ``reading.known``, with None left where no row says anything.
    """
    columns = {}
    for name, column in reading.header.columns.items():
        values = reading.known[name]
        if column.scope == "section":
            columns[name] = list(values)
            continue
        keys = reading.keys(column.scope)
        known: dict[tuple[str, ...], object] = {}
        for key, value in zip(keys, values, strict=True):
            if key is not None and value is not None:
                known.setdefault(key, value)
        columns[name] = [
            known.get(key) if value is None and key is not None else value
            for key, value in zip(keys, values, strict=True)
        ]
    return pd.DataFrame(columns, index=reading.known.index, dtype=object)


def _whose(scope: Scope, key: tuple[str, ...]) -> str:
    whose = _WHOSE[scope].format(*key)
    return whose.removesuffix(" at timepoint ''")
