"""How much was seen, rejected and dropped, and how alike sections of one animal are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import isfinite

import pandas as pd

from histo.report.wording import describe_flag
from histo.study import StudyTables, effective_sections, endpoint_named, intraclass_correlation

__all__ = ["Likeness", "Loss", "Quality", "quality_of"]


@dataclass(frozen=True)
class Likeness:
    """How alike the sections of one animal are in one endpoint.

    Parameters
    ----------
    label : str
        The endpoint.
    icc : float
        Intraclass correlation, pooled over groups and segments.
    n_sections, n_effective : float
        Mean sections of an animal in a segment, and how many independent ones they are worth.
    """

    label: str
    icc: float
    n_sections: float
    n_effective: float


@dataclass(frozen=True)
class Loss:
    """What one reason for excluding cost.

    Parameters
    ----------
    meaning : str
        The reason in words.
    n_sections : int
        Sections where it occurs.
    area_mm2, tissue_mm2 : float
        All of it, and the part that the model had labelled as tissue.
    """

    meaning: str
    n_sections: int
    area_mm2: float
    tissue_mm2: float


@dataclass(frozen=True)
class Quality:
    """What a reader needs in order to trust the numbers or not.

    Parameters
    ----------
    n_villi, n_villi_accepted, n_crypts, n_crypts_accepted : int
        Over all sections.
    flags : list of (str, int)
        Each remark in words, and the sections that carry it; the most frequent first.
    losses : list of Loss
        What was excluded, by reason, the costliest first.
    likeness : list of Likeness
        For the plan's endpoints; empty without animals.
    """

    n_villi: int
    n_villi_accepted: int
    n_crypts: int
    n_crypts_accepted: int
    flags: list[tuple[str, int]]
    losses: list[Loss]
    likeness: list[Likeness]


def quality_of(study: StudyTables, exclusions: pd.DataFrame | None = None) -> Quality:
    """Count what was accepted, flagged, excluded and alike."""
    sections = study.sections
    flags = Counter(flag for remarks in sections["flags"].fillna("") for flag in str(remarks).split())
    counts = {name: int(sections[name].sum()) for name in _COUNTS}
    return Quality(
        **counts,
        flags=[
            (describe_flag(flag), count) for flag, count in sorted(flags.items(), key=lambda item: (-item[1], item[0]))
        ],
        losses=[] if exclusions is None else _losses(exclusions),
        likeness=[found for name in study.plan.endpoints if (found := _likeness(study, name)) is not None],
    )


_COUNTS = ("n_villi", "n_villi_accepted", "n_crypts", "n_crypts_accepted")


def _losses(exclusions: pd.DataFrame) -> list[Loss]:
    losses = [
        Loss(str(meaning), len(rows), float(rows["area_mm2"].sum()), float(rows["tissue_mm2"].sum()))
        for meaning, rows in exclusions.groupby("meaning")
    ]
    return sorted(losses, key=lambda loss: (-loss.tissue_mm2, loss.meaning))


def _likeness(study: StudyTables, endpoint: str) -> Likeness | None:
    usable = study.usable_sections(endpoint)
    if usable.empty:
        return None
    arms = usable["group"] + "\n" + usable["timepoint"] + "\n" + usable["segment"]
    icc = intraclass_correlation(usable["value"], usable["animal"], arms)
    if not isfinite(icc):
        return None
    n_sections = len(usable) / usable.groupby(["animal", "timepoint", "segment"]).ngroups
    return Likeness(endpoint_named(endpoint).label, icc, n_sections, effective_sections(n_sections, icc))
