"""Onset: which endpoints differ at the pre-symptomatic timepoint, and which is the first that is shown to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from histo.study.comparison import Comparison
from histo.study.contrast import compare_endpoints
from histo.study.inference.result import Inference
from histo.study.level.arm import Arm
from histo.study.level.endpoint import endpoint_named
from histo.study.plan import AnalysisPlan
from histo.study.question.arms import arm_names, compare_rows, comparisons_in, row_key, row_of
from histo.study.question.finding import (
    Asked,
    Finding,
    difference_sentence,
    findings_table,
    numbers,
    untested,
    verdict_of,
)
from histo.study.question.signs import BeforeSigns, before_signs
from histo.study.question.whole_gut import places_of, where, with_whole_gut
from histo.study.wording import in_sentence, plural

__all__ = ["onset_table"]


@dataclass(frozen=True)
class _Onset:
    """The onset in one diseased group."""

    group: str
    signs: BeforeSigns
    findings: list[Finding]
    comparisons: dict[str, Comparison]
    """By timepoint."""


def onset_table(
    animals: pd.DataFrame,
    scores: pd.DataFrame,
    covariates: pd.DataFrame,
    reference: Arm,
    plan: AnalysisPlan,
    *,
    presymptomatic: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Ask which endpoints differ before the clinical signs, and which is first.

    Every arm of a diseased group is compared with its reference. The family of a pre-symptomatic timepoint is all of
    the plan's endpoints in all segments and over the whole gut (Westfall and Young 1993), times the pre-symptomatic
    timepoints and diseased groups (Bonferroni). Each later timepoint is a family of its own: it serves to say when the
    other endpoints are first shown to differ, and is no evidence of what came before the signs.

    *First* is the endpoint that is shown to differ at the earliest timepoint. Several at one timepoint cannot be put in
    order by time: then all are named, and the one with the largest standardised change stands first. That one endpoint
    is shown to differ and another is not does not show that they differ from one another (Gelman and Stern 2006, Am
    Stat 60:328), so the difference of the standardised changes of the first and the next endpoint, measured on the same
    animals, is given with its interval. It is chosen as the largest, so its interval lies too high, if anything.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    scores : DataFrame
        What `histo.study.question.signs.clinical_scores` read; may be empty.
    covariates : DataFrame
        What `histo.study.strata.covariates_of_animals` gathered; may be empty.
    reference : Arm
        What to compare with.
    plan : AnalysisPlan
        Endpoints, level, relabelings, seed.
    presymptomatic : tuple of str, optional
        Timepoints before the signs, where the scores do not say it.

    Returns
    -------
    DataFrame
        The ``questions`` table: for each diseased group a row of the aspect ``first``, then the differences, of the
        aspect ``before signs`` or ``later``.

    Raises
    ------
    InvalidArgument
        If a declared timepoint does not exist.
    """
    table = with_whole_gut(animals[animals["endpoint"].isin(plan.endpoints)])
    comparisons = comparisons_in(table, plan.endpoints, places_of(table), reference, covariates)
    groups = list(dict.fromkeys(comparison.comparison.group for comparison in comparisons))
    findings: list[Finding] = []
    for group in groups:
        own = {each.comparison.timepoint: each for each in comparisons if each.comparison.group == group}
        signs = before_signs(scores, group, list(own), presymptomatic)
        onset = _onset_of(own, places_of(table), group, signs, plan, n_groups=len(groups))
        findings += [_first(onset, plan), *onset.findings]
    return findings_table(findings)


