"""The wrong p-value that takes sections for animals, beside the right one, with how often it cries wolf."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from histo.schema import check_table, empty_table, table_schema
from histo.study.level.arm import Arm
from histo.study.level.variance import intraclass_correlation
from histo.study.plan import AnalysisPlan

__all__ = ["SectionCounts", "as_published_table", "false_positive_rate_on_sections"]

_N_STUDIES = 4000
"""So many simulated studies leave a rate of 30 % uncertain by 0.7 percentage points (one standard error)."""


@dataclass(frozen=True)
class SectionCounts:
    """Sections of each animal of the reference and of the comparison.

    Parameters
    ----------
    reference, comparison : tuple of int
        One number an animal.
    """

    reference: tuple[int, ...]
    comparison: tuple[int, ...]


def as_published_table(sections: pd.DataFrame, contrasts: pd.DataFrame, plan: AnalysisPlan) -> pd.DataFrame:
    """Put the p-value on sections beside that on animals, for every contrast.

    Parameters
    ----------
    sections : DataFrame
        What `StudyTables.usable_sections` gives of each endpoint, with a column endpoint.
    contrasts : DataFrame
        The ``contrasts`` table of these endpoints.
    plan : AnalysisPlan
        Level and seed.

    Returns
    -------
    DataFrame
        The ``as_published`` table.

    Notes
    -----
    Taking repeats for independent samples is pseudoreplication; 46 % of the animal experiments that Lazic,
    Clarke-Williams and Munafò surveyed did it (2018, PLoS Biology 16:e2005282). The p-value on sections is that of
    Student's t-test, two-sided; the table does not claim that any one paper used it. The layout is simulated with
    normal values, the very numbers of sections of each animal, no difference between the groups, and the intraclass
    correlation estimated from all arms of the segment.
    """
    columns = table_schema("as_published").columns
    named = sections.assign(
        arm=[str(Arm(*pair)) for pair in zip(sections["group"], sections["timepoint"], strict=True)]
    )
    rows = [_row(contrast, named, plan) for _, contrast in contrasts.iterrows()]
    return check_table(pd.DataFrame(rows), columns) if rows else empty_table(columns)


@cache
def false_positive_rate_on_sections(
    counts: SectionCounts, icc: float, level: float = 0.05, *, n_studies: int = _N_STUDIES, seed: int = 0
) -> float:
    """Simulate how often the t-test on sections finds a difference between groups that do not differ.

    Parameters
    ----------
    counts : SectionCounts
        Sections of each animal.
    icc : float
        Intraclass correlation: share of a section's variance that lies between animals.
    level : float, optional
        Nominal level.
    n_studies, seed : int, optional
        Studies to draw, and the seed of the draw.

    Examples
    --------
    >>> eight = (8, 8, 8, 8, 8)
    >>> round(false_positive_rate_on_sections(SectionCounts(eight, eight), icc=0.0), 1)
    0.1
    >>> false_positive_rate_on_sections(SectionCounts(eight, eight), icc=0.6) > 0.35
    True
    """
    rng = np.random.default_rng(seed)
    a, b = (_draw(sizes, icc, n_studies, rng) for sizes in (counts.reference, counts.comparison))
    return float((stats.ttest_ind(a, b, axis=-1).pvalue <= level).mean())


def _draw(sizes: tuple[int, ...], icc: float, n_studies: int, rng: np.random.Generator) -> NDArray[np.float64]:
    animals = rng.standard_normal((n_studies, len(sizes)))
    sections = rng.standard_normal((n_studies, sum(sizes)))
    drawn: NDArray[np.float64] = np.sqrt(icc) * np.repeat(animals, sizes, axis=1) + np.sqrt(1 - icc) * sections
    return drawn


def _row(contrast: pd.Series, sections: pd.DataFrame, plan: AnalysisPlan) -> dict[str, object]:
    here = sections[(sections["endpoint"] == contrast["endpoint"]) & (sections["segment"] == contrast["segment"])]
    a, b = (here[here["arm"] == contrast[side]] for side in ("reference", "comparison"))
    counts = SectionCounts(*(tuple(side.groupby("animal").size().tolist()) for side in (a, b)))
    icc = intraclass_correlation(here["value"], here["animal"], here["arm"])
    wrong, rate, note = nan, nan, ""
    if min(len(a), len(b)) < 2:
        note = "fewer than two sections on a side"
    else:
        wrong = float(stats.ttest_ind(a["value"], b["value"]).pvalue)
        if np.isfinite(icc):
            rate = false_positive_rate_on_sections(counts, round(icc, 3), plan.level, seed=plan.seed)
            note = f"{_N_STUDIES:,} simulated studies; likeness of sections estimated in this segment, all arms"
        else:
            note = "no animal has two sections, or no arm two animals: the likeness of sections cannot be estimated"
    return {
        "endpoint": contrast["endpoint"],
        "segment": contrast["segment"],
        "contrast": contrast["contrast"],
        "p": contrast["p"],
        "wrong_p_on_sections": wrong,
        "false_positive_rate": rate,
        "icc": icc,
        "n_animals_a": len(counts.reference),
        "n_animals_b": len(counts.comparison),
        "n_sections_a": len(a),
        "n_sections_b": len(b),
        "note": note,
    }
