"""How much an endpoint scatters between animals, sections and units, and what that makes of the number of sections."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from histo.schema import check_table, empty_table, table_schema
from histo.study.level.arm import segments_of
from histo.study.level.endpoint import Endpoint, endpoint_named
from histo.study.level.nested import NestedVariance, nested_variance
from histo.study.level.section import usable_sections
from histo.study.level.unit import unit_values

if TYPE_CHECKING:
    from histo.study.plan import AnalysisPlan

__all__ = ["effective_sections", "intraclass_correlation", "segment_variance", "variance_components"]

_ESTIMATOR = "analysis of variance of unweighted means; intervals: modified large sample (variance), F (correlation)"
_KEY = ["slide", "section"]


def variance_components(
    sections: pd.DataFrame,
    endpoints: list[str],
    plan: AnalysisPlan,
    *,
    units: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Estimate how much each level of a study scatters.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table.
    endpoints : list of str
        Which of its columns.
    plan : AnalysisPlan
        Which sections count and what they weigh; intervals cover ``1 - plan.level``.
    units : mapping of str to DataFrame, optional
        Tables of units by name (``villi``, ``crypts``, ``units``). Without them the scatter of units stands with that
        of sections.

    Returns
    -------
    DataFrame
        The ``variance_components`` table: for each endpoint and segment a row a level that can be told apart. Segments
        where no group has two animals have no row.

    Notes
    -----
    The model is: fixed group x timepoint, within each segment; random animal, section within animal, unit within
    section. See `histo.study.level.nested.nested_variance` for the estimator and its sources. An animal that was
    sampled at several timepoints counts at each as another: the degrees of freedom are then somewhat too many, which
    the note says.
    """
    rows = [
        row
        for endpoint in map(endpoint_named, endpoints)
        for segment in segments_of(sections[sections["animal"] != ""])
        for row in _rows(endpoint, segment, *_take_apart(sections, endpoint, segment, plan, units), plan.level)
    ]
    columns = table_schema("variance_components").columns
    return check_table(pd.DataFrame(rows), columns) if rows else empty_table(columns)


def segment_variance(
    sections: pd.DataFrame,
    endpoint: str,
    segment: str,
    plan: AnalysisPlan,
    *,
    units: Mapping[str, pd.DataFrame] | None = None,
) -> NestedVariance | None:
    """Estimate the variances of one endpoint in one segment, to compute with.

    Returns
    -------
    NestedVariance or None
        None where no group has two animals.
    """
    return _take_apart(sections, endpoint_named(endpoint), segment, plan, units)[0]


def intraclass_correlation(values: pd.Series, animals: pd.Series, arms: pd.Series) -> float:
    """Estimate the intraclass correlation of sections within animals, ICC(1), pooled over arms.

    Parameters
    ----------
    values : Series
        One endpoint, one row a section.
    animals, arms : Series
        Whose section it is, and which group (and timepoint, segment) that animal belongs to.

    Returns
    -------
    float
        0 to 1; an estimate below 0 is given as 0. Missing when no arm has two animals or no animal two sections.

    Notes
    -----
    As `histo.study.level.nested.NestedVariance.section_correlation` (Thomas and Hultquist 1978, Ann Stat 6:582).

    Examples
    --------
    >>> sections = pd.Series([10.0, 10.0, 20.0, 20.0])
    >>> intraclass_correlation(sections, pd.Series(list("aabb")), pd.Series(["control"] * 4))
    1.0
    """
    frame = pd.DataFrame({"value": values.to_numpy(dtype=float), "animal": animals.to_numpy(), "arm": arms.to_numpy()})
    nested = nested_variance(frame.dropna(subset=["value"]).assign(weight=1.0))
    return nested.section_correlation()[0] if nested is not None else float("nan")


def effective_sections(n_sections: float, icc: float) -> float:
    """Tell how many independent sections so many sections of one animal are worth: n / (1 + (n - 1) ICC).

    Examples
    --------
    >>> round(effective_sections(8, 0.5), 2)
    1.78
    """
    return n_sections / (1 + (n_sections - 1) * icc)