def _onset_of(
    comparisons: dict[str, Comparison],
    places: list[str],
    group: str,
    signs: BeforeSigns,
    plan: AnalysisPlan,
    *,
    n_groups: int,
) -> _Onset:
    findings: list[Finding] = []
    for timepoint, comparison in comparisons.items():
        is_before = timepoint in signs.timepoints
        times = (len(signs.timepoints) if is_before else 1) * (n_groups if plan.corrects_comparisons else 1)
        outcomes = compare_rows(comparison, plan, times=times)
        correction = _correction(len(plan.endpoints), len(places), times)
        aspect, note = ("before signs", signs.basis) if is_before else ("later", "not known to lie before signs")
        for name in plan.endpoints:
            for place in places:
                asked = Asked("onset", aspect, name, place, timepoint, comparison.contrast)
                finding = _difference(asked, comparison, outcomes[row_key(name, place)], plan)
                used = correction if np.isfinite(finding.p_adjusted) else ""
                findings.append(replace(finding, correction=used, note=note))
    return _Onset(group, signs, findings, comparisons)


def _difference(asked: Asked, comparison: Comparison, outcome: tuple[Inference, float], plan: AnalysisPlan) -> Finding:
    (result, p_adjusted), endpoint = outcome, endpoint_named(asked.endpoint)
    a, _ = comparison.values_of(row_key(asked.endpoint, asked.segment))
    mean_a = float(np.nanmean(a)) if np.isfinite(a).any() else np.nan
    verdict = verdict_of(p_adjusted, plan.level)
    printed = numbers(result, endpoint, p_adjusted, plan.level, mean_a)
    subject = f"{endpoint.label}{where(asked.segment)}"
    sentence = difference_sentence(subject, arm_names(comparison), verdict, result, printed)
    return Finding(asked, verdict, sentence, result, p_adjusted)


def _correction(n_endpoints: int, n_places: int, times: int) -> str:
    family = f"Westfall-Young over {plural(n_endpoints, 'endpoint')}"
    if n_places > 1:
        family += f" in {n_places - 1} segments and over the whole gut"
    return f"{family}, times {times} timepoints or groups" if times > 1 else family


def _first(onset: _Onset, plan: AnalysisPlan) -> Finding:
    """Name the first endpoint, or say why there is none."""
    timepoints = ", ".join(onset.signs.timepoints)
    asked = Asked("onset", "first", timepoint=timepoints, contrast=onset.group)
    if not onset.signs.timepoints:
        sentence = f"{onset.group}: no timepoint is known to lie before clinical signs ({onset.signs.basis})."
        return Finding(asked, "not tested", sentence, untested(0, 0, onset.signs.basis))
    before = [finding for finding in onset.findings if finding.asked.timepoint in onset.signs.timepoints]
    if all(finding.verdict == "not tested" for finding in before):
        why = before[0].inference.note
        return Finding(
            asked, "not tested", f"{onset.group}: nothing could be tested before signs: {why}.", untested(0, 0, why)
        )
    shown = [finding for finding in before if finding.verdict == "shown"]
    if not shown:
        return Finding(asked, "not shown", _none_shown(onset, plan), untested(0, 0, "no endpoint is shown to differ"))
    earliest = next(t for t in onset.signs.timepoints if any(finding.asked.timepoint == t for finding in shown))
    return _name_first(onset, [finding for finding in shown if finding.asked.timepoint == earliest], plan)


def _none_shown(onset: _Onset, plan: AnalysisPlan) -> str:
    sentence = (
        f"{_before(onset, ' and '.join(onset.signs.timepoints))}none of {plural(len(plan.endpoints), 'endpoint')} is "
        "shown to differ. This does not show that the gut is unchanged then: the intervals say which differences "
        "remain possible."
    )
    before = [finding for finding in onset.findings if finding.asked.timepoint in onset.signs.timepoints]
    largest = max(before, key=lambda finding: np.nan_to_num(abs(finding.inference.effect_size)))
    label = in_sentence(endpoint_named(largest.asked.endpoint).label)
    effect = f"{largest.inference.effect_size:+.1f}".replace("-", "−")
    sentence += (
        f" The largest standardised change is that of {label}{where(largest.asked.segment)} (Hedges' g {effect}), "
        "which chance may give."
    )
    later = [finding for finding in onset.findings if finding.verdict == "shown"]
    if later:
        labels = list(dict.fromkeys(endpoint_named(finding.asked.endpoint).label for finding in later))
        sentence += f" Shown at {later[0].asked.timepoint} or later only: {', '.join(map(in_sentence, labels))}."
    return sentence


