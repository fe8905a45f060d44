"""Segment: in which part of the gut a change is larger than elsewhere in the same animals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from histo.study.comparison import Comparison
from histo.study.inference.result import Inference
from histo.study.level.arm import Arm, segments_of
from histo.study.level.endpoint import endpoint_named
from histo.study.plan import AnalysisPlan
from histo.study.question.arms import arm_names, compare_rows, comparisons_in, row_key
from histo.study.question.finding import Asked, Finding, findings_table, untested, verdict_of
from histo.study.question.whole_gut import where
from histo.study.wording import format_p, plural

__all__ = ["segment_table"]

_NOTE = "estimate in per cent, of the ratio of this segment to the others"


@dataclass(frozen=True)
class _Changes:
    """An endpoint's change in each segment, as the logarithm of the ratio of geometric means to the reference."""

    log_ratios: dict[str, float]

    def is_more(self, segment: str) -> bool:
        """Whether the segment changes more than the mean of the others, up or down."""
        others = [value for name, value in self.log_ratios.items() if name != segment]
        return bool(abs(self.log_ratios[segment]) > abs(np.mean(others)))

    def in_words(self) -> str:
        """List them: duodenum +3 %, ileum +28 %."""
        return ", ".join(f"{name} {_percent(_as_percent(value))}" for name, value in self.log_ratios.items())


def segment_table(animals: pd.DataFrame, covariates: pd.DataFrame, reference: Arm, plan: AnalysisPlan) -> pd.DataFrame:
    """Ask for each endpoint which part of the gut changes more than the rest.

    That a difference is shown in one segment and not in another does not show that the segments differ (Gelman and
    Stern 2006, Am Stat 60:328). So each animal's own contrast is formed, the logarithm of its value in a segment minus
    the mean logarithm of its other segments, and compared between the groups: the animal is its own block, and what
    makes all of its gut larger drops out. Logarithms make changes relative, because a tenth of a villus is more in the
    duodenum than in the ileum; the estimate is their difference in per cent: +20 means that the comparison's ratio of
    this segment to the others is 1.2 times the reference's.

    One change in one segment moves all three contrasts, as the others are then less changed than the rest. The aspect
    ``where`` therefore names, for each endpoint, the segment that itself changes most among those shown to differ.

    The family of a comparison is all endpoints in all segments (Westfall and Young 1993), times the comparisons
    if the plan corrects for them (Bonferroni).

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    covariates : DataFrame
        What `histo.study.strata.covariates_of_animals` gathered; may be empty.
    reference : Arm
        What to compare with.
    plan : AnalysisPlan
        Endpoints, level, relabelings, seed.

    Returns
    -------
    DataFrame
        The ``questions`` table; with one segment a row that says so. A value of 0 or below has no logarithm, and its
        animal is left out.
    """
    table = animals[animals["endpoint"].isin(plan.endpoints) & animals["value"].notna()]
    segments = segments_of(table)
    if len(segments) < 2:
        asked = Asked("segment", "where", " ".join(plan.endpoints), "".join(segments))
        why = "the study has one segment, so there is no other part of the gut to compare with"
        return findings_table([Finding(asked, "missing", f"{why[:1].upper()}{why[1:]}.", untested(0, 0, why))])
    comparisons = comparisons_in(table, plan.endpoints, segments, reference, covariates)
    times = len(comparisons) if plan.corrects_comparisons else 1
    return findings_table(
        finding for each in comparisons for finding in _findings_of(each, segments, plan, times=times)
    )


def _findings_of(comparison: Comparison, segments: list[str], plan: AnalysisPlan, *, times: int) -> list[Finding]:
    logs = replace(comparison, values_a=_logarithms(comparison.values_a), values_b=_logarithms(comparison.values_b))
    against = replace(
        logs,
        values_a=_against_elsewhere(logs.values_a, plan.endpoints, segments),
        values_b=_against_elsewhere(logs.values_b, plan.endpoints, segments),
    )
    outcomes = compare_rows(against, plan, times=times)
    correction = f"Westfall-Young over {plural(len(plan.endpoints), 'endpoint')} in {len(segments)} segments"
    correction += f", times {times} comparisons" if times > 1 else ""
    findings = []
    for endpoint in plan.endpoints:
        changes = _changes(endpoint, segments, logs)
        details = []
        for segment in segments:
            result, p_adjusted = outcomes[row_key(endpoint, segment)]
            asked = Asked(
                "segment", "elsewhere", endpoint, segment, comparison.comparison.timepoint, comparison.contrast
            )
            verdict = verdict_of(p_adjusted, plan.level)
            sentence = _sentence(asked, arm_names(comparison), changes, result, p_adjusted, plan)
            used = correction if np.isfinite(p_adjusted) else ""
            details.append(Finding(asked, verdict, sentence, _in_percent(result), p_adjusted, used, _NOTE))
        findings += [_where(details, arm_names(comparison), changes), *details]
    return findings


