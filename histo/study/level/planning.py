"""How many animals and sections a difference needs, from the scatter that the study itself has shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.schema import check_table, empty_table, table_schema
from histo.study.inference.permutation import smallest_reachable_p
from histo.study.level.aggregate import animals_table
from histo.study.level.arm import find_reference, segments_of
from histo.study.level.detection import detection_power, smallest_effect
from histo.study.level.goal import MOST, PowerGoal
from histo.study.level.nested import NestedVariance
from histo.study.level.variance import segment_variance

if TYPE_CHECKING:
    from histo.study.plan import AnalysisPlan

__all__ = ["power"]

_ROUNDING = 1e-9
"""Differences are the same within this share of themselves."""


@dataclass(frozen=True)
class _Question:
    """One endpoint in one segment: what is known of it, and what is asked."""

    variance: NestedVariance
    goal: PowerGoal
    plan: AnalysisPlan
    reference_mean: float
    n_animals: int
    n_sections: float
    note: str

    @property
    def level(self) -> float:
        return self.plan.level / self.goal.n_tests

    @property
    def can_vary_sections(self) -> bool:
        return "section" in self.variance.levels

    def level_for(self, n_animals: int) -> float:
        """Tell the level of a test of so many animals; 0 where its p-value cannot be that small."""
        return self.level if smallest_reachable_p(n_animals, n_animals) <= self.level else 0.0

    def weights(self, n_sections: float) -> NDArray[np.float64]:
        return self.variance.value_weights(n_sections, self.variance.per_section)

    def animal_sd(self, n_sections: float) -> float:
        """Tell how much animals' values of so many sections scatter."""
        return sqrt(self.variance.estimate(self.weights(n_sections)))

    def smallest(self, n_animals: int, n_sections: float) -> float:
        sd = self.animal_sd(n_sections)
        return smallest_effect(sd, n_animals, self.level_for(n_animals), self.goal.target)

    def is_found(self, effect: float, n_animals: int, n_sections: float) -> bool:
        return abs(effect) >= self.smallest(n_animals, n_sections) * (1 - _ROUNDING)


