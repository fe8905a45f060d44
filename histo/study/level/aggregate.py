"""Sections to animals, animals to groups: each step's estimator, and what it left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from histo.schema import check_table, empty_table, table_schema
from histo.study.level.endpoint import Endpoint, endpoint_named
from histo.study.level.section import JudgedSections, describe_estimator, judge_sections

if TYPE_CHECKING:
    from histo.study.plan import AnalysisPlan

__all__ = ["ESTIMATORS", "animals_table", "groups_table"]

ESTIMATORS = {
    "section": "A section's value is the mean over its accepted villi, crypts or units, or the median along its wall.",
    "animal": "An animal's value is the unweighted mean of its sections in that segment: each section counts the same, "
    "however many villi it shows.",
    "group": "A group's value is the unweighted mean of its animals at that timepoint, with a t interval between "
    "animals.",
}
"""How each level is made from the one below it, unless the plan says otherwise."""

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
        Minimum repeats of a section, minimum sections of an animal, and what a section counts.

    Returns
    -------
    DataFrame
        The ``animals`` table. An animal below the minimum keeps its row with an empty value and a note.
    """
    known = sections[sections["animal"] != ""]
    columns = table_schema("animals").columns
    if known.empty or not endpoints:
        return empty_table(columns)
    owner = known.groupby(_ANIMAL_KEY, sort=False).ngroup().to_numpy()
    animals = known[_ANIMAL_KEY].drop_duplicates().reset_index(drop=True)
    parts = []
    for name in endpoints:
        endpoint = endpoint_named(name)
        averaged = _averaged(judge_sections(known, endpoint, plan), owner, endpoint, plan)
        parts.append(pd.concat([animals, averaged], axis=1))
    return check_table(pd.concat(parts, ignore_index=True), columns)


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
    table = table.assign(
        ci_low=table["mean"] - half_width,
        ci_high=table["mean"] + half_width,
        estimator=f"mean of animals, each the same weight; {1 - level:.0%} t interval between animals",
    )
    return check_table(table, columns)


def _averaged(
    judged: JudgedSections, owner: NDArray[np.integer], endpoint: Endpoint, plan: AnalysisPlan
) -> pd.DataFrame:
    """Average over the sections of each owner: 0, 1, 2, ..."""
    is_used = np.isfinite(judged.value)
    value = np.where(is_used, judged.value, 0.0)

    def total(of_section: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.bincount(owner, weights=of_section, minlength=owner.max() + 1).astype(np.float64)

    n = total(is_used)
    plain_mean = total(value) / np.maximum(n, 1)
    deviation = np.where(is_used, value - plain_mean[owner], 0.0)
    is_short = (n > 0) & (n < plan.minimum_sections)
    has_value = (n > 0) & ~is_short
    weighted = plain_mean + total(judged.weight * deviation) / np.where(has_value, total(judged.weight), np.nan)
    dropped = {reason: total(is_dropped).astype(int) for reason, is_dropped in judged.reasons.items()}
    n_units = total(np.where(is_used, judged.n_units, 0.0))  # missing where nothing is counted
    columns: dict[str, object] = {
        "value": np.where(has_value, weighted, np.nan),
        "sd": np.sqrt(total(deviation**2) / np.where(has_value & (n > 1), n - 1, np.nan)),
        "n_sections": n.astype(int),
        "n_dropped": sum(dropped.values()),
        "n_units": n_units,
        "endpoint": endpoint.name,
        "estimator": describe_estimator(endpoint, plan),
        "note": [
            _note({reason: int(counts[place]) for reason, counts in dropped.items()}, bool(is_short[place]), plan)
            for place in range(len(n))
        ],
    }
    return pd.DataFrame(columns)


def _note(dropped: dict[str, int], is_short: bool, plan: AnalysisPlan) -> str:
    parts = [f"{n} {reason}" for reason, n in dropped.items() if n]
    if is_short:
        parts.append(f"fewer than {plan.minimum_sections} sections left, so the animal has no value")
    return "; ".join(parts)
