"""Equivalence: whether differences larger than a margin that matters can be ruled out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from histo.study.comparison import Comparison
from histo.study.inference import adjust, equivalence
from histo.study.inference.result import Inference
from histo.study.level.arm import Arm, segments_of
from histo.study.level.endpoint import endpoint_named
from histo.study.plan import AnalysisPlan
from histo.study.question.arms import arm_names, comparisons_in, row_key
from histo.study.question.finding import Asked, Finding, findings_table, untested, verdict_of
from histo.study.question.whole_gut import where
from histo.study.wording import format_interval, format_p, format_value

__all__ = ["equivalence_table"]


def equivalence_table(
    animals: pd.DataFrame, margins: Mapping[str, float], reference: Arm, plan: AnalysisPlan
) -> pd.DataFrame:
    """Test for each endpoint, segment and arm whether its difference lies within a margin (two one-sided tests).

    Only this, and never a large p-value of a difference, supports that groups are alike. The interval covers
    ``1 - 2 level``. The family is all of these tests, corrected by Holm (1979, Scand J Stat 6:65). Batch and sex are
    not taken into account, and animals that stand on both sides are not tested.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    margins : mapping of str to float
        For each endpoint the smallest difference that would matter, in its unit, fixed beforehand.
    reference : Arm
        What to compare with.
    plan : AnalysisPlan
        Level, relabelings, seed.

    Returns
    -------
    DataFrame
        The ``questions`` table; the verdict ``shown`` means that equivalence is.

    Raises
    ------
    InvalidArgument
        If a margin is not a positive number.
    """
    asked: list[tuple[Asked, tuple[str, str], Inference]] = []
    segments = segments_of(animals)
    for comparison in comparisons_in(animals, tuple(margins), segments, reference, pd.DataFrame()):
        for endpoint in margins:
            aspect = f"margin {margins[endpoint]:g} {endpoint_named(endpoint).unit}".rstrip()
            for segment in segments:
                own = Asked(
                    "equivalence", aspect, endpoint, segment, comparison.comparison.timepoint, comparison.contrast
                )
                result = _test(comparison, row_key(endpoint, segment), margins[endpoint], plan)
                asked.append((own, arm_names(comparison), result))
    adjusted = adjust([result.p for _, _, result in asked]).tolist() if asked else []
    correction = f"Holm over {int(np.isfinite(adjusted).sum())} tests of equivalence"
    return findings_table(
        Finding(
            own,
            verdict_of(p_adjusted, plan.level),
            _sentence(own, arms, result, p_adjusted, margins[own.endpoint], plan),
            result,
            p_adjusted,
            correction if np.isfinite(p_adjusted) else "",
        )
        for (own, arms, result), p_adjusted in zip(asked, adjusted, strict=True)
    )


def _test(comparison: Comparison, row: str, margin: float, plan: AnalysisPlan) -> Inference:
    a, b = comparison.values_of(row)
    if comparison.is_paired:
        return untested(a.size, b.size, "the same animals are on both sides, which needs a paired analysis")
    found = equivalence(a, b, margin, level=plan.level, seed=plan.seed, max_relabelings=plan.max_relabelings)
    # Its note is the unadjusted answer in words; the sentence gives the adjusted one.
    return replace(found, note="") if found.test != "none" else found


def _sentence(
    asked: Asked, arms: tuple[str, str], result: Inference, p_adjusted: float, margin: float, plan: AnalysisPlan
) -> str:
    endpoint = endpoint_named(asked.endpoint)
    subject = f"{endpoint.label}{where(asked.segment)}, {arms[1]} against {arms[0]}"
    verdict = verdict_of(p_adjusted, plan.level)
    if verdict == "not tested":
        return f"{subject}: equivalence was not tested: {result.note}."
    printed = (
        f"{format_value(result.estimate, endpoint, is_signed=True)} ({100 * (1 - 2 * plan.level):g} % interval "
        f"{format_interval(result.ci_low, result.ci_high, endpoint)}; adjusted p {format_p(p_adjusted)}; "
        f"{result.n_b} vs {result.n_a} animals)"
    )
    limit = format_value(margin, endpoint)
    if verdict == "shown":
        return f"{subject}: no difference larger than {limit} is supported: {printed}."
    return f"{subject}: a difference larger than {limit} is not ruled out: {printed}."
