"""Sections to animals, animals to groups: each step's estimator, and what it left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from histo.schema import IDENTITY, check_table, empty_table, table_schema
from histo.study.level.endpoint import Endpoint, endpoint_named

if TYPE_CHECKING:
    from histo.study.plan import AnalysisPlan

__all__ = ["ESTIMATORS", "animals_table", "groups_table", "usable_sections"]

ESTIMATORS = {
    "section": "A section's value is the mean over its accepted villi, crypts or units, or the median along its wall.",
    "animal": "An animal's value is the unweighted mean of its sections in that segment: each section counts the same, "
    "however many villi it shows.",
    "group": "A group's value is the unweighted mean of its animals at that timepoint, with a t interval between "
    "animals.",
}
"""How each level is made from the one below it."""

_ANIMAL_KEY = ["animal", "group", "timepoint", "segment"]


def animals_table(sections: pd.DataFrame, endpoints: list[str], plan: AnalysisPlan) -> pd.DataFrame:
    """Average the sections of each animal, per segment and endpoint.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table. Rows without an animal are left out: nobody knows whose they are.
    endpoints : list of str
        Columns to average.
    plan : AnalysisPlan
        Minimum repeats of a section, minimum sections of an animal.

    Returns
    -------
    DataFrame
        The ``animals`` table. An animal below the minimum keeps its row with an empty value and a note.
    """
    known = sections[sections["animal"] != ""]
    parts = [_animals_for(known, endpoint_named(name), plan) for name in endpoints]
    columns = table_schema("animals").columns
    return check_table(pd.concat(parts, ignore_index=True), columns) if len(known) else empty_table(columns)


def usable_sections(sections: pd.DataFrame, endpoint: Endpoint, plan: AnalysisPlan) -> pd.DataFrame:
    """Choose the sections that count for an endpoint.

    Returns
    -------
    DataFrame
        The identity columns and ``value``; sections without an animal, without a value or below the minimum repeats are
        left out.
    """
    known = sections[sections["animal"] != ""]
    value, _, _ = _judged(known, endpoint, plan)
    return known[[column.name for column in IDENTITY]].assign(value=value).dropna(subset=["value"])


def groups_table(animals: pd.DataFrame, level: float = 0.05) -> pd.DataFrame:
    """Average the animals of each group and timepoint, per segment and endpoint.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    level : float, optional
        The interval covers ``1 - level``.

    Returns
    -------
    DataFrame
        The ``groups`` table. The interval is empty where there is one animal: nothing is known between animals then.
    """
    columns = table_schema("groups").columns
    if animals.empty:
        return empty_table(columns)
    with_value = animals.assign(is_used=animals["value"].notna(), n_used=animals["n_sections"])
    with_value.loc[~with_value["is_used"], "n_used"] = 0
    grouped = with_value.groupby(["group", "timepoint", "segment", "endpoint"], sort=False)
    table = grouped.agg(
        mean=("value", "mean"), sd=("value", "std"), n_animals=("is_used", "sum"), n_sections=("n_used", "sum")
    ).reset_index()
    n = table["n_animals"].to_numpy(dtype=float)
    quantile = stats.t.ppf(1 - level / 2, np.maximum(n - 1, 1))
    half_width = np.where(n >= 2, quantile * table["sd"] / np.sqrt(np.maximum(n, 1)), np.nan)
    return check_table(table.assign(ci_low=table["mean"] - half_width, ci_high=table["mean"] + half_width), columns)


def _animals_for(sections: pd.DataFrame, endpoint: Endpoint, plan: AnalysisPlan) -> pd.DataFrame:
    value, is_missing, is_below = _judged(sections, endpoint, plan)
    frame = sections[_ANIMAL_KEY].assign(value=value, n_without_value=is_missing, n_below_minimum=is_below)
    grouped = frame.groupby(_ANIMAL_KEY, sort=False)
    table = grouped.agg(
        value=("value", "mean"),
        sd=("value", "std"),
        n_sections=("value", "count"),
        n_without_value=("n_without_value", "sum"),
        n_below_minimum=("n_below_minimum", "sum"),
    ).reset_index()
    is_short = (table["n_sections"] > 0) & (table["n_sections"] < plan.minimum_sections)
    table.loc[is_short, ["value", "sd"]] = np.nan
    return table.assign(
        endpoint=endpoint.name,
        n_dropped=table["n_without_value"] + table["n_below_minimum"],
        note=[
            _note(endpoint, plan, without, below, short)
            for without, below, short in zip(table["n_without_value"], table["n_below_minimum"], is_short, strict=True)
        ],
    ).drop(columns=["n_without_value", "n_below_minimum"])


def _judged(
    sections: pd.DataFrame, endpoint: Endpoint, plan: AnalysisPlan
) -> tuple[pd.Series[float], pd.Series[bool], pd.Series[bool]]:
    """Each section's value if it counts; whether it has none; whether too few repeats are behind it."""
    value = sections[endpoint.name].astype(float)
    is_missing = ~value.abs().lt(np.inf)
    is_below = pd.Series(False, index=sections.index)
    if endpoint.repeats:
        is_below = ~is_missing & (sections[endpoint.repeats] < plan.minimum_repeats)
    return value.mask(is_missing | is_below), is_missing, is_below


def _note(endpoint: Endpoint, plan: AnalysisPlan, n_without_value: int, n_below: int, is_short: bool) -> str:
    parts = []
    if n_below:
        parts.append(f"{n_below} below {plan.minimum_repeats} {endpoint.repeat_noun}")
    if n_without_value:
        parts.append(f"{n_without_value} without a value")
    if is_short:
        parts.append(f"fewer than {plan.minimum_sections} sections left, so the animal has no value")
    return "; ".join(parts)
