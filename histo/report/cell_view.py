"""The part of the page on cells and scores: how many lie where in each group, and how sections were graded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import pandas as pd

from histo.errors import InvalidArgument
from histo.report.wording import NOTHING, format_value
from histo.study import ENDPOINTS, Arm, Endpoint, StudyTables
from histo.study.level.arm import arms_of, segments_of

__all__ = [
    "CellView",
    "DensityRow",
    "GradeCounts",
    "ScoredProfile",
    "by_arm",
    "cell_view",
    "reference_of",
    "write_mean",
]


@dataclass(frozen=True)
class DensityRow:
    """One group at one timepoint in one segment.

    Parameters
    ----------
    segment, arm : str
        Where and which.
    n_animals : int
        Animals with a value of any endpoint.
    means : list of str
        Mean over animals with its interval, an endpoint each.
    """

    segment: str
    arm: str
    n_animals: int
    means: list[str]


@dataclass(frozen=True)
class GradeCounts:
    """Sections of one group at one timepoint in one segment, by grade.

    Parameters
    ----------
    segment, arm : str
        Where and which.
    counts : list of int
        As many as the profile has grades in this study, in their order.
    n_without : int
        Sections that could not be scored.
    """

    segment: str
    arm: str
    counts: list[int]
    n_without: int


@dataclass(frozen=True)
class ScoredProfile:
    """What one rubric says of the study.

    Parameters
    ----------
    name : str
        The profile with its version.
    grades : list of str
        Those that were given, the mildest first.
    rows : list of GradeCounts
        By segment and group.
    examples : list of (str, str)
        Each grade with a section's explanation, by lines.
    reasons : list of (str, int)
        Why sections could not be scored, and how many.
    """

    name: str
    grades: list[str]
    rows: list[GradeCounts]
    examples: list[tuple[str, str]]
    reasons: list[tuple[str, int]]


@dataclass(frozen=True)
class CellView:
    """All of it."""

    endpoints: list[Endpoint]
    densities: list[DensityRow]
    profiles: list[ScoredProfile]


def cell_view(study: StudyTables, scores: pd.DataFrame | None) -> CellView | None:
    """Gather densities by group and grades by group.

    Parameters
    ----------
    study : StudyTables
        Its sections carry densities where cells were counted.
    scores : DataFrame, optional
        The ``scores`` table.

    Returns
    -------
    CellView or None
        None where no cells were counted and nothing was scored.
    """
    endpoints = [ENDPOINTS[name] for name in study.endpoints if name in ENDPOINTS and ENDPOINTS[name].is_of_cells]
    reference = reference_of(study)
    by_profile = [] if scores is None else [rows for _, rows in scores.groupby("profile", sort=False)]
    graded = [_profile(rows, reference) for rows in by_profile]
    if not endpoints and not graded:
        return None
    return CellView(endpoints, _densities(study.groups(), endpoints, reference), graded)


def _densities(groups: pd.DataFrame, endpoints: list[Endpoint], reference: str) -> list[DensityRow]:
    of_cells = groups[groups["endpoint"].isin([endpoint.name for endpoint in endpoints])]
    rows = []
    for segment, arm, own in by_arm(of_cells, reference):
        by_name = {row["endpoint"]: row for row in own.to_dict("records")}
        means = [write_mean(by_name[endpoint.name], endpoint) for endpoint in endpoints]
        rows.append(DensityRow(segment, arm, int(own["n_animals"].max()), means))
    return rows


def write_mean(row: dict[Hashable, Any], endpoint: Endpoint) -> str:
    """Write the mean of a row of the groups table with its interval, where it has one."""
    if not isfinite(row["mean"]):
        return NOTHING
    mean = format_value(row["mean"], endpoint, has_unit=False)
    if not isfinite(row["ci_low"]):
        return mean
    low, high = (format_value(row[end], endpoint, has_unit=False) for end in ("ci_low", "ci_high"))
    return f"{mean} ({low} to {high})"


def _profile(scores: pd.DataFrame, reference: str) -> ScoredProfile:
    first = scores.iloc[0]
    given = scores[scores["grade"] != ""]
    grades = list(given.sort_values(["rank", "grade"])["grade"].unique())
    reasons = Counter(scores.loc[scores["grade"] == "", "reason"])
    examples = given.drop_duplicates("grade").set_index("grade")
    return ScoredProfile(
        name=f"{first['label']} (profile {first['profile']}, version {first['version']})",
        grades=grades,
        rows=[
            GradeCounts(
                segment, arm, [int((own["grade"] == grade).sum()) for grade in grades], int((own["grade"] == "").sum())
            )
            for segment, arm, own in by_arm(scores, reference)
        ],
        examples=[
            (f"{examples.loc[grade, 'slide']} / {examples.loc[grade, 'section']}", examples.loc[grade, "explanation"])
            for grade in grades
        ],
        reasons=sorted(reasons.items(), key=lambda item: (-item[1], item[0])),
    )


def reference_of(study: StudyTables) -> str:
    """Name the group that the others are compared with; empty where it cannot be told."""
    try:
        return study.reference().group
    except InvalidArgument:
        return ""


def by_arm(table: pd.DataFrame, reference: str) -> list[tuple[str, str, pd.DataFrame]]:
    """Part a table by segment, then by group, the reference first, and timepoint; rows without a group come last."""
    parts = []
    for segment in segments_of(table):
        here = table[table["segment"] == segment]
        for arm in [
            *arms_of(here, reference),
            *(Arm("", time) for time in here.loc[here["group"] == "", "timepoint"].unique()),
        ]:
            own = here[(here["group"] == arm.group) & (here["timepoint"] == arm.timepoint)]
            parts.append((segment, str(arm), own))
    return parts