def power(
    sections: pd.DataFrame,
    endpoints: list[str],
    plan: AnalysisPlan,
    *,
    goal: PowerGoal | None = None,
    units: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Tell what the default test of two groups finds, and how many animals and sections it needs.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table of a study (or a pilot), whose scatter is taken for that of the study to come.
    endpoints : list of str
        Which of its columns.
    plan : AnalysisPlan
        Level, relabelings, and how sections become animals.
    goal : PowerGoal, optional
        The difference to be found, with which chance, in which layout.
    units : mapping of str to DataFrame, optional
        Tables of units by name, to tell units and sections apart.

    Returns
    -------
    DataFrame
        The ``power`` table: for each endpoint and segment the layout as sampled (or asked for), the same with twice the
        sections, with sections without end, with one more animal in each group, and with as many animals or sections
        as the difference needs.

    Raises
    ------
    InvalidArgument
        If the difference is given in percent, and it cannot be told of what.

    Notes
    -----
    An animal's value has the variance of the animals, plus that of sections over their number, plus that of units over
    theirs (Snedecor and Cochran 1989, Statistical Methods, section 13.11); `histo.study.level.detection` turns it
    into power. The two groups are taken to scatter alike and to be of equal size.
    """
    goal = goal or PowerGoal()
    rows = [
        {"endpoint": endpoint, "segment": segment} | row
        for endpoint in endpoints
        for segment in segments_of(sections[sections["animal"] != ""])
        if (variance := segment_variance(sections, endpoint, segment, plan, units=units)) is not None
        for row in _scenarios(_ask(sections[sections["segment"] == segment], endpoint, variance, goal, plan))
    ]
    columns = table_schema("power").columns
    return check_table(pd.DataFrame(rows), columns) if rows else empty_table(columns)


def _ask(
    sections: pd.DataFrame, endpoint: str, variance: NestedVariance, goal: PowerGoal, plan: AnalysisPlan
) -> _Question:
    animals = animals_table(sections, [endpoint], plan).dropna(subset=["value"])
    sizes = animals.groupby(["group", "timepoint"]).size()
    reference = _reference_mean(sections, animals, plan)
    if goal.effect is not None and goal.effect_unit == "percent" and not (isfinite(reference) and reference):
        raise InvalidArgument(
            "a difference in percent needs a reference group, whose mean is not 0",
            expected="one group named control (or ctrl, naive, sham, wt, healthy), or reference= in the plan",
            got=f"groups {', '.join(animals['group'].unique())}",
            next_step="Give the difference in the endpoint's unit: effect_unit='absolute'.",
        )
    is_uneven = goal.n_animals is None and sizes.max() > sizes.min()
    return _Question(
        variance,
        goal,
        plan,
        reference,
        n_animals=goal.n_animals or max(int(sizes.median()), 2),
        n_sections=goal.n_sections or variance.per_animal,
        note=f"groups have {sizes.min()} to {sizes.max()} animals" if is_uneven else "",
    )


def _reference_mean(sections: pd.DataFrame, animals: pd.DataFrame, plan: AnalysisPlan) -> float:
    """Mean of the reference's animals; missing where nobody can tell which group that is."""
    try:
        reference = find_reference(sections, plan.reference)
    except InvalidArgument:
        return nan
    is_own = animals["group"] == reference.group
    if reference.timepoint:
        is_own &= animals["timepoint"] == reference.timepoint
    return float(animals.loc[is_own, "value"].mean())


def _scenarios(question: _Question) -> Iterator[dict[str, object]]:
    n, m = question.n_animals, question.n_sections
    effect = _effect(question)
    layouts: list[tuple[str, int, float]] = [("as sampled", n, m)]
    if question.can_vary_sections:
        layouts += [("twice the sections", n, 2 * m), ("sections without end", n, inf)]
    layouts += [("one more animal", n + 1, m), ("animals needed", _animals_needed(question, effect), m)]
    if question.can_vary_sections:
        layouts.append(("sections needed", n, _sections_needed(question, effect)))
    for scenario, n_animals, n_sections in layouts:
        yield {"scenario": scenario} | _row(question, effect, n_animals, n_sections)


def _effect(question: _Question) -> float:
    goal = question.goal
    sampled_sd = question.animal_sd(question.variance.per_animal)
    if goal.effect is None:
        # Of so few animals that no p-value can be small enough, the next number that can.
        n_animals = next(n for n in range(question.n_animals, MOST + 1) if question.level_for(n) > 0)
        return question.smallest(n_animals, question.n_sections)
    scale = {"absolute": 1.0, "percent": abs(question.reference_mean) / 100, "sd": sampled_sd}
    return goal.effect * scale[goal.effect_unit]


def _animals_needed(question: _Question, effect: float) -> int:
    """Find the fewest animals; the most that are looked for, where they are not enough."""
    numbers = range(2, MOST)
    found = bisect_left(numbers, True, key=lambda n: question.is_found(effect, n, question.n_sections))
    return numbers[found] if found < len(numbers) else MOST


def _sections_needed(question: _Question, effect: float) -> float:
    if not question.is_found(effect, question.n_animals, inf):
        return nan
    found = bisect_left(range(1, MOST + 1), True, key=lambda m: question.is_found(effect, question.n_animals, m))
    return float(found + 1) if found < MOST else inf


def _row(question: _Question, effect: float, n_animals: int, n_sections: float) -> dict[str, object]:
    of_reference = 100 / abs(question.reference_mean) if question.reference_mean else nan
    sampled_sd = question.animal_sd(question.variance.per_animal)
    row = {
        "n_animals": n_animals,
        "n_sections": n_sections,
        "n_units": question.variance.per_section,
        "effect": effect,
        "effect_percent": effect * of_reference,
        "effect_sd": effect / sampled_sd if sampled_sd > 0 else nan,
        "target": question.goal.target,
        "level": question.level,
    }
    if np.isnan(n_sections):
        unknown = ("animal_sd", "power", "power_low", "power_high", "smallest_effect", "smallest_effect_percent")
        return row | dict.fromkeys(unknown, nan) | {"note": _remark(question, n_animals, n_sections, nan)}
    level, sd = question.level_for(n_animals), question.animal_sd(n_sections)
    low, high = np.sqrt(question.variance.interval(question.weights(n_sections), question.plan.level))
    chance = detection_power(effect, sd, n_animals, level)
    found = question.smallest(n_animals, n_sections)
    return row | {
        "animal_sd": sd,
        "power": chance,
        "power_low": detection_power(effect, high, n_animals, level),
        "power_high": detection_power(effect, low, n_animals, level),
        "smallest_effect": found,
        "smallest_effect_percent": found * of_reference,
        "note": "; ".join(filter(None, (question.note, _remark(question, n_animals, n_sections, chance)))),
    }


def _remark(question: _Question, n_animals: int, n_sections: float, chance: float) -> str:
    if question.level_for(n_animals) <= 0:
        return f"{n_animals} animals in each group cannot reach p <= {question.level:g}, however large the difference"
    if np.isnan(n_sections):
        return f"no number of sections is enough with {n_animals} animals in each group"
    if n_animals == MOST and chance < question.goal.target:
        return f"{MOST} animals are not enough"
    return ""
