"""Daily clinical scores and weights of an animal, and what follows from them: peak, sum, onset, loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from histo.errors import DesignProblem
from histo.io.design.catalogue import COURSES, course_column, day_of
from histo.io.design.cell import as_day
from histo.io.design.reading import Reading

__all__ = ["contradictions", "course_of", "outcomes_of", "with_outcomes"]

# A person may have rounded to one digit behind the point.
_TOLERANCE = 0.05 + 1e-9
_OUTCOMES = {
    "clinical_score": ("clinical_peak", "clinical_cumulative", "clinical_onset_day"),
    "weight_g": ("weight_loss_percent",),
}


def course_of(row: Mapping[Any, object], base: str) -> dict[int, float]:
    """Collect the days of a row's course.

    Parameters
    ----------
    row : mapping of str to object
        Values by column; None or NaN where a day is missing.
    base : str
        ``clinical_score`` or ``weight_g``.

    Returns
    -------
    dict of int to float
        Values by day, in the order of the days.
    """
    days = {
        day: value
        for name, value in row.items()
        if isinstance(value, float) and math.isfinite(value) and (day := day_of(str(name), base)) is not None
    }
    return dict(sorted(days.items()))


def outcomes_of(base: str, course: Mapping[int, float]) -> dict[str, float]:
    """Work out what follows from a course.

    Of clinical scores: the highest; their sum over every day from the first to the last that was scored, where a day
    that was missed counts with the value on the line between its neighbours, so that a weekend without a score makes no
    animal look healthier; and the first day with a score above 0. Of weights: the largest loss since the first
    weighing, in percent of it, 0 if there was none.

    Parameters
    ----------
    base : str
        ``clinical_score`` or ``weight_g``.
    course : mapping of int to float
        Values by day, in the order of the days.

    Returns
    -------
    dict of str to float
        By column; empty of an empty course. The onset of an animal that stayed well is NaN.

    Examples
    --------
    >>> outcomes_of("clinical_score", {9: 0.0, 10: 1.0, 12: 3.0})
    {'clinical_peak': 3.0, 'clinical_cumulative': 6.0, 'clinical_onset_day': 10.0}
    >>> outcomes_of("weight_g", {0: 20.0, 10: 21.0, 14: 17.0})
    {'weight_loss_percent': 15.0}
    """
    if not course:
        return {}
    days, values = list(course), list(course.values())
    if base == "weight_g":
        return {"weight_loss_percent": 100 * max(0.0, values[0] - min(values)) / values[0]}
    every_day = np.arange(days[0], days[-1] + 1)
    onset = next((float(day) for day, score in course.items() if score > 0), math.nan)
    return {
        "clinical_peak": max(values),
        "clinical_cumulative": float(np.interp(every_day, days, values).sum()),
        "clinical_onset_day": onset,
    }


def with_outcomes(values: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from daily courses, and take the timepoint's value from its day.

    Parameters
    ----------
    values : DataFrame
        Values of known columns; None where nothing is known.

    Returns
    -------
    DataFrame
        A copy; outcomes are there where there are daily columns.
    """
    added = values.copy()
    for base in COURSES:
        if not any(day_of(str(name), base) is not None for name in values):
            continue
        rows = values.to_dict("records")
        courses = [course_of(row, base) for row in rows]
        outcomes = [outcomes_of(base, course) for course in courses]
        for name in _OUTCOMES[base]:
            given = values[name] if name in values else [None] * len(rows)
            added[name] = pd.Series(
                [found.get(name, own) for found, own in zip(outcomes, given, strict=True)], values.index, dtype=object
            )
        at_timepoint = [_own_or_of_day(row, base, course) for row, course in zip(rows, courses, strict=True)]
        added[base] = pd.Series(at_timepoint, values.index, dtype=object)
    return added


def contradictions(reading: Reading, values: pd.DataFrame) -> list[DesignProblem]:
    """Find cells that say otherwise than the daily columns.

    Parameters
    ----------
    reading : Reading
        The table.
    values : DataFrame
        Its values, completed by other rows of the same animal.
    """
    problems = []
    rows = zip(values.index, values.to_dict("records"), reading.known.to_dict("records"), strict=True)
    for number, row, written in rows:
        for name, value, source in _said_by_days(row):
            own = written.get(name)
            if own is not None and not abs(own - value) <= _TOLERANCE:
                wanted = "an empty cell" if math.isnan(value) else f"{value:g}"
                got = repr(reading.cells.loc[number, name])
                problems.append(DesignProblem(int(str(number)), name, f"{wanted}, as {source} says", got))
    return problems


def _said_by_days(row: Mapping[Any, Any]) -> Iterator[tuple[str, float, str]]:
    """Yield what the daily columns say of other columns: which, what, and where that stands."""
    for base in COURSES:
        course = course_of(row, base)
        for name, value in outcomes_of(base, course).items():
            yield name, value, f"the course of {base}"
        day = _timepoint_of(row)
        if day in course:
            yield base, course[day], course_column(base, day)


def _own_or_of_day(row: Mapping[Any, Any], base: str, course: Mapping[int, float]) -> float | None:
    own: float | None = row.get(base)
    return course.get(_timepoint_of(row)) if own is None else own


def _timepoint_of(row: Mapping[Any, Any]) -> int:
    """Read the day of a row; -1, which is no day of a course, where it has none."""
    day = as_day(row.get("timepoint") or "")
    return int(day) if day is not None and day.is_integer() else -1
