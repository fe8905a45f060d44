"""Two arms side by side over several segments: all that is asked of their animals, tested and corrected at once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from histo.study.comparison import Comparison, comparisons_of
from histo.study.contrast import adjust_jointly, compare_endpoints
from histo.study.inference import Inference
from histo.study.level.arm import Arm
from histo.study.plan import AnalysisPlan

__all__ = ["arm_names", "compare_rows", "comparisons_in", "row_key", "row_of"]


def row_key(endpoint: str, segment: str) -> str:
    """Name the row of an endpoint in a segment."""
    return f"{endpoint} | {segment}"


def comparisons_in(
    animals: pd.DataFrame,
    endpoints: tuple[str, ...],
    segments: list[str],
    reference: Arm,
    covariates: pd.DataFrame,
) -> list[Comparison]:
    """Put every arm beside the reference, all segments together.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    endpoints, segments : tuple, list of str
        What is compared, and where.
    reference : Arm
        What to compare with.
    covariates : DataFrame
        What `histo.study.strata.covariates_of_animals` gathered; may be empty.

    Returns
    -------
    list of Comparison
        Their values have a row for each `row_key`, segments within endpoints.
    """
    stacked = animals.assign(endpoint=animals["endpoint"] + " | " + animals["segment"])
    keys = tuple(row_key(endpoint, segment) for endpoint in endpoints for segment in segments)
    return list(comparisons_of(stacked, "", keys, reference, covariates))


def row_of(values: pd.DataFrame, key: str) -> pd.Series[float]:
    """Take one row of a comparison's values: a value an animal, missing where it has none."""
    row: pd.Series[float] = values.T[key]
    return row


def arm_names(comparison: Comparison) -> tuple[str, str]:
    """Name reference and comparison."""
    return (str(comparison.reference or "none"), str(comparison.comparison))


def compare_rows(comparison: Comparison, plan: AnalysisPlan, *, times: int = 1) -> dict[str, tuple[Inference, float]]:
    """Compare two arms in every row of their values, and correct over the rows.

    Parameters
    ----------
    comparison : Comparison
        Two arms.
    plan : AnalysisPlan
        Level, relabelings, seed.
    times : int, optional
        How many such families belong together: adjusted p-values are multiplied by it (Bonferroni).

    Returns
    -------
    dict of str to (Inference, float)
        By row, the test and its adjusted p-value (Westfall and Young 1993, step-down maxT over rows); missing where
        nothing could be tested.
    """
    keys = tuple(str(key) for key in comparison.values_a.index)
    results = compare_endpoints(comparison, keys, plan, times)
    p_values = np.array([result.p for result in results], dtype=float)
    # Animals without a value take part in the joint relabeling, so it might fall a hair below the single test.
    adjusted = np.fmax(p_values, np.minimum(times * adjust_jointly(comparison, p_values, plan), 1.0))
    return dict(zip(keys, zip(results, adjusted.tolist(), strict=True), strict=True))
