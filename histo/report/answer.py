"""The study's answer: what differs, by how much, how sure; in rows for tables and in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal

import pandas as pd

from histo.errors import InvalidArgument
from histo.report.wording import format_change, format_effect, format_interval, format_p, format_value, plural
from histo.schema import empty_table, table_schema
from histo.study import Endpoint, StudyTables, endpoint_named

__all__ = ["Answer", "Effect", "EndpointAnswer", "answer_of"]

Verdict = Literal["greater", "smaller", "open", "untested"]

_ARROWS = {"greater": "▲", "smaller": "▼", "open": "", "untested": ""}


@dataclass(frozen=True)
class Effect:
    """One comparison of one endpoint in one segment, ready to print.

    Parameters
    ----------
    endpoint : Endpoint
        What was compared.
    segment, reference, comparison : str
        Where, against what, what.
    verdict : {"greater", "smaller", "open", "untested"}
        ``open``: tested, no difference shown.
    difference, change, interval, effect_size, p_value, p_adjusted, n_animals : str
        As they are printed.
    standardised : float
        Hedges' g.
    test, note : str
        How it was tested, and what a reader must know.
    """

    endpoint: Endpoint
    segment: str
    reference: str
    comparison: str
    verdict: Verdict
    difference: str
    change: str
    interval: str
    effect_size: str
    p_value: str
    p_adjusted: str
    n_animals: str
    standardised: float
    test: str
    note: str

    @property
    def arrow(self) -> str:
        """Direction of a difference that holds."""
        return _ARROWS[self.verdict]

    @property
    def in_words(self) -> str:
        """Say it in one clause, without naming endpoint, comparison and segment."""
        if self.verdict == "untested":
            return self.note
        return (
            f"{self.difference} ({self.change}; 95 % interval {self.interval}; adjusted p {self.p_adjusted}; "
            f"{self.n_animals} animals)"
        )


@dataclass(frozen=True)
class EndpointAnswer:
    """What the study says of one endpoint.

    Parameters
    ----------
    endpoint : Endpoint
        Of what.
    sentence : str
        The answer; where differences hold, only how many, for they follow.
    findings : list of (str, list of Effect)
        What differs: a sentence's beginning, and the segments in which it does.
    """

    endpoint: Endpoint
    sentence: str
    findings: list[tuple[str, list[Effect]]]


@dataclass(frozen=True, eq=False)
class Answer:
    """All comparisons of a study.

    Parameters
    ----------
    contrasts : DataFrame
        The ``contrasts`` table; without rows where nothing could be compared.
    effects : list of Effect
        Its rows, ready to print.
    headline : str
        The outcome in one sentence.
    endpoints : list of EndpointAnswer
        One each, in their order.
    why_none : str
        Why nothing was compared; empty where something was.
    """

    contrasts: pd.DataFrame
    effects: list[Effect]
    headline: str
    endpoints: list[EndpointAnswer]
    why_none: str = ""

    @property
    def comparisons(self) -> list[tuple[str, str]]:
        """(segment, comparison) in order: the columns of the overview."""
        return list(dict.fromkeys((effect.segment, effect.comparison) for effect in self.effects))

    def overview(self) -> list[tuple[Endpoint, list[Effect | None]]]:
        """Arrange the effects by endpoint (row) and comparison (column)."""
        by_place = {(effect.endpoint.name, effect.segment, effect.comparison): effect for effect in self.effects}
        return [
            (answer.endpoint, [by_place.get((answer.endpoint.name, *place)) for place in self.comparisons])
            for answer in self.endpoints
        ]


def answer_of(study: StudyTables) -> Answer:
    """Compare what the study's plan says, or say in plain words why there is no comparison."""
    if not study.has_animals:
        return _none("No comparison: no design table was given, so it is not known which slide is of which animal.")
    try:
        contrasts = study.compare()
    except InvalidArgument as error:
        return _none(f"No comparison: {error}")
    if contrasts.empty:
        return _none("No comparison: all animals are in the reference group.")
    effects = [_effect(row, study.plan.level) for _, row in contrasts.iterrows()]
    by_endpoint: dict[Endpoint, list[Effect]] = {}
    for effect in effects:
        by_endpoint.setdefault(effect.endpoint, []).append(effect)
    answers = [_endpoint_answer(endpoint, own) for endpoint, own in by_endpoint.items()]
    return Answer(contrasts, effects, _headline(effects), answers)


