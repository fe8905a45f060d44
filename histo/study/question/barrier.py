"""Barrier: structure, junctions, infiltrate and permeability as one number, in standard deviations of the controls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from histo.study.comparison import Comparison
from histo.study.inference.result import Inference
from histo.study.level.arm import Arm
from histo.study.level.endpoint import endpoint_named
from histo.study.plan import AnalysisPlan
from histo.study.question.arms import arm_names, compare_rows, comparisons_in, row_key, row_of
from histo.study.question.barrier_part import BarrierDefinition
from histo.study.question.finding import Asked, Finding, findings_table, untested, verdict_of
from histo.study.question.whole_gut import places_of, where, with_whole_gut
from histo.study.wording import format_p, in_sentence

__all__ = ["COMPOSITE", "barrier_measures", "barrier_table"]

COMPOSITE = "composite"
_NOTE = "estimate in standard deviations of all animals compared, more is worse; the weights are histo's own"


@dataclass(frozen=True)
class _Composite:
    """How the composite came out for one pair of arms: what it is made of, and what is missing."""

    used: dict[str, list[str]]
    weights: dict[str, float]
    missing: dict[str, str]
    labels: dict[str, str]

    def made_of(self, name: str) -> str:
        """Say what a part or the composite is made of."""
        if name != COMPOSITE:
            return f"Mean of {self._listed(name)}."
        parts = [f"{part} (weight {weight:.2f}: {self._listed(part)})" for part, weight in self.weights.items()]
        return f"Made of {'; '.join(parts)}. {'Missing' if self.missing else 'Nothing is missing'}{self.missing_parts}."

    @property
    def missing_parts(self) -> str:
        """List what is missing, and why."""
        listed = ", ".join(f"{name} ({why})" for name, why in self.missing.items())
        return f": {listed}" if listed else ""

    def has(self, name: str) -> bool:
        """Whether there are values of a part, or of the composite."""
        return bool(self.weights) if name == COMPOSITE else name in self.used

    def why_not(self, name: str) -> str:
        """Say why there are none."""
        return f"one part makes no composite; missing{self.missing_parts}" if name == COMPOSITE else self.missing[name]

    def _listed(self, part: str) -> str:
        return ", ".join(self.labels[measure] for measure in self.used[part])


def barrier_measures(columns: list[str], definition: BarrierDefinition) -> list[str]:
    """List the columns that the composite is made of."""
    return list(dict.fromkeys(column for part in definition.parts for column in part.measures_in(columns)))


def barrier_table(
    animals: pd.DataFrame,
    covariates: pd.DataFrame,
    reference: Arm,
    plan: AnalysisPlan,
    definition: BarrierDefinition,
) -> pd.DataFrame:
    """Compare a composite of the barrier, and each of its parts, with the reference.

    Each measure of an animal, the mean over its segments, is expressed as its distance from the mean of the reference's
    animals, in their standard deviations, counted so that more is worse. A part is the mean of its measures, the
    composite the weighted mean of the parts. A part that was not measured is named, its weight goes to the others, and
    one part alone makes no composite. An animal that lacks a measure of a part has no value of that part: none is
    filled in.

    The standard deviation of few controls is itself uncertain, and makes the controls' own scatter 1: tested so, 6 to
    9 % of 1,500 drawn studies of four or five animals a group (five measures, normal or exponential) came out positive
    where nothing differed. Test, estimate and interval therefore scale each measure by all animals compared, whichever
    group they are of, as O'Brien did (1984, Biometrics 40:1079): relabelling the animals leaves that scale as it is,
    and the permutation test stays exact. The sentence gives the difference in the controls' standard deviations too.

    The family of a comparison is the composite and its parts (Westfall and Young 1993), times the comparisons if the
    plan corrects for them (Bonferroni).

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table with the measures as endpoints.
    covariates : DataFrame
        What `histo.study.strata.covariates_of_animals` gathered; may be empty.
    reference : Arm
        The controls.
    plan : AnalysisPlan
        Level, relabelings, seed.
    definition : BarrierDefinition
        Parts and weights.

    Returns
    -------
    DataFrame
        The ``questions`` table: for each comparison the composite, then its parts.
    """
    table = with_whole_gut(animals)
    if table.empty:
        return findings_table([])
    place = places_of(table)[0]
    measures = barrier_measures(list(dict.fromkeys(table["endpoint"])), definition)
    comparisons = comparisons_in(table, tuple(measures), [place], reference, covariates)
    times = len(comparisons) if plan.corrects_comparisons else 1
    names = {row_key(measure, place): measure for measure in measures}
    return findings_table(
        finding
        for each in comparisons
        for finding in _findings_of(
            replace(each, segment=place, values_a=each.values_a.rename(names), values_b=each.values_b.rename(names)),
            definition,
            plan,
            times=times,
        )
    )


def _findings_of(
    comparison: Comparison, definition: BarrierDefinition, plan: AnalysisPlan, *, times: int
) -> list[Finding]:
    made_of, directions = _usable(*comparison.sides, definition)
    in_control_sd, label_free = (
        _scored(comparison, directions, made_of, is_label_free=is_free) for is_free in (False, True)
    )
    outcomes = compare_rows(label_free, plan, times=times)
    correction = "Westfall-Young over composite and parts" + (f", times {times} comparisons" if times > 1 else "")
    findings = []
    for name in (COMPOSITE, *(part.name for part in definition.parts)):
        asked = Asked(
            "barrier", name, f"barrier {name}", comparison.segment, comparison.comparison.timepoint, comparison.contrast
        )
        if not made_of.has(name):
            why = made_of.why_not(name)
            sentence = f"Barrier {name}{where(comparison.segment)}, {comparison.comparison}: no value: {why}."
            findings.append(Finding(asked, "missing", sentence, untested(0, 0, why)))
            continue
        result, p_adjusted = outcomes[name]
        mean_a, mean_b = (float(row_of(side, name).mean()) for side in in_control_sd.sides)
        said = f"{_sd(mean_b - mean_a)} standard deviations of the controls. {made_of.made_of(name)}"
        sentence = _sentence(asked, arm_names(comparison), result, p_adjusted, said, plan)
        verdict = verdict_of(p_adjusted, plan.level)
        used = correction if np.isfinite(p_adjusted) else ""
        findings.append(Finding(asked, verdict, sentence, result, p_adjusted, used, _NOTE))
    return findings


def _usable(a: pd.DataFrame, b: pd.DataFrame, definition: BarrierDefinition) -> tuple[_Composite, dict[str, int]]:
    """Choose the measures and parts that can be used: what the composite is made of, and each measure's direction."""
    used: dict[str, list[str]] = {}
    missing: dict[str, str] = {}
    weights: dict[str, float] = {}
    labels: dict[str, str] = {}
    directions: dict[str, int] = {}
    for part in definition.parts:
        found = part.measures_in(a.index)
        usable = [name for name in found if _is_usable(row_of(a, name), row_of(b, name), definition.minimum_controls)]
        if not usable:
            missing[part.name] = _why_missing(a.loc[list(found)], definition.minimum_controls)
            continue
        used[part.name] = usable
        directions |= {name: found[name].worse for name in usable}
        labels |= {name: found[name].label or in_sentence(endpoint_named(name).label) for name in usable}
        n_known = sum(int(side.loc[usable].notna().all(axis=0).sum()) for side in (a, b))
        n_animals = a.shape[1] + b.shape[1]
        if n_known < definition.minimum_share * n_animals:
            missing[part.name] = f"known of {n_known} of {n_animals} animals, too few to enter"
        else:
            weights[part.name] = part.weight
    total = sum(weights.values())
    scaled = {name: weight / total for name, weight in weights.items()} if len(weights) > 1 else {}
    return _Composite(used, scaled, missing, labels), directions


