"""One finding of a question: what was asked, where, what came out, and a sentence that claims no more than that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

import pandas as pd

from histo.schema import check_table, empty_table, table_schema
from histo.study.inference.result import Inference
from histo.study.level.endpoint import Endpoint
from histo.study.wording import format_change, format_interval, format_p, format_value

__all__ = ["Asked", "Finding", "Verdict", "difference_sentence", "findings_table", "numbers", "untested", "verdict_of"]

Verdict = Literal["shown", "not shown", "not tested", "missing"]


@dataclass(frozen=True)
class Asked:
    """What was asked: the question and its aspect, of which endpoint, in which segment, when, and between whom."""

    question: str
    aspect: str
    endpoint: str = ""
    segment: str = ""
    timepoint: str = ""
    contrast: str = ""


@dataclass(frozen=True)
class Finding:
    """What came out.

    Parameters
    ----------
    asked : Asked
        The question.
    verdict : {"shown", "not shown", "not tested", "missing"}
        ``not shown`` is not the same as absent; ``missing`` is what nobody measured.
    sentence : str
        The finding as a reader would be told it.
    inference : Inference
        Estimate, interval and test.
    p_adjusted : float
        Its p-value, corrected over the family.
    correction : str
        How, and over which family.
    note : str
        What a reader must know besides.
    """

    asked: Asked
    verdict: Verdict
    sentence: str
    inference: Inference
    p_adjusted: float = nan
    correction: str = ""
    note: str = ""

    def row(self) -> dict[str, object]:
        """Arrange it as a row of the table ``questions``."""
        result = self.inference
        return {
            **vars(self.asked),
            "verdict": self.verdict,
            "finding": self.sentence,
            **{name: getattr(result, name) for name in ("estimate", "ci_low", "ci_high", "effect_size", "test")},
            **{name: getattr(result, name) for name in ("statistic", "df", "p")},
            "p_adjusted": self.p_adjusted,
            "correction": self.correction,
            "n_animals_a": result.n_a,
            "n_animals_b": result.n_b,
            "note": "; ".join(part for part in (result.note, self.note) if part),
        }


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Arrange findings as the table ``questions``."""
    columns = table_schema("questions").columns
    rows = [finding.row() for finding in findings]
    return check_table(pd.DataFrame(rows), columns) if rows else empty_table(columns)


def untested(n_a: int, n_b: int, why: str) -> Inference:
    """Make the result of a test that could not be made."""
    return Inference("none", n_a=n_a, n_b=n_b, note=why)


def verdict_of(p_adjusted: float, level: float) -> Verdict:
    """Judge an adjusted p-value; without one nothing was tested."""
    if not isfinite(p_adjusted):
        return "not tested"
    return "shown" if p_adjusted <= level else "not shown"


def numbers(result: Inference, endpoint: Endpoint, p_adjusted: float, level: float, mean_a: float = nan) -> str:
    """Put estimate, change, interval, adjusted p and animals behind one another."""
    change = format_change(result.estimate, mean_a) if isfinite(mean_a) else ""
    parts = [
        change,
        f"{100 * (1 - level):g} % interval {format_interval(result.ci_low, result.ci_high, endpoint)}",
        f"adjusted p {format_p(p_adjusted)}",
        f"{result.n_b} vs {result.n_a} animals",
    ]
    return f"{format_value(result.estimate, endpoint, is_signed=True)} ({'; '.join(part for part in parts if part)})"


def difference_sentence(
    subject: str, arms: tuple[str, str], verdict: Verdict, result: Inference, printed_numbers: str
) -> str:
    """Say whether a comparison arm differs from its reference.

    Parameters
    ----------
    subject : str
        What differs, with where: ``Crypt depth in the ileum``.
    arms : (str, str)
        Reference and comparison.
    verdict : {"shown", "not shown", "not tested", "missing"}
        What the test said.
    result : Inference
        For the direction, or the reason why nothing was tested.
    printed_numbers : str
        What `numbers` made.
    """
    reference, comparison = arms
    if verdict == "shown":
        direction = "greater" if result.estimate > 0 else "smaller"
        return f"{subject} is {direction} in {comparison} than in {reference}: {printed_numbers}."
    if verdict == "not shown":
        return f"{subject}: a difference between {comparison} and {reference} is not shown: {printed_numbers}."
    return f"{subject}: {comparison} and {reference} were not tested: {result.note}."