def _where(details: list[Finding], arms: tuple[str, str], changes: _Changes) -> Finding:
    """Name the segment that changes most beyond the others, or say that none is shown to."""
    shown = [finding for finding in details if finding.verdict == "shown" and changes.is_more(finding.asked.segment)]
    if shown:
        best = max(shown, key=lambda finding: abs(changes.log_ratios[finding.asked.segment]))
        return replace(best, asked=replace(best.asked, aspect="where"))
    asked = replace(details[0].asked, aspect="where", segment="")
    label, whom = endpoint_named(asked.endpoint).label, f"{arms[1]} against {arms[0]}"
    reason = details[0].inference.note
    if all(finding.verdict == "not tested" for finding in details):
        sentence = f"{label}, {whom}: the segments were not compared: {reason}."
        return Finding(asked, "not tested", sentence, untested(0, 0, reason))
    tested = min((f for f in details if f.verdict != "not tested"), key=lambda finding: finding.p_adjusted)
    sentence = (
        f"{label}, {whom}: that one segment changes more than the others is not shown (smallest adjusted p "
        f"{format_p(tested.p_adjusted)}; {tested.inference.n_b} vs {tested.inference.n_a} animals). "
        f"Changes: {changes.in_words()}."
    )
    none = untested(tested.inference.n_a, tested.inference.n_b, "see the aspect elsewhere for the segments' tests")
    return Finding(asked, "not shown", sentence, none, tested.p_adjusted, tested.correction)


def _logarithms(values: pd.DataFrame) -> pd.DataFrame:
    return values.where(values > 0).apply(np.log)


def _against_elsewhere(logs: pd.DataFrame, endpoints: tuple[str, ...], segments: list[str]) -> pd.DataFrame:
    """Each animal's segment minus the mean of its others; missing unless it has a value in all of them."""
    parts = []
    for endpoint in endpoints:
        own = logs.loc[[row_key(endpoint, segment) for segment in segments]]
        # With a value missing, the sum is missing too.
        elsewhere = (own.sum(axis=0, skipna=False) - own) / (len(segments) - 1)
        parts.append(own - elsewhere)
    return pd.concat(parts)


def _changes(endpoint: str, segments: list[str], logs: Comparison) -> _Changes:
    means_a, means_b = (side.mean(axis=1) for side in logs.sides)
    keys = {segment: row_key(endpoint, segment) for segment in segments}
    return _Changes({segment: float(means_b[key] - means_a[key]) for segment, key in keys.items()})


def _in_percent(result: Inference) -> Inference:
    """Turn a difference of logarithms into per cent."""
    return replace(
        result,
        estimate=_as_percent(result.estimate),
        ci_low=_as_percent(result.ci_low),
        ci_high=_as_percent(result.ci_high),
    )


def _sentence(
    asked: Asked, arms: tuple[str, str], changes: _Changes, result: Inference, p_adjusted: float, plan: AnalysisPlan
) -> str:
    label, inside = endpoint_named(asked.endpoint).label, where(asked.segment)
    verdict = verdict_of(p_adjusted, plan.level)
    whom = f"{arms[1]} against {arms[0]}"
    if verdict == "not tested":
        return f"{label}{inside}, {whom}: not compared with the other segments: {result.note}."
    percent = _in_percent(result)
    printed = (
        f"{_percent(percent.estimate)} relative to them ({100 * (1 - plan.level):g} % interval "
        f"{_percent(percent.ci_low)} to {_percent(percent.ci_high)}; adjusted p {format_p(p_adjusted)}; "
        f"{result.n_b} vs {result.n_a} animals). Changes: {changes.in_words()}"
    )
    if verdict == "not shown":
        return f"{label}, {whom}: that it changes otherwise{inside} than in the other segments is not shown: {printed}."
    more = "more" if changes.is_more(asked.segment) else "less"
    return f"{label} changes {more}{inside} than in the other segments, {whom}: {printed}."


def _as_percent(log_ratio: float) -> float:
    return 100 * (float(np.exp(log_ratio)) - 1)


def _percent(value: float) -> str:
    return f"{value:+.0f} %".replace("-", "−") if np.isfinite(value) else "–"