def _take_apart(
    sections: pd.DataFrame,
    endpoint: Endpoint,
    segment: str,
    plan: AnalysisPlan,
    units: Mapping[str, pd.DataFrame] | None,
) -> tuple[NestedVariance | None, str]:
    """Estimate the variances in one segment, and say what a reader must know of them."""
    usable = _countable(sections, endpoint, plan, segment)
    rows, note = _with_units(usable, endpoint, plan, units)
    return nested_variance(rows), "; ".join(filter(None, (note, _followed(usable))))


def _countable(sections: pd.DataFrame, endpoint: Endpoint, plan: AnalysisPlan, segment: str) -> pd.DataFrame:
    """Choose the sections of animals that have enough of them, with the arm that each stands in."""
    usable = usable_sections(sections[sections["segment"] == segment], endpoint, plan)
    arm = usable["group"] + "\n" + usable["timepoint"]
    n_sections = usable.groupby(["animal", "timepoint"])["value"].transform("size")
    return usable.assign(arm=arm)[n_sections >= plan.minimum_sections]


def _with_units(
    usable: pd.DataFrame, endpoint: Endpoint, plan: AnalysisPlan, units: Mapping[str, pd.DataFrame] | None
) -> tuple[pd.DataFrame, str]:
    """Lay the scatter of a section's units beside its value; say why, where units cannot be told apart."""
    rows = usable[[*_KEY, "value", "animal", "arm", "weight"]]
    accepted = unit_values(units or {}, endpoint)
    if accepted is None:
        why = f"{endpoint.repeat_noun} were not at hand" if endpoint.unit_table else "it is no mean of units"
        return rows, f"section holds the scatter within sections too: {why}"
    if plan.section_estimator != "mean":
        name = plan.section_estimator.replace("_", " ")
        return rows, f"section holds the scatter within sections too: its value is a {name}"
    of_section = accepted.groupby(_KEY)["value"].agg(["size", "var"])
    of_section = of_section.reindex(pd.MultiIndex.from_frame(rows[_KEY]))
    n_units = of_section["size"].to_numpy(dtype=float)
    if not (n_units >= 1).all():
        return rows, f"section holds the scatter within sections too: some have no {endpoint.repeat_noun} at hand"
    squares = np.nan_to_num(of_section["var"].to_numpy(dtype=float)) * (n_units - 1)
    return rows.assign(n_units=n_units, squares=squares), ""


def _followed(usable: pd.DataFrame) -> str:
    is_followed = usable.drop_duplicates(["animal", "timepoint"]).duplicated("animal").any()
    return "animals were sampled at several timepoints, and count at each as another" if is_followed else ""


def _rows(
    endpoint: Endpoint, segment: str, nested: NestedVariance | None, note: str, level: float
) -> list[dict[str, object]]:
    if nested is None:
        return []
    components = nested.components
    total = float(np.maximum(components, 0.0).sum())
    icc = {"animal": nested.section_correlation(level)}
    if "unit" in nested.levels and total > 0:
        icc["section"] = (1 - max(components[-1], 0.0) / total, float("nan"), float("nan"))
    if "section" not in nested.levels:
        note = "; ".join(filter(None, (note, "animal holds the scatter of sections too: each animal has one")))
    n_each = {"animal": nested.per_animal, "section": nested.per_section}
    rows: list[dict[str, object]] = []
    for place, name in enumerate(nested.levels):
        own = np.eye(len(nested.levels))[place]
        variance, (low, high) = nested.estimate(own), nested.interval(own, level)
        below = f"estimated below 0 ({components[place]:.3g}), given as 0" if components[place] < 0 else ""
        correlation = icc.get(name, (float("nan"),) * 3)
        rows.append(
            {
                "endpoint": endpoint.name,
                "segment": segment,
                "level": name,
                "variance": variance,
                "ci_low": low,
                "ci_high": high,
                "sd": sqrt(variance),
                "share": variance / total if total > 0 else float("nan"),
                **dict(zip(("icc", "icc_low", "icc_high"), correlation, strict=True)),
                "n": int(nested.counts[place]),
                "df": int(nested.df[place]),
                "n_each": n_each[name] if name in nested.levels[:-1] else float("nan"),
                "estimator": _ESTIMATOR,
                "note": "; ".join(filter(None, (note, below))),
            }
        )
    return rows
