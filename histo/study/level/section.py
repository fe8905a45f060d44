"""The sections that count for an endpoint: their values, their weights, and why others do not count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.schema import IDENTITY
from histo.study.level.endpoint import Endpoint

if TYPE_CHECKING:
    from histo.study.plan import AnalysisPlan

__all__ = ["JudgedSections", "describe_estimator", "dropped_sections", "judge_sections", "usable_sections"]

_IDENTITY = [column.name for column in IDENTITY]
_TRIMMED = {"trimmed_mean": "trimmed mean (a tenth off each end)", "median": "median"}


@dataclass(frozen=True, eq=False)
class JudgedSections:
    """What each section has to say of one endpoint.

    Parameters
    ----------
    value : (n,) array
        In the endpoint's unit; missing of a section that does not count.
    weight : (n,) array
        What it counts in its animal's mean, relative to the animal's other sections.
    n_units : (n,) array
        Accepted villi, crypts or units behind it; missing where none are counted.
    reasons : dict of str to (n,) bool array
        Why sections do not count.
    """

    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    n_units: NDArray[np.float64]
    reasons: dict[str, NDArray[np.bool_]]


def judge_sections(sections: pd.DataFrame, endpoint: Endpoint, plan: AnalysisPlan) -> JudgedSections:
    """Tell which sections count for an endpoint, and how much.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table.
    endpoint : Endpoint
        Which of its columns.
    plan : AnalysisPlan
        Minimum repeats, and the weights of sections.

    Raises
    ------
    InvalidArgument
        If the plan weighs by the wall's length, and the table has none.
    """
    value = sections[endpoint.name].to_numpy(dtype=float)
    is_counted = endpoint.repeats in sections.columns
    n_units = sections[endpoint.repeats].to_numpy(dtype=float) if is_counted else np.full(len(value), np.nan)
    has_value = np.isfinite(value)
    least = _least(endpoint, plan)
    is_below = has_value & (n_units < least)
    reasons = {f"below {least} {endpoint.repeat_noun}": is_below, "without a value": ~has_value}
    weight = np.ones(len(value))
    if plan.section_weights == "units" and is_counted:
        weight = n_units
        reasons[f"without {endpoint.repeat_noun}"] = has_value & ~is_below & ~(weight > 0)
    elif plan.section_weights == "wall_length":
        weight = _wall_length(sections)
        reasons["without a length of wall to weigh by"] = has_value & ~is_below & ~(weight > 0)
    is_dropped = np.logical_or.reduce(list(reasons.values()))
    return JudgedSections(np.where(is_dropped, np.nan, value), np.where(is_dropped, 0.0, weight), n_units, reasons)


def usable_sections(sections: pd.DataFrame, endpoint: Endpoint, plan: AnalysisPlan) -> pd.DataFrame:
    """Choose the sections that count for an endpoint.

    Returns
    -------
    DataFrame
        The identity columns, ``value``, ``weight`` and ``n_units``; sections without an animal, without a value or
        below the minimum repeats are left out.
    """
    known = sections[sections["animal"] != ""]
    judged = judge_sections(known, endpoint, plan)
    rows = known[_IDENTITY].assign(value=judged.value, weight=judged.weight, n_units=judged.n_units)
    return rows.dropna(subset=["value"])


def dropped_sections(sections: pd.DataFrame, endpoint: Endpoint, plan: AnalysisPlan) -> pd.DataFrame:
    """List the sections of known animals that do not count for an endpoint.

    Returns
    -------
    DataFrame
        The identity columns, ``endpoint`` and ``reason``.
    """
    known = sections[sections["animal"] != ""]
    reasons = judge_sections(known, endpoint, plan).reasons
    parts = [known.loc[is_dropped, _IDENTITY].assign(reason=reason) for reason, is_dropped in reasons.items()]
    return pd.concat(parts).sort_index(kind="stable").assign(endpoint=endpoint.name)[[*_IDENTITY, "endpoint", "reason"]]


def describe_estimator(endpoint: Endpoint, plan: AnalysisPlan) -> str:
    """Say in words how an animal's value is made from its sections, and theirs from units.

    Examples
    --------
    >>> from histo.study import AnalysisPlan, endpoint_named
    >>> describe_estimator(endpoint_named("crypt_depth_um"), AnalysisPlan(minimum_sections=2))
    'mean of at least 2 sections, each the same weight; section: mean of accepted crypts, at least 3'
    """
    weights = "each the same weight"
    if plan.section_weights == "units" and endpoint.repeats:
        weights = f"weighted by {endpoint.repeat_noun}"
    elif plan.section_weights == "wall_length":
        weights = "weighted by length of wall"
    least = f"at least {plan.minimum_sections} sections" if plan.minimum_sections > 1 else "sections"
    within = endpoint.estimator
    if endpoint.unit_table and plan.section_estimator != "mean":
        within = f"{_TRIMMED[plan.section_estimator]} of {endpoint.repeat_noun}"
    needed = ""
    if endpoint.repeats:
        noun = f" {endpoint.repeat_noun}" if endpoint.least_repeats else ""
        needed = f", at least {_least(endpoint, plan)}{noun}"
    return f"mean of {least}, {weights}; section: {within}{needed}"


def _least(endpoint: Endpoint, plan: AnalysisPlan) -> int:
    return plan.minimum_repeats if endpoint.least_repeats is None else endpoint.least_repeats


def _wall_length(sections: pd.DataFrame) -> NDArray[np.float64]:
    if "wall_length_mm" not in sections.columns:
        raise InvalidArgument(
            "sections cannot be weighed by the length of their wall",
            expected="a column wall_length_mm",
            got=f"columns {', '.join(map(str, sections.columns))}",
            next_step="Let each section count the same: section_weights='equal'.",
        )
    return sections["wall_length_mm"].to_numpy(dtype=float)
