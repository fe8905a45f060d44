"""Comparisons of two groups of animals: which are made, how each is tested, how the family is corrected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.study.by_segment import table_by_segment
from histo.study.comparison import Comparison, comparisons_of
from histo.study.inference import Inference, adjust, compare_two, smallest_reachable_p, westfall_young
from histo.study.level.arm import Arm
from histo.study.plan import AnalysisPlan

__all__ = ["adjust_jointly", "compare_endpoints", "contrasts_table"]

_MUCH_MORE_SCATTER = 2.0
"""Standard deviation of the smaller group over that of the other at which 9 % of null studies come out positive."""


def contrasts_table(
    animals: pd.DataFrame,
    endpoints: tuple[str, ...],
    reference: Arm,
    plan: AnalysisPlan,
    covariates: pd.DataFrame | None = None,
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
        Level, relabelings, seed, covariates, correction.
    covariates : DataFrame, optional
        One row an animal, the index; the plan's covariates as columns, as far as the design has them.

    Returns
    -------
    DataFrame
        The ``contrasts`` table. Where animals are too few there is no p-value, and the columns test and note say why.
        Animals that are on both sides are compared with themselves.
    """
    known = pd.DataFrame() if covariates is None else covariates
    return table_by_segment(
        "contrasts",
        animals,
        endpoints,
        lambda of_segment: _in_segment(of_segment, endpoints, reference, plan, known),
    )


def _in_segment(
    animals: pd.DataFrame,
    endpoints: tuple[str, ...],
    reference: Arm,
    plan: AnalysisPlan,
    covariates: pd.DataFrame,
) -> list[dict[str, object]]:
    """Test all comparisons of a segment, then correct: over endpoints, and over comparisons if the plan says so."""
    segment = str(animals["segment"].iloc[0])
    comparisons = list(comparisons_of(animals, segment, endpoints, reference, covariates))
    factor = len(comparisons) if plan.corrects_comparisons else 1
    tested = [compare_endpoints(comparison, endpoints, plan, factor) for comparison in comparisons]
    adjusted = _adjusted(comparisons, tested, plan, factor)
    correction = _correction(plan, len(endpoints), factor, segment)
    return [
        {
            "endpoint": endpoint,
            "segment": segment,
            **_described(comparison, endpoint),
            **_outcome(result, p_adjusted, correction),
        }
        for comparison, results, p_values in zip(comparisons, tested, adjusted, strict=True)
        for endpoint, result, p_adjusted in zip(endpoints, results, p_values, strict=True)
    ]


def compare_endpoints(
    comparison: Comparison, endpoints: tuple[str, ...], plan: AnalysisPlan, factor: int
) -> list[Inference]:
    """Test every endpoint of a comparison, within strata or within animals where there are such.

    Parameters
    ----------
    comparison : Comparison
        Two arms.
    endpoints : tuple of str
        Rows of its values.
    plan : AnalysisPlan
        Level, relabelings, seed.
    factor : int
        How many comparisons p-values will be corrected for: where that puts the level out of reach, the note says so.

    Returns
    -------
    list of Inference
        One an endpoint, with the reason in its note where nothing could be tested.
    """
    results = []
    for endpoint in endpoints:
        a, b = comparison.values_of(endpoint)
        why_not = _reason_for_no_test(comparison, a, b)
        if why_not:
            results.append(
                Inference("none", n_a=int(np.isfinite(a).sum()), n_b=int(np.isfinite(b).sum()), note=why_not)
            )
            continue
        found = compare_two(
            a, b, strata=comparison.labels, level=plan.level, max_relabelings=plan.max_relabelings, seed=plan.seed
        )
        if comparison.is_paired:
            found = replace(found, test=found.test.replace("animals within strata", "timepoints within animals"))
        elif comparison.strata.names:
            found = replace(found, test=found.test.replace("strata", " and ".join(comparison.strata.names)))
        reach = _reach(comparison, a, b, factor, plan.level)
        scatter = _unequal_scatter(a[np.isfinite(a)], b[np.isfinite(b)])
        results.append(
            replace(found, note="; ".join(filter(None, (reach, found.note, scatter, _left_out(comparison)))))
        )
    return results


def _reason_for_no_test(comparison: Comparison, a: NDArray[np.float64], b: NDArray[np.float64]) -> str:
    if comparison.reference is None:
        return (
            f"the reference was not sampled at {comparison.comparison.timepoint or 'this timepoint'} in this segment: "
            "name the group and timepoint to compare against"
        )
    for arm, values in ((comparison.reference, a), (comparison.comparison, b)):
        n_animals = int(np.isfinite(values).sum())
        if n_animals < 2:
            counted = "only one animal" if n_animals else "no animal"
            where = f"both {arm} and the other" if comparison.is_paired else str(arm)
            return f"{counted} with a value in {where}: a test needs two in each group"
    return ""


def _left_out(comparison: Comparison) -> str:
    """Tell which animals or covariates do not take part."""
    if not comparison.is_paired:
        return comparison.strata.note
    n_alone = comparison.values_a.columns.symmetric_difference(comparison.values_b.columns).size
    return f"{n_alone} animals that are on one side only were left out" if n_alone else ""


