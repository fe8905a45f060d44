"""The villi, crypts, villus-crypt units and junctions behind the value of a section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.level.endpoint import Endpoint, endpoint_named

if TYPE_CHECKING:
    from histo.study.plan import AnalysisPlan

__all__ = ["UNIT_TABLES", "restate_sections", "unit_values"]

UNIT_TABLES = ("villi", "crypts", "units")
"""Tables of a results folder with a row a unit."""

_KEY = ["slide", "section"]
_TRIM = 0.1


def unit_values(units: Mapping[str, pd.DataFrame], endpoint: Endpoint) -> pd.DataFrame | None:
    """Choose the accepted units of an endpoint.

    Parameters
    ----------
    units : mapping of str to DataFrame
        Tables of units by name, as `histo.io.results.read_table` reads them.
    endpoint : Endpoint
        What is asked about.

    Returns
    -------
    DataFrame or None
        ``slide``, ``section`` and ``value``, a row a unit that was accepted and has a value; None where the endpoint is
        no mean of units, or their table is not at hand.
    """
    if endpoint.unit_table not in units:
        return None
    table = units[endpoint.unit_table]
    if "is_accepted" in table.columns:
        table = table[table["is_accepted"]]
    rows = pd.DataFrame({name: table[name] for name in _KEY} | {"value": table[endpoint.unit_column].astype(float)})
    return rows[rows["value"].abs() < np.inf].reset_index(drop=True)


def restate_sections(
    sections: pd.DataFrame, units: Mapping[str, pd.DataFrame], endpoints: list[str], plan: AnalysisPlan
) -> pd.DataFrame:
    """Make the sections' values from their units as the plan says, where it does not say mean.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table, whose values are means.
    units : mapping of str to DataFrame
        Tables of units by name.
    endpoints : list of str
        Columns to make anew; those that are no mean of units stay as they are.
    plan : AnalysisPlan
        Says how.

    Returns
    -------
    DataFrame
        A copy, or `sections` itself where the plan says mean.

    Raises
    ------
    InvalidArgument
        If a table of units is not at hand.
    """
    if plan.section_estimator == "mean":
        return sections
    of_units = [endpoint for endpoint in map(endpoint_named, endpoints) if endpoint.unit_table]
    missing = sorted({endpoint.unit_table for endpoint in of_units} - set(units))
    if missing:
        raise InvalidArgument(
            f"the plan wants a {plan.section_estimator.replace('_', ' ')} of units, whose tables are not at hand",
            expected=f"tables {', '.join(missing)}",
            got=", ".join(units) or "none",
            next_step="Read the study from its results folder, or leave section_estimator at 'mean'.",
        )
    keys = pd.MultiIndex.from_frame(sections[_KEY])
    columns = {}
    for endpoint in of_units:
        rows = unit_values(units, endpoint)
        if rows is not None:
            grouped = rows.groupby(_KEY)["value"]
            made = grouped.median() if plan.section_estimator == "median" else grouped.agg(_trimmed_mean)
            columns[endpoint.name] = made.reindex(keys).to_numpy()
    return sections.assign(**columns)


def _trimmed_mean(values: pd.Series[float]) -> float:
    return float(stats.trim_mean(values.to_numpy(dtype=float), _TRIM))
