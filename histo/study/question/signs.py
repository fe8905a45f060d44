"""Which timepoints lie before the clinical signs: by the animals' clinical scores, by declaration, or by assumption."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from histo.errors import InvalidArgument
from histo.study.level.arm import natural_key

__all__ = ["CLINICAL_SCORE", "BeforeSigns", "before_signs", "clinical_scores"]

CLINICAL_SCORE = "clinical_score"
"""The column of the design, and so of the sections table, that holds an animal's clinical score at its timepoint."""


@dataclass(frozen=True)
class BeforeSigns:
    """The pre-symptomatic timepoints of a group.

    Parameters
    ----------
    timepoints : tuple of str
        In order; empty where every timepoint had animals with signs.
    basis : str
        How that is known.
    """

    timepoints: tuple[str, ...]
    basis: str


def clinical_scores(sections: pd.DataFrame) -> pd.DataFrame:
    """Read each animal's clinical score at its timepoint off the sections table.

    Returns
    -------
    DataFrame
        animal, group, timepoint, clinical_score; one row an animal and timepoint with a score, none if nobody has one.
    """
    columns = ["animal", "group", "timepoint", CLINICAL_SCORE]
    if CLINICAL_SCORE not in sections.columns:
        return pd.DataFrame(columns=columns)
    known = sections.loc[sections["animal"] != "", columns].dropna(subset=[CLINICAL_SCORE])
    return known.drop_duplicates(["animal", "timepoint"]).reset_index(drop=True)


def before_signs(scores: pd.DataFrame, group: str, timepoints: list[str], declared: tuple[str, ...]) -> BeforeSigns:
    """Tell which of a group's timepoints are pre-symptomatic.

    Parameters
    ----------
    scores : DataFrame
        What `clinical_scores` read.
    group : str
        The diseased group.
    timepoints : list of str
        Its timepoints.
    declared : tuple of str
        Those that the investigator or a protocol says are; they count, and scores against them are said.

    Raises
    ------
    InvalidArgument
        If a declared timepoint does not exist in any group of the study.
    """
    ordered = sorted(timepoints, key=natural_key)
    of_group = scores[scores["group"] == group]
    has_signs = of_group.loc[of_group[CLINICAL_SCORE] > 0, "timepoint"].unique()
    if declared:
        chosen = tuple(timepoint for timepoint in ordered if timepoint in declared)
        if not chosen:
            raise InvalidArgument(
                f"{group} was not sampled at a timepoint that was declared pre-symptomatic",
                expected=f"one of {', '.join(ordered)}",
                got=", ".join(declared),
            )
        against = [timepoint for timepoint in chosen if timepoint in has_signs]
        objection = f", although animals had a clinical score above 0 at {', '.join(against)}" if against else ""
        return BeforeSigns(chosen, f"declared{objection}")
    scored = [timepoint for timepoint in ordered if timepoint in set(of_group["timepoint"])]
    if scored:
        free = tuple(timepoint for timepoint in scored if timepoint not in has_signs)
        return BeforeSigns(free, "no animal with a score had one above 0")
    if len(ordered) > 1:
        return BeforeSigns((ordered[0],), "assumed, as the earliest timepoint: no clinical scores were given")
    return BeforeSigns((), "there is one timepoint, and no clinical score says whether the animals had signs")