def _is_usable(a: pd.Series[float], b: pd.Series[float], minimum_controls: int) -> bool:
    return bool(a.count() >= minimum_controls and a.std() > 0 and b.count() > 0)


def _why_missing(a: pd.DataFrame, minimum_controls: int) -> str:
    if len(a.index) == 0:
        return "not measured"
    most = int(a.count(axis=1).max())
    if most < minimum_controls:
        return f"{most} control animals have it, {minimum_controls} are needed"
    return "it does not vary among the controls, or no animal of the comparison has it"


def _scored(
    comparison: Comparison, directions: dict[str, int], made_of: _Composite, *, is_label_free: bool
) -> Comparison:
    """Score every animal in the composite and each part, in the standard deviations of the controls or of all."""
    a, b = comparison.sides
    scale = pd.concat([a, b], axis=1) if is_label_free else a
    mean, sd = scale.mean(axis=1), scale.std(axis=1)
    sides = [
        _scores(side.sub(mean, axis=0).div(sd, axis=0).loc[list(directions)], directions, made_of) for side in (a, b)
    ]
    return replace(comparison, values_a=sides[0], values_b=sides[1])


def _scores(standardised: pd.DataFrame, directions: dict[str, int], made_of: _Composite) -> pd.DataFrame:
    worse = standardised.mul(pd.Series(directions, dtype=float), axis=0)
    parts = {part: worse.loc[names].mean(axis=0, skipna=False) for part, names in made_of.used.items()}
    rows = dict(parts)
    if made_of.weights:
        weighted = pd.DataFrame({part: parts[part] * weight for part, weight in made_of.weights.items()})
        rows[COMPOSITE] = weighted.sum(axis=1, skipna=False)
    return pd.DataFrame(rows, index=standardised.columns).T.astype(float)


def _sentence(
    asked: Asked, arms: tuple[str, str], result: Inference, p_adjusted: float, said: str, plan: AnalysisPlan
) -> str:
    reference, comparison = arms
    subject = f"Barrier {asked.aspect}{where(asked.segment)}"
    verdict = verdict_of(p_adjusted, plan.level)
    if verdict == "not tested":
        return f"{subject}: {comparison} and {reference} were not tested: {result.note}. Difference: {said}"
    printed = (
        f"{_sd(result.estimate)} SD of all animals ({100 * (1 - plan.level):g} % interval {_sd(result.ci_low)} to "
        f"{_sd(result.ci_high)}; adjusted p {format_p(p_adjusted)}; {result.n_b} vs {result.n_a} animals), {said}"
    )
    if verdict == "not shown":
        return f"{subject}: that it differs between {comparison} and {reference} is not shown: {printed}"
    return f"{subject} is {'worse' if result.estimate > 0 else 'better'} in {comparison} than in {reference}: {printed}"


def _sd(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−") if np.isfinite(value) else "–"