def _none(why: str) -> Answer:
    return Answer(empty_table(table_schema("contrasts").columns), [], why, [], why)


def _endpoint_answer(endpoint: Endpoint, effects: list[Effect]) -> EndpointAnswer:
    findings = _findings(effects)
    tested = [effect for effect in effects if effect.verdict != "untested"]
    if findings:
        n_found = sum(len(found) for _, found in findings)
        return EndpointAnswer(endpoint, f"differs in {n_found} of {plural(len(tested), 'comparison')}.", findings)
    if not tested:
        return EndpointAnswer(endpoint, f"not tested: {effects[0].note}.", [])
    largest = max(tested, key=lambda effect: abs(effect.standardised) if isfinite(effect.standardised) else -1.0)
    sentence = (
        f"no difference shown in {plural(len(tested), 'comparison')}. The largest is in {largest.comparison}"
        f"{f', {largest.segment}' if largest.segment else ''}: {largest.in_words}."
    )
    return EndpointAnswer(endpoint, sentence, [])


def _effect(row: pd.Series, level: float) -> Effect:
    endpoint = endpoint_named(str(row["endpoint"]))
    return Effect(
        endpoint=endpoint,
        segment=str(row["segment"]),
        reference=str(row["reference"]),
        comparison=str(row["comparison"]),
        verdict=_verdict(float(row["estimate"]), float(row["p_adjusted"]), level),
        difference=format_value(float(row["estimate"]), endpoint, is_signed=True),
        change=format_change(float(row["estimate"]), float(row["mean_a"])),
        interval=format_interval(float(row["ci_low"]), float(row["ci_high"]), endpoint),
        effect_size=format_effect(float(row["effect_size"]), float(row["effect_low"]), float(row["effect_high"])),
        p_value=format_p(float(row["p"])),
        p_adjusted=format_p(float(row["p_adjusted"])),
        n_animals=f"{row['n_animals_b']} vs {row['n_animals_a']}",
        standardised=float(row["effect_size"]),
        test=str(row["test"]) + (f"; {row['correction']}" if row["correction"] != "none" else ""),
        note=str(row["note"]),
    )


def _verdict(difference: float, p_adjusted: float, level: float) -> Verdict:
    if not isfinite(p_adjusted):
        return "untested"
    if p_adjusted > level:
        return "open"
    return "greater" if difference > 0 else "smaller"


def _headline(effects: list[Effect]) -> str:
    n_tested = sum(effect.verdict != "untested" for effect in effects)
    n_found = sum(effect.verdict in ("greater", "smaller") for effect in effects)
    if n_tested == 0:
        return f"No test: {effects[0].note}."
    if n_found == 0:
        return (
            f"None of {plural(n_tested, 'comparison')} shows a difference after correction. This does not show that "
            "there is none: the intervals below say which differences remain possible."
        )
    verb = "shows" if n_found == 1 else "show"
    return f"{n_found} of {plural(n_tested, 'comparison')} {verb} a difference after correction."


def _findings(effects: list[Effect]) -> list[tuple[str, list[Effect]]]:
    found: dict[str, list[Effect]] = {}
    for effect in effects:
        if effect.verdict in ("greater", "smaller"):
            beginning = f"{effect.endpoint.label} is {effect.verdict} in {effect.comparison} than in {effect.reference}"
            found.setdefault(beginning, []).append(effect)
    return list(found.items())
