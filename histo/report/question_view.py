"""The field's named questions on the page: each with its findings in sentences and its numbers in a table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from histo.errors import InvalidArgument
from histo.report.wording import NOTHING, format_effect, format_p
from histo.study import StudyTables, endpoint_named
from histo.study.tables import QUESTIONS

__all__ = ["Finding", "QuestionView", "question_views"]

_HEADINGS = {
    "onset": ("Onset", "Which endpoints differ at the earliest timepoint, and which is the first to do so?"),
    "progression": ("Progression", "Which endpoints go on changing over time, and which follow the clinical score?"),
    "barrier": ("Barrier", "Is the barrier as a whole worse: structure, junctions, infiltrate, permeability?"),
    "segment": ("Part of the gut", "Where in the gut does it differ?"),
}
_SUMMARIES = {"first": "whole", "composite": "part"}


@dataclass(frozen=True)
class Finding:
    """One row of the ``questions`` table, ready to print."""

    sentence: str
    endpoint: str
    place: str
    effect_size: str
    p_adjusted: str
    n_animals: str
    test: str
    note: str
    is_shown: bool
    sums_up: str


@dataclass(frozen=True)
class QuestionView:
    """One question.

    Parameters
    ----------
    name, heading, asked : str
        Its code, its name and the question in words.
    findings : list of Finding
        In the order of the table.
    why_none : str
        Why it has no answer; empty where it has one.
    """

    name: str
    heading: str
    asked: str
    findings: list[Finding]
    why_none: str

    @property
    def told(self) -> list[Finding]:
        """Those that sum up, and those that say what was shown unless a summary of the whole names them."""
        has_summary = any(finding.sums_up == "whole" for finding in self.findings)
        return [finding for finding in self.findings if finding.sums_up or (finding.is_shown and not has_summary)]


def question_views(study: StudyTables) -> list[QuestionView]:
    """Ask a study the questions of its protocol, or all; one that it cannot answer says why."""
    asked = [entry.name for entry in study.protocol.questions] if study.protocol else []
    return [_view(study, name) for name in asked or QUESTIONS]


def _view(study: StudyTables, name: str) -> QuestionView:
    heading, question = _HEADINGS[name]
    try:
        table = study.questions((name,))
    except InvalidArgument as error:
        return QuestionView(name, heading, question, [], str(error))
    why = "" if len(table) else "The study holds nothing that could answer it."
    return QuestionView(name, heading, question, [_finding(row) for _, row in table.iterrows()], why)


def _finding(row: pd.Series) -> Finding:
    names = str(row["endpoint"]).split()
    places = (str(row["segment"]), str(row["contrast"]) or str(row["timepoint"]))
    n_a, n_b = int(row["n_animals_a"]), int(row["n_animals_b"])
    return Finding(
        sentence=str(row["finding"]),
        endpoint=", ".join(endpoint_named(name).label for name in names),
        place=", ".join(filter(None, places)) or NOTHING,
        effect_size=format_effect(float(row["effect_size"])),
        p_adjusted=format_p(float(row["p_adjusted"])),
        n_animals=f"{n_b} vs {n_a}" if n_b else str(n_a),
        test=str(row["test"]),
        note=str(row["note"]),
        is_shown=str(row["verdict"]) == "shown",
        sums_up=_SUMMARIES.get(str(row["aspect"]), ""),
    )