def _name_first(onset: _Onset, shown: list[Finding], plan: AnalysisPlan) -> Finding:
    timepoint = shown[0].asked.timepoint
    names = list(dict.fromkeys(finding.asked.endpoint for finding in shown))
    best = max(shown, key=lambda finding: abs(finding.inference.effect_size))
    first = best.asked.endpoint
    lead, runner_up = _lead_over_next(onset.comparisons[timepoint], best, plan)
    label = endpoint_named(first).label
    beginning = _before(onset, timepoint)
    if len(names) == 1:
        sentence = f"{label} is the only one of {plural(len(plan.endpoints), 'endpoint')} shown to differ."
    else:
        labels = ", ".join(in_sentence(endpoint_named(name).label) for name in names)
        sentence = (
            f"{len(names)} of {plural(len(plan.endpoints), 'endpoint')} are shown to differ ({labels}); which of these "
            f"began first cannot be told from one timepoint. The largest standardised change is that of "
            f"{in_sentence(label)}."
        )
    sentence += f" {best.sentence}{_lead_in_words(runner_up, lead)}"
    asked = Asked("onset", "first", " ".join([first, *(name for name in names if name != first)]),
                  best.asked.segment, timepoint, best.asked.contrast)  # fmt: skip
    note = "not shown to differ is not the same as unchanged"
    return Finding(asked, "shown", beginning + sentence, best.inference, best.p_adjusted, best.correction, note)


def _before(onset: _Onset, timepoint: str) -> str:
    """Begin a sentence about a group before its signs."""
    at = f" at {timepoint}" if timepoint else ""
    return f"{onset.group}{at}, before clinical signs ({onset.signs.basis}): "


def _lead_over_next(comparison: Comparison, best: Finding, plan: AnalysisPlan) -> tuple[Inference, str]:
    """Compare the first endpoint's standardised change with that of the next, on the same animals."""
    a, b = comparison.sides
    standardised = {
        name: _standardised(*(row_of(side, row_key(name, best.asked.segment)) for side in (a, b)))
        for name in plan.endpoints
    }
    first_a, first_b = standardised.pop(best.asked.endpoint)
    rivals = {name: sides for name, sides in standardised.items() if min(sides[0].count(), sides[1].count()) >= 2}
    if not rivals:
        return untested(0, 0, "no other endpoint to compare with"), ""
    runner_up = max(rivals, key=lambda name: rivals[name][1].mean() - rivals[name][0].mean())
    other_a, other_b = rivals[runner_up]
    leads = replace(
        comparison,
        values_a=pd.DataFrame({"lead": first_a - other_a}).T,
        values_b=pd.DataFrame({"lead": first_b - other_b}).T,
    )
    lead = compare_endpoints(leads, ("lead",), plan, 1)[0]
    return lead, runner_up if lead.test != "none" else ""


def _standardised(a: pd.Series[float], b: pd.Series[float]) -> tuple[pd.Series[float], pd.Series[float]]:
    """Give values in standard deviations between animals of one arm, counted in the direction of the change."""
    pooled = float(np.sqrt(pd.Series([a.var(), b.var()]).mean()))
    direction = 1.0 if b.mean() >= a.mean() else -1.0
    scale = direction / pooled if pooled > 0 else np.nan
    return (a - a.mean()) * scale, (b - a.mean()) * scale


def _lead_in_words(runner_up: str, lead: Inference) -> str:
    if not runner_up:
        return ""
    interval = f"{lead.ci_low:+.1f} to {lead.ci_high:+.1f}".replace("-", "−")
    verb = "exceeds" if lead.ci_low > 0 else "is not shown to exceed"
    return (
        f" Its standardised change {verb} that of {in_sentence(endpoint_named(runner_up).label)}, the next largest: by "
        f"{lead.estimate:.1f} standard deviations, interval {interval}."
    )
