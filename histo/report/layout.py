"""What was asked: the layout of the study and the decisions that were taken before anyone looked at the numbers."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from histo.report.wording import NOTHING, plural
from histo.study import AnalysisPlan, Arm, StudyTables, endpoint_named
from histo.study.level import arms_of, segments_of

__all__ = ["Layout", "LayoutRow", "layout_of"]


_WEIGHTS = {
    "equal": "the same as every other of its animal",
    "units": "by the number of its accepted villi, crypts or units",
    "wall_length": "by the length of its wall",
}


@dataclass(frozen=True)
class LayoutRow:
    """One group at one timepoint: how many animals and sections there are in each segment."""

    arm: str
    cells: list[str]


@dataclass(frozen=True)
class Layout:
    """The study's question and layout.

    Parameters
    ----------
    question : str
        What is compared with what, in a sentence; empty where nothing is.
    segments : list of str
        The columns of the table.
    rows : list of LayoutRow
        By group and timepoint, the reference first; empty without animals.
    decisions : list of (str, str)
        What the plan says, by name.
    protocol : list of (str, str)
        Title, source and notes of the protocol that is followed; empty where there is none.
    remarks : list of str
        What the protocol asks for and the study lacks, what was left out for it, and which batches, cages or sexes
        stand for groups.
    """

    question: str
    segments: list[str]
    rows: list[LayoutRow]
    decisions: list[tuple[str, str]]
    protocol: list[tuple[str, str]]
    remarks: list[str]


def layout_of(study: StudyTables, contrasts: pd.DataFrame) -> Layout:
    """Count animals and sections, and read the plan.

    Parameters
    ----------
    study : StudyTables
        The study.
    contrasts : DataFrame
        The ``contrasts`` table; without rows where nothing could be compared.
    """
    known = study.sections[study.sections["animal"] != ""]
    reference = str(contrasts["reference"].iloc[0]).split(" @ ")[0] if len(contrasts) else ""
    segments = segments_of(known)
    arms = arms_of(known, reference)
    arms += [Arm("", str(time)) for time in sorted(known.loc[known["group"] == "", "timepoint"].unique())]
    return Layout(
        question=_question(study.plan, contrasts, segments),
        segments=segments,
        rows=[
            LayoutRow(
                str(arm) if arm.group else f"no group{arm}", [_count(known, arm, segment) for segment in segments]
            )
            for arm in arms
        ],
        decisions=_decisions(study.plan),
        protocol=_protocol(study),
        remarks=[*study.remarks, *(f"{warning[0].upper()}{warning[1:]}" for warning in study.warnings)],
    )


def _protocol(study: StudyTables) -> list[tuple[str, str]]:
    protocol = study.protocol
    if protocol is None:
        return []
    endpoints = [(entry.name, f"{entry.definition} {entry.origin.capitalize()}.") for entry in protocol.endpoints]
    said = [("Protocol", f"{protocol.title} ({protocol.id}, version {protocol.version})")]
    said += [("After", protocol.citation)] if protocol.citation else []
    said += [("Notes", protocol.notes.strip())] if protocol.notes.strip() else []
    return said + endpoints


def _question(plan: AnalysisPlan, contrasts: pd.DataFrame, segments: list[str]) -> str:
    if contrasts.empty:
        return ""
    pairs = contrasts[["comparison", "reference"]].drop_duplicates()
    by_reference = {
        str(against): " and ".join(own["comparison"]) for against, own in pairs.groupby("reference", sort=False)
    }
    said = "; ".join(f"{compared} from {against}" for against, compared in by_reference.items())
    names = [endpoint_named(name).label for name in plan.endpoints]
    where = (
        f", in each of {', '.join(segments)}" if len(segments) > 1 else f", in {segments[0]}" if any(segments) else ""
    )
    listed = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    return f"Does {listed} differ in {said}{where}?"


def _count(sections: pd.DataFrame, arm: Arm, segment: str) -> str:
    own = sections[
        (sections["group"] == arm.group) & (sections["timepoint"] == arm.timepoint) & (sections["segment"] == segment)
    ]
    return f"{plural(own['animal'].nunique(), 'animal')}, {plural(len(own), 'section')}" if len(own) else NOTHING


def _decisions(plan: AnalysisPlan) -> list[tuple[str, str]]:
    family = ", ".join(endpoint_named(name).label for name in plan.endpoints)
    return [
        ("Unit of analysis", "the animal; sections, villi and crypts are repeats"),
        ("Tested endpoints", f"{family}: one family, whose p-values are corrected together"),
        (
            "Comparisons",
            "belong to the family too"
            if plan.corrects_comparisons
            else "each a question of its own, not corrected for",
        ),
        (
            "A section counts from",
            f"{plan.minimum_repeats} accepted villi, crypts or units on, for the endpoints that rest on them",
        ),
        ("A section weighs", _WEIGHTS[plan.section_weights]),
        ("An animal counts from", f"{plural(plan.minimum_sections, 'section')} with a value on"),
        ("A difference holds at", f"adjusted p ≤ {plan.level:g}; intervals cover {100 * (1 - plan.level):g} %"),
    ]