def _adjusted(
    comparisons: list[Comparison], tested: list[list[Inference]], plan: AnalysisPlan, factor: int
) -> list[list[float]]:
    """Adjust the p-values of a segment, comparison by comparison."""
    if not tested:
        return []
    p_values = np.array([[result.p for result in results] for results in tested]).reshape(len(tested), -1)
    if plan.correction != "westfall_young":
        whole = plan.corrects_comparisons
        families = [p_values.ravel()] if whole else list(p_values)
        adjusted = np.concatenate([adjust(family, plan.correction) for family in families]) if families else p_values
        return adjusted.reshape(p_values.shape).tolist()
    rows = [adjust_jointly(comparison, row, plan) for comparison, row in zip(comparisons, p_values, strict=True)]
    # Comparisons share the reference's animals and count by Bonferroni. Animals without a value take part in the joint
    # relabeling, so the adjusted p-value might fall a hair below the single test's.
    return [np.fmax(row, np.minimum(factor * joint, 1.0)).tolist() for row, joint in zip(p_values, rows, strict=True)]


def adjust_jointly(comparison: Comparison, p_values: NDArray[np.float64], plan: AnalysisPlan) -> NDArray[np.float64]:
    """Adjust over the endpoints that could be tested, by relabelling animals with all of them.

    Parameters
    ----------
    comparison : Comparison
        Two arms.
    p_values : (endpoints,) array
        One for each row of its values, missing where nothing was tested; a single one stays as it is.
    plan : AnalysisPlan
        Relabelings, seed.
    """
    is_tested = np.isfinite(p_values)
    adjusted = p_values.copy()
    if is_tested.sum() > 1:
        a, b = (side.to_numpy(dtype=float)[is_tested] for side in comparison.sides)
        adjusted[is_tested] = westfall_young(
            a, b, strata=comparison.labels, max_relabelings=plan.max_relabelings, seed=plan.seed
        )
    return adjusted


def _described(comparison: Comparison, endpoint: str) -> dict[str, object]:
    mean_a, mean_b = (
        float(np.nanmean(values)) if np.isfinite(values).any() else np.nan for values in comparison.values_of(endpoint)
    )
    return {
        "contrast": comparison.contrast,
        "reference": str(comparison.reference) if comparison.reference else "none",
        "comparison": str(comparison.comparison),
        "n_sections": int(comparison.n_sections[endpoint]),
        "mean_a": mean_a,
        "mean_b": mean_b,
        # Where nothing could be tested, the difference still is what it is.
        "estimate": mean_b - mean_a,
    }


def _outcome(result: Inference, p_adjusted: float, correction: str) -> dict[str, object]:
    is_tested = result.test != "none"
    return {
        **({"estimate": result.estimate} if is_tested else {}),
        "ci_low": result.ci_low,
        "ci_high": result.ci_high,
        "effect_size": result.effect_size,
        "effect_low": result.effect_low,
        "effect_high": result.effect_high,
        "test": result.test,
        "statistic": result.statistic,
        "df": result.df,
        "p": result.p,
        "p_plain": result.p_plain,
        "p_adjusted": p_adjusted,
        "correction": correction if is_tested else "none",
        "n_animals_a": result.n_a,
        "n_animals_b": result.n_b,
        "note": result.note,
    }


def _correction(plan: AnalysisPlan, n_endpoints: int, n_comparisons: int, segment: str) -> str:
    where = f"within {segment or 'the study'}"
    if plan.correction != "westfall_young":
        name = {"holm": "Holm", "bh": "Benjamini-Hochberg"}[plan.correction]
        n_tests = n_endpoints * n_comparisons
        return f"{name} over {n_tests} tests, {where}" if n_tests > 1 else "none: one endpoint, one comparison"
    parts = [f"Westfall-Young over {n_endpoints} endpoints"] if n_endpoints > 1 else []
    if n_comparisons > 1:
        parts.append(f"{'times' if parts else 'Bonferroni:'} {n_comparisons} comparisons")
    return f"{' '.join(parts)}, {where}" if parts else "none: one endpoint, one comparison"


def _reach(comparison: Comparison, a: NDArray[np.float64], b: NDArray[np.float64], factor: int, level: float) -> str:
    """Say where so few animals cannot give a small p-value, whatever the difference."""
    has_a, has_b = np.isfinite(a), np.isfinite(b)
    n, m = int(has_a.sum()), int(has_b.sum())
    labels = comparison.labels
    smallest = smallest_reachable_p(n, m, None if labels is None else (labels[0][has_a], labels[1][has_b]))
    if smallest > level:
        return (
            f"{n} and {m} animals cannot reach p <= {level:g}, however large the difference "
            f"(smallest p {smallest:.2g}): read the difference and its interval"
        )
    if smallest * factor > level:
        return (
            f"{n} and {m} animals cannot reach an adjusted p <= {level:g} with {factor} comparisons "
            f"(smallest {smallest * factor:.2g}): read the difference and its interval"
        )
    return ""


def _unequal_scatter(a: NDArray[np.float64], b: NDArray[np.float64]) -> str:
    """Warn where the test errs too often: its smaller group scatters more (benchmarks/type_one_error.py)."""
    if a.size == b.size:
        return ""
    fewer, more = sorted((a, b), key=len)
    if fewer.std(ddof=1) < _MUCH_MORE_SCATTER * more.std(ddof=1):
        return ""
    return (
        f"the {fewer.size} animals of the smaller group scatter twice as much as the {more.size} of the other or more: "
        "if that is no chance, the p-value is too small and the interval too narrow; groups of equal size are safe"
    )
