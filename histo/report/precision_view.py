"""How sure the study can be: how much animals, sections and units scatter, and what more of each would bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from histo.report.wording import NOTHING, format_value
from histo.study import Endpoint, StudyTables, endpoint_named

__all__ = ["PrecisionRow", "PrecisionView", "precision_view"]

_SAMPLED, _MORE_SECTIONS, _MORE_ANIMALS = "as sampled", "twice the sections", "one more animal"


@dataclass(frozen=True)
class PrecisionRow:
    """One endpoint in one segment.

    Parameters
    ----------
    endpoint, segment : str
        What and where.
    sd_animals, sd_sections, sd_units : str
        Standard deviation between animals of a group, between sections of an animal, between units of a section.
    likeness : str
        Intraclass correlation of the sections of one animal.
    smallest, with_sections, with_animal : str
        Smallest true difference that is found with the target's chance: as sampled, with twice the sections, with one
        more animal in each group.
    """

    endpoint: str
    segment: str
    sd_animals: str
    sd_sections: str
    sd_units: str
    likeness: str
    smallest: str
    with_sections: str
    with_animal: str


@dataclass(frozen=True)
class PrecisionView:
    """All of it, and what follows in plain words."""

    advice: str
    target: float
    rows: list[PrecisionRow]
    notes: list[str]


def precision_view(study: StudyTables) -> PrecisionView | None:
    """Take the scatter of the plan's endpoints apart, and tell what it asks of a study.

    Returns
    -------
    PrecisionView or None
        None where nothing is known between animals.
    """
    components = study.variance_components()
    if components.empty:
        return None
    chances = study.power()
    rows = []
    for (name, segment), own in components.groupby(["endpoint", "segment"], sort=False):
        of_power = chances[(chances["endpoint"] == name) & (chances["segment"] == segment)]
        rows.append(_row(endpoint_named(str(name)), str(segment), own, of_power))
    notes = [*_notes(components), *_notes(chances)]
    return PrecisionView(_advice(chances), float(chances["target"].max()), rows, notes)


def _row(endpoint: Endpoint, segment: str, components: pd.DataFrame, chances: pd.DataFrame) -> PrecisionRow:
    levels = {str(row["level"]): row for row in components.to_dict("records")}
    scenarios = {str(row["scenario"]): row for row in chances.to_dict("records")}

    def spread(level: str) -> str:
        return format_value(float(levels[level]["sd"]), endpoint, has_unit=False) if level in levels else NOTHING

    def smallest(scenario: str) -> str:
        if scenario not in scenarios:
            return NOTHING
        effect, share = (float(scenarios[scenario][name]) for name in ("smallest_effect", "smallest_effect_percent"))
        return f"{format_value(effect, endpoint)}{f' ({share:.0f} %)' if np.isfinite(share) else ''}"

    icc = float(levels["animal"]["icc"])
    return PrecisionRow(
        endpoint=endpoint.label,
        segment=segment,
        sd_animals=spread("animal"),
        sd_sections=spread("section"),
        sd_units=spread("unit"),
        likeness=f"{icc:.2f}" if np.isfinite(icc) else NOTHING,
        smallest=smallest(_SAMPLED),
        with_sections=smallest(_MORE_SECTIONS),
        with_animal=smallest(_MORE_ANIMALS),
    )


def _notes(table: pd.DataFrame) -> list[str]:
    """Say each note once, and of what it is said."""
    places: dict[str, dict[str, None]] = {}
    for row in table[table["note"] != ""].to_dict("records"):
        label, segment = endpoint_named(str(row["endpoint"])).label, str(row["segment"])
        places.setdefault(str(row["note"]), {})[f"{label}, {segment}" if segment else label] = None
    return [f"{note} ({'; '.join(said)})" for note, said in places.items()]


def _advice(power: pd.DataFrame) -> str:
    """Say which of more animals and more sections sharpens the answer more, in the median endpoint."""
    wide = power.pivot_table(
        index=["endpoint", "segment"], columns="scenario", values="smallest_effect", aggfunc="first", observed=True
    )
    if not {_SAMPLED, _MORE_SECTIONS, _MORE_ANIMALS} <= set(wide.columns):
        return ""
    sections, animals = (
        float(100 * (1 - wide[name] / wide[_SAMPLED]).median()) for name in (_MORE_SECTIONS, _MORE_ANIMALS)
    )
    if not (np.isfinite(sections) and np.isfinite(animals)):
        return ""
    n = len(wide)
    what = "Add animals, not sections" if animals >= sections else "Here more sections help more than one more animal"
    return (
        f"{what}: one more animal in each group makes the smallest difference that the study can find {animals:.0f} % "
        f"smaller, twice the sections of the same animals {sections:.0f} % (median of {n} endpoint and segment pairs)."
    )
