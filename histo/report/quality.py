"""How much was seen, rejected and excluded, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from histo.report.cell_view import reference_of
from histo.report.wording import NOTHING, describe_flag, describe_reject
from histo.study import StudyTables
from histo.study.level import arms_of

__all__ = ["Acceptance", "Loss", "Quality", "Rejection", "quality_of"]


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
class Rejection:
    """What one reason for not accepting a villus or crypt cost.

    Parameters
    ----------
    reason : str
        In words.
    n_villi, n_crypts : int
        Over all sections.
    """

    reason: str
    n_villi: int
    n_crypts: int


@dataclass(frozen=True)
class Acceptance:
    """How much of what was found counts in one group at one timepoint: groups should not differ much.

    Parameters
    ----------
    arm : str
        Group and timepoint.
    n_sections : int
        Sections of known animals.
    villi, crypts : str
        Accepted of found, and the share.
    """

    arm: str
    n_sections: int
    villi: str
    crypts: str


@dataclass(frozen=True)
class Quality:
    """What a reader needs in order to trust the numbers or not.

    Parameters
    ----------
    n_villi, n_villi_accepted, n_crypts, n_crypts_accepted : int
        Over all sections.
    rejections : list of Rejection
        Why the others do not count, the most frequent reason first.
    acceptance : list of Acceptance
        The same shares by group; empty without groups.
    flags : list of (str, int)
        Each remark in words, and the sections that carry it; the most frequent first.
    losses : list of Loss
        What was excluded, by reason, the costliest first.
    """

    n_villi: int
    n_villi_accepted: int
    n_crypts: int
    n_crypts_accepted: int
    rejections: list[Rejection]
    acceptance: list[Acceptance]
    flags: list[tuple[str, int]]
    losses: list[Loss]


def quality_of(study: StudyTables, exclusions: pd.DataFrame | None = None) -> Quality:
    """Count what was accepted, rejected, flagged and excluded."""
    sections = study.sections
    flags = Counter(flag for remarks in sections["flags"].fillna("") for flag in str(remarks).split())
    counts = {name: int(sections[name].sum()) for name in _COUNTS}
    return Quality(
        **counts,
        rejections=_rejections(sections),
        acceptance=_acceptance(study),
        flags=[
            (describe_flag(flag), count) for flag, count in sorted(flags.items(), key=lambda item: (-item[1], item[0]))
        ],
        losses=[] if exclusions is None else _losses(exclusions),
    )


_COUNTS = ("n_villi", "n_villi_accepted", "n_crypts", "n_crypts_accepted")


def _rejections(sections: pd.DataFrame) -> list[Rejection]:
    villi, crypts = (_reasons(sections[column]) for column in ("villi_rejected", "crypts_rejected"))
    found = [Rejection(describe_reject(code), villi[code], crypts[code]) for code in sorted({*villi, *crypts})]
    return sorted(found, key=lambda rejection: -rejection.n_villi - rejection.n_crypts)


def _reasons(column: pd.Series) -> Counter[str]:
    """Add up ``detached=4 tangential=2`` over sections."""
    total: Counter[str] = Counter()
    for entry in (part for told in column.fillna("") for part in str(told).split()):
        code, _, count = entry.partition("=")
        total[code] += int(count) if count.isdecimal() else 0
    return total


def _acceptance(study: StudyTables) -> list[Acceptance]:
    known = study.sections[study.sections["animal"] != ""]
    rows = []
    for arm in arms_of(known, reference_of(study)):
        own = known[(known["group"] == arm.group) & (known["timepoint"] == arm.timepoint)]
        villi, crypts = (_share(own, noun) for noun in ("villi", "crypts"))
        rows.append(Acceptance(str(arm), len(own), villi, crypts))
    return rows


def _share(sections: pd.DataFrame, noun: str) -> str:
    accepted, found = int(sections[f"n_{noun}_accepted"].sum()), int(sections[f"n_{noun}"].sum())
    return f"{accepted:,} of {found:,} ({accepted / found:.0%})".replace("%", " %") if found else NOTHING


def _losses(exclusions: pd.DataFrame) -> list[Loss]:
    losses = [
        Loss(str(meaning), len(rows), float(rows["area_mm2"].sum()), float(rows["tissue_mm2"].sum()))
        for meaning, rows in exclusions.groupby("meaning")
    ]
    return sorted(losses, key=lambda loss: (-loss.tissue_mm2, loss.meaning))
