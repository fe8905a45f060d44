"""The animals, one row each and segment, with the tested endpoints side by side."""

from __future__ import annotations

from dataclasses import dataclass

from histo.report.wording import format_value
from histo.study import Arm, StudyTables, endpoint_named
from histo.study.level.arm import arms_of, natural_key, segments_of

__all__ = ["AnimalRow", "animal_rows"]


@dataclass(frozen=True)
class AnimalRow:
    """One animal in one segment, ready to print.

    Parameters
    ----------
    animal, arm, segment : str
        Who, of which group and timepoint, where.
    n_sections : int
        Sections of it.
    values : list of str
        Means of the plan's endpoints, in their order.
    dropped : str
        What was left out, and why.
    """

    animal: str
    arm: str
    segment: str
    n_sections: int
    values: list[str]
    dropped: str


def animal_rows(study: StudyTables) -> list[AnimalRow]:
    """List the animals by segment, group and timepoint, and name."""
    animals = study.animals()
    planned = animals[animals["endpoint"].isin(study.plan.endpoints)]
    segments, arms = segments_of(animals), arms_of(animals)
    rows = []
    for (animal, group, timepoint, segment), own in planned.groupby(
        ["animal", "group", "timepoint", "segment"], sort=False
    ):
        by_endpoint = own.set_index("endpoint")
        value_of = {str(name): float(value) for name, value in by_endpoint["value"].items()}
        arm = Arm(str(group), str(timepoint))
        row = AnimalRow(
            animal=str(animal),
            arm=str(arm),
            segment=str(segment),
            n_sections=int((own["n_sections"] + own["n_dropped"]).max()),
            values=[
                format_value(value_of[name], endpoint_named(name), has_unit=False) for name in study.plan.endpoints
            ],
            dropped="; ".join(
                f"{endpoint_named(str(name)).label}: {note}" for name, note in by_endpoint["note"].items() if note
            ),
        )
        rows.append(
            ((segments.index(str(segment)), arms.index(arm) if arm in arms else -1, natural_key(str(animal))), row)
        )
    return [row for _, row in sorted(rows, key=lambda entry: entry[0])]
