"""Progression: whether endpoints follow the timepoints, and the clinical score of the same animal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from histo.study.comparison import Comparison
from histo.study.inference import adjust, rank_correlation, trend
from histo.study.inference.result import Inference
from histo.study.level.arm import Arm
from histo.study.level.endpoint import Endpoint, endpoint_named
from histo.study.plan import AnalysisPlan
from histo.study.question.arms import comparisons_in, row_key, row_of
from histo.study.question.finding import Asked, Finding, findings_table, untested, verdict_of
from histo.study.question.signs import CLINICAL_SCORE
from histo.study.question.whole_gut import WHOLE_GUT, places_of, where, with_whole_gut
from histo.study.wording import format_interval, format_p, format_value, plural

__all__ = ["progression_table"]

_WITH_TIME = "both may follow time alone: see clinical score, same day"


def progression_table(animals: pd.DataFrame, scores: pd.DataFrame, reference: Arm, plan: AnalysisPlan) -> pd.DataFrame:
    """Ask whether the endpoints follow the timepoints, and the clinical score of the same animal.

    *Trend*: the arms of a diseased group in the order of their timepoints, behind the reference where all of them share
    one (a reference that was sampled at several timepoints is left out, as it is no step of the order). Tested for a
    steady rise or fall by Jonckheere and Terpstra's test, with the slope per step.

    *Clinical score*: Spearman's rank correlation over all animals of the diseased group that have a score; the
    reference's animals, healthy and without a score above 0, would make a correlation of a mere difference of groups.
    Endpoint and score may both follow time. *Clinical score, same day* asks within timepoints only: ranks are compared,
    and animals relabelled, among those of one timepoint.

    Families, of each aspect in each diseased group: the endpoints over the whole gut; and the endpoints in all
    segments. Each is corrected by Holm (1979, Scand J Stat 6:65). Batch and sex are not taken into account here.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    scores : DataFrame
        What `histo.study.question.signs.clinical_scores` read; may be empty, and then only trends are asked for.
    reference : Arm
        What the diseased groups begin from.
    plan : AnalysisPlan
        Endpoints, level, relabelings, seed.

    Returns
    -------
    DataFrame
        The ``questions`` table.
    """
    table = with_whole_gut(animals[animals["endpoint"].isin(plan.endpoints)])
    places = places_of(table)
    keys = [(endpoint, place) for endpoint in plan.endpoints for place in places]
    comparisons = comparisons_in(table, plan.endpoints, places, reference, pd.DataFrame())
    findings: list[Finding] = []
    for group in dict.fromkeys(comparison.comparison.group for comparison in comparisons):
        findings += _trends([each for each in comparisons if each.comparison.group == group], keys, plan)
        findings += _correlations(table, scores, group, keys, plan)
    return findings_table(findings)


def _trends(comparisons: list[Comparison], keys: list[tuple[str, str]], plan: AnalysisPlan) -> list[Finding]:
    references = {comparison.reference for comparison in comparisons}
    start = comparisons[0] if len(references) == 1 and comparisons[0].reference is not None else None
    steps = [str(comparison.comparison) for comparison in comparisons]
    values = [comparison.values_b for comparison in comparisons]
    if start is not None:
        steps, values = [str(start.reference), *steps], [start.values_a, *values]
    order = ", ".join(steps)
    note = "" if start is not None else "the reference was sampled at several timepoints and is no step of the order"

    def test(key: tuple[str, str]) -> Inference:
        return _trend_of([row_of(step, row_key(*key)).dropna() for step in values], plan)

    def say(endpoint: Endpoint, place: str, result: Inference, p_adjusted: float) -> str:
        verdict = verdict_of(p_adjusted, plan.level)
        subject = f"{endpoint.label}{where(place)}"
        if verdict == "not tested":
            return f"{subject}: no trend was tested over {order}: {result.note}."
        slope = f"{format_value(result.estimate, endpoint, is_signed=True)} a step"
        printed = _printed(
            slope, format_interval(result.ci_low, result.ci_high, endpoint), p_adjusted, result.n_a, plan
        )
        if verdict == "shown":
            return f"{subject} {'rises' if result.estimate > 0 else 'falls'} in the order {order}: {printed}."
        return f"{subject}: a trend in the order {order} is not shown: {printed}."

    timepoints = ", ".join(comparison.comparison.timepoint for comparison in comparisons)
    asked = Asked("progression", "trend", timepoint=timepoints, contrast=order)
    return _family(asked, keys, test, say, note, plan)


def _trend_of(steps: list[pd.Series[float]], plan: AnalysisPlan) -> Inference:
    """Test one endpoint; an animal that stands at several steps is compared with itself only."""
    n_values = sum(step.size for step in steps)
    if len(steps) < 2:
        return untested(n_values, 0, "a trend needs two timepoints, or a reference to begin from")
    names = [name for step in steps for name in step.index]
    is_followed = len(set(names)) < len(names)
    result = trend(
        [step.to_numpy(dtype=float) for step in steps],
        blocks=[step.index.to_numpy(dtype=object) for step in steps] if is_followed else None,
        level=plan.level,
        seed=plan.seed,
        max_relabelings=plan.max_relabelings,
    )
    return replace(result, n_a=len(set(names)))


def _correlations(
    table: pd.DataFrame, scores: pd.DataFrame, group: str, keys: list[tuple[str, str]], plan: AnalysisPlan
) -> list[Finding]:
    of_group = scores[scores["group"] == group]
    if of_group.empty:
        return []
    diseased = table[table["group"] == group].merge(of_group, on=["animal", "group", "timepoint"])
    findings: list[Finding] = []
    for is_same_day in (False, True):
        aspect = "clinical score, same day" if is_same_day else "clinical score"
        timepoints = list(dict.fromkeys(of_group["timepoint"]))
        asked = Asked("progression", aspect, timepoint=", ".join(timepoints), contrast=group)

        def test(key: tuple[str, str], is_same_day: bool = is_same_day) -> Inference:
            rows = diseased[(diseased["endpoint"] == key[0]) & (diseased["segment"] == key[1])].dropna(subset=["value"])
            return _correlate(rows, plan, is_same_day=is_same_day)

        def say(
            endpoint: Endpoint, place: str, result: Inference, p_adjusted: float, is_same_day: bool = is_same_day
        ) -> str:
            return _say_correlation(group, endpoint, place, result, p_adjusted, plan, is_same_day=is_same_day)

        findings += _family(asked, keys, test, say, "" if is_same_day else _WITH_TIME, plan)
    return findings


def _correlate(rows: pd.DataFrame, plan: AnalysisPlan, *, is_same_day: bool) -> Inference:
    informative = rows
    if is_same_day:
        # A timepoint where all animals have one score, or with one animal, says nothing of the same day.
        n_scores = rows.groupby("timepoint")[CLINICAL_SCORE].transform("nunique")
        informative = rows[n_scores > 1]
    if informative["animal"].duplicated().any():
        return untested(len(informative), 0, "animals stand at several timepoints, which needs a model of repeats")
    if is_same_day and informative.empty:
        return untested(0, 0, "no timepoint has animals of different scores")
    result = rank_correlation(
        informative[CLINICAL_SCORE].to_numpy(dtype=float),
        informative["value"].to_numpy(dtype=float),
        strata=informative["timepoint"].to_numpy() if is_same_day else None,
        level=plan.level,
        seed=plan.seed,
        max_relabelings=plan.max_relabelings,
    )
    return replace(result, n_a=len(informative))


def _say_correlation(
    group: str,
    endpoint: Endpoint,
    place: str,
    result: Inference,
    p_adjusted: float,
    plan: AnalysisPlan,
    *,
    is_same_day: bool,
) -> str:
    verdict = verdict_of(p_adjusted, plan.level)
    subject = f"{endpoint.label}{where(place)}"
    among = f"among {group} animals of the same timepoint" if is_same_day else f"among {group} animals"
    if verdict == "not tested":
        return f"{subject}: no correlation with the clinical score was tested {among}: {result.note}."
    rho = f"Spearman's rho {result.estimate:+.2f}".replace("-", "−")
    interval = f"{result.ci_low:+.2f} to {result.ci_high:+.2f}".replace("-", "−") if np.isfinite(result.ci_low) else "–"
    printed = _printed(rho, interval, p_adjusted, result.n_a, plan)
    if verdict == "shown":
        verb = "rises" if result.estimate > 0 else "falls"
        return f"{subject} {verb} with the clinical score {among}: {printed}."
    return f"{subject}: a correlation with the clinical score is not shown {among}: {printed}."


def _family(
    asked: Asked,
    keys: Sequence[tuple[str, str]],
    test: Callable[[tuple[str, str]], Inference],
    say: Callable[[Endpoint, str, Inference, float], str],
    note: str,
    plan: AnalysisPlan,
) -> list[Finding]:
    """Test every endpoint and segment, correct the whole gut and the segments each over its own, and say each."""
    has_whole = any(place == WHOLE_GUT for _, place in keys)
    findings: list[Finding] = []
    for is_whole in (True, False):
        family = [key for key in keys if (key[1] == WHOLE_GUT) == is_whole]
        results = [test(key) for key in family]
        adjusted = adjust([result.p for result in results], method="holm").tolist()
        n_tests = int(np.isfinite(adjusted).sum())
        within = where(WHOLE_GUT) if is_whole else " in segments" if has_whole else ""
        correction = f"Holm over {plural(n_tests, 'test')}{within}"
        for (name, place), result, p_adjusted in zip(family, results, adjusted, strict=True):
            sentence = say(endpoint_named(name), place, result, p_adjusted)
            own = replace(asked, endpoint=name, segment=place)
            used = correction if np.isfinite(p_adjusted) else ""
            findings.append(Finding(own, verdict_of(p_adjusted, plan.level), sentence, result, p_adjusted, used, note))
    return findings


def _printed(estimate: str, interval: str, p_adjusted: float, n_animals: int, plan: AnalysisPlan) -> str:
    return (
        f"{estimate} ({100 * (1 - plan.level):g} % interval {interval}; adjusted p {format_p(p_adjusted)}; "
        f"{plural(n_animals, 'animal')})"
    )
