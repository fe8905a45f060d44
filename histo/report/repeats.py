"""The repeats within a section: villi, crypts, units and positions along the wall, as the results folder keeps them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from histo.study import StudyTables, endpoint_named
from histo.study.level.unit import unit_values

__all__ = ["UNITS_DRAWN_PER_ANIMAL", "RepeatTables", "units_of"]

UNITS_DRAWN_PER_ANIMAL = 60
"""As many units of an animal are drawn in a figure, evenly spaced over its sorted values."""

_COLUMNS = ["group", "timepoint", "segment", "animal", "slide", "section", "value"]


@dataclass(frozen=True, eq=False)
class RepeatTables:
    """The measures of one section, or of many.

    Parameters
    ----------
    villi, crypts, units, layers : DataFrame
        Columns as in the schema.
    """

    villi: pd.DataFrame
    crypts: pd.DataFrame
    units: pd.DataFrame
    layers: pd.DataFrame

    @property
    def units_by_name(self) -> dict[str, pd.DataFrame]:
        """The tables with a row a unit."""
        return {"villi": self.villi, "crypts": self.crypts, "units": self.units}

    def by_section(self) -> dict[tuple[str, str], RepeatTables]:
        """Part the tables by slide and section."""
        tables = (self.villi, self.crypts, self.units, self.layers)
        parts = [dict(list(table.groupby(["slide", "section"], sort=False))) for table in tables]
        nothing = [table.head(0) for table in tables]
        return {
            (str(key[0]), str(key[1])): RepeatTables(
                *(part.get(key, empty) for part, empty in zip(parts, nothing, strict=True))
            )
            for key in dict.fromkeys(key for part in parts for key in part)
        }


def units_of(study: StudyTables, tables: RepeatTables | None, endpoint: str) -> pd.DataFrame:
    """Take the units behind an endpoint, thinned so that they can be drawn.

    Parameters
    ----------
    study : StudyTables
        Says which sections count, and of which animal each is.
    tables : RepeatTables, optional
        The repeats of all sections.
    endpoint : str
        A column of the sections table.

    Returns
    -------
    DataFrame
        group, timepoint, segment, animal, slide, section and value; without rows where the endpoint does not come from
        single units. Of more than `UNITS_DRAWN_PER_ANIMAL` units of an animal in a segment, as many are taken, evenly
        spaced over the sorted values, so that their distribution is that of all.
    """
    values = None if tables is None else _values(tables, endpoint)
    if values is None:
        return pd.DataFrame({name: pd.Series(dtype=float if name == "value" else "str") for name in _COLUMNS})
    whose = study.usable_sections(endpoint)[["slide", "section", "animal", "group", "timepoint", "segment"]]
    return _thinned(values.merge(whose, on=["slide", "section"], how="inner")[_COLUMNS])


def _values(tables: RepeatTables, endpoint: str) -> pd.DataFrame | None:
    """Take slide, section and value of each accepted unit, or of each place along the wall."""
    if endpoint in tables.layers.columns:
        known = tables.layers[tables.layers[endpoint].notna()]
        return known[["slide", "section"]].assign(value=known[endpoint].astype(float))
    return unit_values(tables.units_by_name, endpoint_named(endpoint))


def _thinned(units: pd.DataFrame) -> pd.DataFrame:
    key = ["animal", "timepoint", "segment"]
    ordered = units.sort_values([*key, "value"], kind="stable", ignore_index=True)
    grouped = ordered.groupby(key, sort=False)["value"]
    place, n_units = grouped.cumcount(), grouped.transform("size")
    n_wanted = n_units.clip(upper=UNITS_DRAWN_PER_ANIMAL)
    # A unit is taken where the rounded number of those wanted so far rises; the first lies half a step from the end.
    so_far = ((2 * place + 1) * n_wanted + n_units) // (2 * n_units)
    before = ((2 * place - 1) * n_wanted + n_units) // (2 * n_units)
    return ordered[so_far != before].reset_index(drop=True)
