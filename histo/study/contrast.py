"""Comparisons of two groups of animals: which are made, how each is tested, how the family is corrected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.schema import check_table, empty_table, table_schema
from histo.study.inference.effect import hedges_g, hedges_interval, welch_interval
from histo.study.inference.multiplicity import westfall_young
from histo.study.inference.permutation import permutation_test, smallest_reachable_p
from histo.study.level.arm import Arm, arms_of, reference_for, segments_of
from histo.study.plan import AnalysisPlan

__all__ = ["contrasts_table"]


@dataclass(frozen=True)
class _Comparison:
    """Two arms in one segment: a value for each endpoint (row) and animal (column), missing where there is none."""

    segment: str
    reference: Arm | None
    comparison: Arm
    endpoints: tuple[str, ...]
    values_reference: pd.DataFrame
    values_comparison: pd.DataFrame
    n_sections: pd.Series[int]
    n_comparisons: int


def contrasts_table(
    animals: pd.DataFrame, endpoints: tuple[str, ...], reference: Arm, plan: AnalysisPlan
) -> pd.DataFrame:
    """Compare every group and timepoint with the reference, within each segment.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    endpoints : tuple of str
        One family: p-values are corrected over these, and over the segment's comparisons if the plan says so.
    reference : Arm
        What `histo.study.level.arm.find_reference` found.
    plan : AnalysisPlan
        Level, relabelings and seed.

    Returns
    -------
    DataFrame
        The ``contrasts`` table. Where animals are too few, or are the same on both sides, there is no p-value and the
        columns test and note say why.
    """
    rows = [
        row
        for segment in segments_of(animals)
        for comparison in _comparisons(animals, segment, endpoints, reference)
        for row in _contrasts(comparison, plan)
    ]
    columns = table_schema("contrasts").columns
    if not rows:
        return empty_table(columns)
    order = {endpoint: position for position, endpoint in enumerate(endpoints)}
    table = pd.DataFrame(rows).sort_values("endpoint", key=lambda names: names.map(order), kind="stable")
    return check_table(table, columns)


def _comparisons(
    animals: pd.DataFrame, segment: str, endpoints: tuple[str, ...], reference: Arm
) -> Iterator[_Comparison]:
    rows = animals[animals["segment"] == segment]
    arms = arms_of(rows, reference.group)
    compared = [arm for arm in arms if arm.group != reference.group or (reference.timepoint and arm != reference)]
    for arm in compared:
        against = reference_for(arm, reference, arms)
        yield _Comparison(
            segment,
            against,
            arm,
            endpoints,
            _values(rows, against, endpoints),
            _values(rows, arm, endpoints),
            _n_sections(rows, against, arm, endpoints),
            len(compared),
        )


def _values(rows: pd.DataFrame, arm: Arm | None, endpoints: tuple[str, ...]) -> pd.DataFrame:
    if arm is None:
        return pd.DataFrame(index=list(endpoints))
    chosen = rows[(rows["group"] == arm.group) & (rows["timepoint"] == arm.timepoint)]
    return chosen.pivot_table(
        index="endpoint", columns="animal", values="value", aggfunc="first", observed=True, sort=False
    ).reindex(list(endpoints))


def _n_sections(
    rows: pd.DataFrame, reference: Arm | None, comparison: Arm, endpoints: tuple[str, ...]
) -> pd.Series[int]:
    """Count the sections behind the animals that have a value."""
    arms = [(arm.group, arm.timepoint) for arm in (reference, comparison) if arm is not None]
    is_behind = pd.MultiIndex.from_frame(rows[["group", "timepoint"]]).isin(arms) & rows["value"].notna()
    counts: pd.Series[int] = rows[is_behind].groupby("endpoint")["n_sections"].sum().reindex(list(endpoints))
    return counts.fillna(0).astype(int)


def _contrasts(comparison: _Comparison, plan: AnalysisPlan) -> Iterator[dict[str, object]]:
    adjusted = _adjusted(comparison, plan)
    for endpoint in comparison.endpoints:
        a = comparison.values_reference.loc[endpoint].dropna().to_numpy(dtype=float)
        b = comparison.values_comparison.loc[endpoint].dropna().to_numpy(dtype=float)
        low, high = welch_interval(a, b, plan.level)
        effect_size = hedges_g(a, b)
        effect_low, effect_high = hedges_interval(effect_size, a.size, b.size, plan.level)
        mean_a, mean_b = (float(values.mean()) if values.size else np.nan for values in (a, b))
        yield {
            "endpoint": endpoint,
            "segment": comparison.segment,
            "reference": str(comparison.reference) if comparison.reference else "none",
            "comparison": str(comparison.comparison),
            "contrast": f"{comparison.comparison} - {comparison.reference or 'none'}",
            "estimate": mean_b - mean_a,
            "ci_low": low,
            "ci_high": high,
            "effect_size": effect_size,
            "effect_low": effect_low,
            "effect_high": effect_high,
            "df": np.nan,
            "n_animals_a": a.size,
            "n_animals_b": b.size,
            "n_sections": int(comparison.n_sections[endpoint]),
            "mean_a": mean_a,
            "mean_b": mean_b,
            **_tested(comparison, a, b, adjusted.get(endpoint, np.nan), plan),
        }


def _adjusted(comparison: _Comparison, plan: AnalysisPlan) -> dict[str, float]:
    """Adjust over the endpoints that can be tested; the comparisons count by Bonferroni, for they share animals."""
    a, b = comparison.values_reference, comparison.values_comparison
    n_reference, n_comparison = (values.notna().sum(axis=1).to_dict() for values in (a, b))
    testable = [
        name
        for name in comparison.endpoints
        if not _reason_for_no_test(comparison, n_reference[name], n_comparison[name])
    ]
    if not testable:
        return {}
    p_values = westfall_young(
        a.loc[testable].to_numpy(dtype=float),
        b.loc[testable].to_numpy(dtype=float),
        max_relabelings=plan.max_relabelings,
        seed=plan.seed,
    )
    factor = comparison.n_comparisons if plan.corrects_comparisons else 1
    return dict(zip(testable, np.minimum(p_values * factor, 1.0).tolist(), strict=True))


def _tested(
    comparison: _Comparison,
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    p_adjusted: float,
    plan: AnalysisPlan,
) -> dict[str, object]:
    why_not = _reason_for_no_test(comparison, a.size, b.size)
    if why_not:
        nothing = {"statistic": np.nan, "p": np.nan, "p_adjusted": np.nan, "correction": "none"}
        return {"test": "none", **nothing, "note": why_not}
    outcome = permutation_test(a, b, max_relabelings=plan.max_relabelings, seed=plan.seed)
    how = "exact permutation of animals" if outcome.is_exact else f"permutation of animals drawn with seed {plan.seed}"
    p_value = float(outcome.p_value)
    return {
        "test": f"{how}, Welch t ({outcome.n_relabelings:,} relabelings)",
        "statistic": float(outcome.statistic),
        "p": p_value,
        # Animals without a value take part in the joint relabeling, so it may fall a hair below the single test.
        "p_adjusted": max(p_value, p_adjusted),
        "correction": _correction(comparison, plan),
        "note": _reach(a.size, b.size, comparison.n_comparisons if plan.corrects_comparisons else 1, plan.level),
    }


def _reason_for_no_test(comparison: _Comparison, n_reference: int, n_comparison: int) -> str:
    if comparison.reference is None:
        return (
            f"the reference was not sampled at {comparison.comparison.timepoint or 'this timepoint'} in this segment: "
            "name the group and timepoint to compare against"
        )
    for arm, n_animals in ((comparison.reference, n_reference), (comparison.comparison, n_comparison)):
        if n_animals < 2:
            counted = "only one animal" if n_animals else "no animal"
            return f"{counted} with a value in {arm}: a test needs two in each group"
    if comparison.values_reference.columns.intersection(comparison.values_comparison.columns).size:
        return "the same animals are on both sides: animals that are followed over time need a paired analysis"
    return ""


def _correction(comparison: _Comparison, plan: AnalysisPlan) -> str:
    n_endpoints = len(comparison.endpoints)
    parts = [f"Westfall-Young over {n_endpoints} endpoints"] if n_endpoints > 1 else []
    if plan.corrects_comparisons and comparison.n_comparisons > 1:
        parts.append(f"{'times' if parts else 'Bonferroni:'} {comparison.n_comparisons} comparisons")
    if not parts:
        return "none: one endpoint, one comparison"
    return f"{' '.join(parts)}, within {comparison.segment or 'the study'}"


def _reach(n: int, m: int, n_comparisons: int, level: float) -> str:
    smallest = smallest_reachable_p(n, m)
    if smallest > level:
        return (
            f"{n} and {m} animals cannot reach p <= {level:g}, however large the difference "
            f"(smallest p {smallest:.2g}): read the difference and its interval"
        )
    if smallest * n_comparisons > level:
        return (
            f"{n} and {m} animals cannot reach an adjusted p <= {level:g} with {n_comparisons} comparisons "
            f"(smallest {smallest * n_comparisons:.2g}): read the difference and its interval"
        )
    return ""
