"""One measure against one cut-off: what was compared, what came out, and where the cut-off comes from."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import pandas as pd

from histo.errors import InvalidArgument
from histo.measure.infiltrate import prediction_limit
from histo.score.baseline import MIN_ANIMALS, Baseline, ControlValue
from histo.score.profile import Finding, Input, Operator, Profile

__all__ = ["Comparison", "Missing", "compare", "read_measure"]

_OPERATORS: dict[Operator, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True)
class Missing:
    """Something without which a rubric cannot be scored.

    Parameters
    ----------
    what : str
        What is missing, in words.
    next_step : str
        How to come by it.
    """

    what: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.what}. {self.next_step}"


@dataclass(frozen=True)
class Comparison:
    """A measure beside a cut-off.

    Parameters
    ----------
    finding, says : str
        Name of the finding in the profile, and what it says when it is crossed.
    measure, unit : str
        The measure's column and unit.
    value : float
        What was measured.
    operator : {">", ">=", "<", "<="}
        How it was compared.
    threshold : float
        The cut-off as a number, in the measure's unit.
    limit : str
        The same as the profile states it: ``control mean + 2 SD``.
    controls : ControlValue or None
        What the cut-off is relative to.
    origin : str
        Where the cut-off comes from: ``published: ...`` or ``ours: ...``.
    is_crossed : bool
        Whether it was crossed.
    note : str
        What is special about the value; mostly empty.
    """

    finding: str
    says: str
    measure: str
    unit: str
    value: float
    operator: Operator
    threshold: float
    limit: str
    controls: ControlValue | None
    origin: str
    is_crossed: bool
    note: str = ""

    def __str__(self) -> str:
        """Say it in one sentence."""
        unit = f" {self.unit}" if self.unit else ""
        verdict = self.says if self.is_crossed else f"not {self.says}"
        value, threshold = _told_apart(self.value, self.threshold)
        compared = f"{'' if self.is_crossed else 'not '}{self.operator} {threshold}{unit}"
        parts = [f"{verdict}: {self.measure} {value}{unit}{self.note} is {compared}"]
        if self.controls is not None:
            ground = self.controls
            parts.append(
                f"which is {self.limit} (mean {ground.mean:.4g}, SD {ground.sd:.3g}, {ground.n_animals} animals,"
                f" {ground.n_sections} sections)"
            )
        return f"{', '.join(parts)}; {self.origin}"


def compare(
    profile: Profile, finding: Finding, measures: Mapping[Any, Any], controls: Baseline | None
) -> Comparison | Missing:
    """Compare a measure with the cut-off of a finding.

    Parameters
    ----------
    profile : Profile
        The rubric that the finding is of.
    finding : Finding
        What is compared.
    measures : mapping
        A section's measures by column.
    controls : Baseline or None
        The study's controls.

    Returns
    -------
    Comparison or Missing

    Raises
    ------
    InvalidArgument
        If the value is none that the measure can have.
    """
    entry = profile.input_named(finding.input)
    value, note = read_measure(entry, measures)
    if value is None:
        return _missing_measure(entry)
    ground: ControlValue | None = None
    if finding.needs_controls:
        found = _control_value(entry, finding, measures, controls)
        if isinstance(found, Missing):
            return found
        ground = found
    threshold = _threshold(finding, ground)
    return Comparison(
        finding=finding.name,
        says=finding.says,
        measure=entry.column,
        unit=entry.unit,
        value=value,
        operator=finding.operator,
        threshold=threshold,
        limit=finding.limit,
        controls=ground,
        origin=profile.origin(finding),
        is_crossed=_OPERATORS[finding.operator](value, threshold),
        note=note,
    )


def read_measure(entry: Input, measures: Mapping[Any, Any]) -> tuple[float | None, str]:
    """Read an input from a section's measures.

    Returns
    -------
    value : float or None
        None when it is missing.
    note : str
        What is special about the value.

    Raises
    ------
    InvalidArgument
        If it is no number, or none that the measure can have.
    """
    value = _number(entry.column, measures.get(entry.column))
    if value is None and entry.zero_where_none_of is not None:
        count = _number(entry.zero_where_none_of, measures.get(entry.zero_where_none_of))
        if count == 0:
            return 0.0, f" ({entry.zero_where_none_of} is 0, so it counts as 0)"
    if value is None:
        return None, ""
    lowest = -math.inf if entry.lowest is None else entry.lowest
    highest = math.inf if entry.highest is None else entry.highest
    if not lowest <= value <= highest or (entry.is_whole and not value.is_integer()):
        kind = "a whole number of " if entry.is_whole else ""
        raise InvalidArgument(
            f"{entry.column} cannot have this value",
            expected=f"{entry.meaning}; {kind}{lowest:g} to {highest:g} {entry.unit}".strip(),
            got=f"{value:g}",
            next_step="Check how the measures were put together, and their units.",
        )
    return value, ""


def _number(column: str, value: object) -> float | None:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool) or not isinstance(value, Real) or math.isinf(value):
        raise InvalidArgument(
            f"{column} is not a number",
            expected="a finite number, or None or not-a-number where it was not measured",
            got=repr(value),
        )
    return None if math.isnan(value) else float(value)


def _missing_measure(entry: Input) -> Missing:
    who = "histo does not measure it, a person must read it" if entry.given_by == "reader" else "it was not measured"
    unit = f", {entry.unit}" if entry.unit else ""
    return Missing(f"{entry.column} is missing ({entry.meaning}{unit}; {who})", entry.next_step)


def _control_value(
    entry: Input, finding: Finding, measures: Mapping[Any, Any], controls: Baseline | None
) -> ControlValue | Missing:
    needed = f"the cut-off of {entry.column} is {finding.limit}"
    if controls is None:
        return Missing(
            f"{needed}, and no controls were given",
            f"Give controls=, a histo.score.Baseline of at least {MIN_ANIMALS} control animals of the same segment.",
        )
    segment = measures.get("segment")
    is_named = isinstance(segment, str) and segment != "" and controls.segment != ""
    if is_named and str(segment).casefold() != controls.segment.casefold():
        return Missing(
            f"{needed}, and the controls are of {controls.segment}, the section of {segment}",
            "Give the baseline of the same segment.",
        )
    ground = controls.measures.get(entry.column)
    if ground is None:
        return Missing(
            f"{needed}, and fewer than {MIN_ANIMALS} control animals have {entry.column}",
            "Measure it in the controls too.",
        )
    if finding.control_sd is not None and ground.sd == 0:
        return Missing(
            f"{needed}, and the controls do not differ in {entry.column}: all are {ground.mean:g}",
            "State a fold of the controls, or a number, in a profile of your own that extends this one.",
        )
    if finding.control_share is not None and math.isnan(_threshold(finding, ground)):
        return Missing(
            f"{needed}, and the baseline does not say what each animal has of {entry.column}",
            f"Make it with Baseline.from_sections, from at least {MIN_ANIMALS} animals.",
        )
    return ground


def _told_apart(value: float, threshold: float) -> tuple[str, str]:
    """Write two numbers with so many digits that they look different when they are."""
    texts = f"{value:.4g}", f"{threshold:.4g}"
    for digits in range(5, 18):
        if texts[0] != texts[1] or value == threshold:
            break
        texts = f"{value:.{digits}g}", f"{threshold:.{digits}g}"
    return texts


def _threshold(finding: Finding, ground: ControlValue | None) -> float:
    if ground is None:
        return float(finding.threshold or 0.0)
    if finding.control_fold is not None:
        return finding.control_fold * ground.mean
    if finding.control_share is not None:
        return prediction_limit(ground.animal_means, finding.control_share)
    return ground.mean + (finding.control_sd or 0.0) * ground.sd
