"""What ``histo study`` prints: the protocol, groups and contrasts as tables, the questions' answers as sentences."""

from __future__ import annotations

import pandas as pd

from histo.cli.console import print_table, stdout
from histo.study.answers import Answers
from histo.study.level.endpoint import endpoint_named
from histo.study.protocol import Protocol
from histo.study.tables import StudyTables

__all__ = ["show_answers"]

_GROUP_COLUMNS = ["segment", "group", "timepoint", "endpoint", "mean", "sd", "ci_low", "ci_high", "n_animals"]
_CONTRAST_COLUMNS = {
    "endpoint": "endpoint",
    "segment": "segment",
    "contrast": "contrast",
    "animals": "n",
    "estimate": "estimate",
    "ci_low": "ci_low",
    "ci_high": "ci_high",
    "effect_size": "g",
    "p": "p",
    "p_adjusted": "adjusted p",
}
_WRONG_COLUMNS = {
    "endpoint": "endpoint",
    "segment": "segment",
    "contrast": "contrast",
    "p": "p",
    "wrong_p_on_sections": "WRONG p",
    "false_positive_rate": "positives",
    "animals": "animals",
    "sections": "sections",
    "icc": "icc",
}
_SUMMARIES = ("first", "where", "composite")
_LISTED = ("later", "elsewhere")
"""Aspects that the summaries rest on: listed, not told."""
_TITLES = {
    "onset": "Onset: what differs before the clinical signs, and what first",
    "progression": "Progression: what follows the timepoints and the clinical score",
    "barrier": "Barrier: structure, junctions, infiltrate and permeability together",
    "segment": "Segment: which part of the gut changes most",
    "equivalence": "Equivalence: which differences can be ruled out",
}


def show_answers(study: StudyTables, answers: Answers) -> None:
    """Print what was asked."""
    if study.protocol is not None:
        _show_protocol(study, study.protocol)
    for warning in study.warnings:
        stdout.print(f"Warning: {warning}", style="yellow", markup=False)
    print_table(answers.groups[_GROUP_COLUMNS], title="Groups: mean over animals, 95 % interval")
    stdout.print()
    _show_contrasts(answers.contrasts)
    for warning in study.warnings:
        stdout.print(f"  Warning: {warning}", style="yellow", markup=False)
    if answers.overall is not None and not answers.overall.empty:
        _show_overall(answers.overall)
    if answers.questions is not None:
        for question, findings in answers.questions.groupby("question", sort=False):
            _show_question(str(question), findings)
    if answers.as_published is not None:
        _show_as_published(answers.as_published)


def _show_protocol(study: StudyTables, protocol: Protocol) -> None:
    stdout.print(f"Protocol {protocol.id}, version {protocol.version}: {protocol.title}", style="bold", markup=False)
    lines = [source for source in (protocol.citation, protocol.address) if source]
    lines += [f"{entry.name}: {entry.definition} ({entry.origin})" for entry in protocol.endpoints]
    decided: dict[str, list[str]] = {}
    for name, value in protocol.analysis.decisions.items():
        decided.setdefault(protocol.analysis.source_of[name].origin, []).append(
            f"{name.replace('_', ' ')}: {_said(value)}"
        )
    lines += [f"{'; '.join(decisions)} ({origin})" for origin, decisions in decided.items()]
    for line in lines:
        stdout.print(f"  {line}", style="dim", markup=False)
    for remark in study.remarks:
        stdout.print(f"  Missing or left out: {remark}", style="yellow", markup=False)
    stdout.print()


def _show_contrasts(contrasts: pd.DataFrame) -> None:
    """Print them; a reference that all share stands in the title, which leaves the lines room."""
    shown = contrasts.assign(animals=_both(contrasts, "n_animals"))
    columns, against = _CONTRAST_COLUMNS, "the reference"
    if len(set(contrasts["reference"])) == 1:
        against = contrasts["reference"].iloc[0]
        columns = {"comparison" if name == "contrast" else name: header for name, header in columns.items()}
    print_table(
        _renamed(shown, columns), title=f"Contrasts: the estimate is the contrast's mean minus that of {against}"
    )
    for line in filter(None, dict.fromkeys([*contrasts["test"], *contrasts["correction"]])):
        stdout.print(f"  {line}", style="dim", markup=False)
    for note in filter(None, dict.fromkeys(contrasts["note"])):
        stdout.print(f"  {note}", style="yellow", markup=False)


def _show_overall(overall: pd.DataFrame) -> None:
    stdout.print()
    print_table(overall[["endpoint", "segment", "p", "p_adjusted", "n_animals"]], title="All arms of a segment at once")
    for line in filter(None, dict.fromkeys([*overall["test"], *overall["why"], *overall["correction"]])):
        stdout.print(f"  {line}", style="dim", markup=False)


def _show_question(question: str, findings: pd.DataFrame) -> None:
    """Print the summaries and what is shown, once an endpoint; list the rest."""
    stdout.print(f"\n{_TITLES.get(question, question)}", style="bold", markup=False)
    is_summary = findings["aspect"].isin(_SUMMARIES) | (findings["question"] == "equivalence")
    is_told = (findings["verdict"] == "shown") & ~is_summary & ~findings["aspect"].isin(_LISTED)
    for sentence in findings.loc[is_summary, "finding"]:
        stdout.print(f"  {sentence}", markup=False)
    for _, rows in findings[is_told].groupby(["aspect", "endpoint", "contrast"], sort=False):
        others = f" Also shown: {', '.join(rows['segment'].iloc[1:])}." if len(rows) > 1 else ""
        stdout.print(f"  {rows['finding'].iloc[0]}{others}", markup=False)
    for (aspect, verdict), rows in findings[~is_summary & ~is_told].groupby(["aspect", "verdict"], sort=False):
        labels = ", ".join(dict.fromkeys(endpoint_named(name).label for name in rows["endpoint"]))
        reason = f" ({rows['note'].iloc[0]})" if verdict in ("not tested", "missing") else ""
        n_asked = int((findings["aspect"] == aspect).sum())
        stdout.print(f"  {aspect}: {verdict} in {len(rows)} of {n_asked}: {labels}{reason}", style="dim", markup=False)
    for line in filter(None, dict.fromkeys(findings["correction"])):
        stdout.print(f"  {line}", style="dim", markup=False)


def _show_as_published(table: pd.DataFrame) -> None:
    shown = table.assign(animals=_both(table, "n_animals"), sections=_both(table, "n_sections"))
    stdout.print()
    print_table(
        _renamed(shown, _WRONG_COLUMNS),
        title="p on animals, and the WRONG p that takes sections for animals, with its false positives",
    )
    rates = table["false_positive_rate"].dropna()
    if len(rates):
        stdout.print(
            f"  The p on sections is wrong. Where nothing differs it is significant in {_percent_range(rates)} of "
            "studies of this very layout (simulated), not in 5 %. Do not report it.",
            style="bold red",
            markup=False,
        )


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _percent_range(rates: pd.Series[float]) -> str:
    low, high = (f"{100 * rate:.0f}" for rate in (rates.min(), rates.max()))
    return f"{low} %" if low == high else f"{low} to {high} %"


def _both(table: pd.DataFrame, counted: str) -> list[str]:
    """Write comparison and reference behind one another, as the contrast does."""
    return [f"{b} v {a}" for a, b in zip(table[f"{counted}_a"], table[f"{counted}_b"], strict=True)]


def _renamed(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    return table[list(names)].rename(columns=names)
