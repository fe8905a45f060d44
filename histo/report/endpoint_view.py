"""One endpoint's part of the page: its figures and its effects."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from histo.report.answer import Answer, Effect
from histo.report.superplot import SuperplotData, draw_superplot, value_range
from histo.report.thumbnail import svg_data_uri
from histo.report.wording import format_value
from histo.study import Arm, Endpoint, StudyTables, endpoint_named
from histo.study.level.arm import arms_of, segments_of

__all__ = ["EndpointView", "Panel", "endpoint_views"]


@dataclass(frozen=True)
class Panel:
    """One segment's figure, its address and what it shows in words."""

    segment: str
    source: str
    alt: str


@dataclass(frozen=True)
class EndpointView:
    """What is shown of one endpoint."""

    endpoint: Endpoint
    is_tested: bool
    panels: list[Panel]
    effects: list[Effect]


def endpoint_views(study: StudyTables, answer: Answer) -> list[EndpointView]:
    """Draw every endpoint that has a value, segment by segment; those of the plan first.

    Returns
    -------
    list of EndpointView
        Empty without animals: sections alone are in the gallery.
    """
    animals = study.animals()
    groups = study.groups()
    reference = answer.effects[0].reference.split(" @ ")[0] if answer.effects else ""
    arms = arms_of(animals, reference) or [Arm("", timepoint) for timepoint in sorted(animals["timepoint"].unique())]
    views = []
    for name in study.endpoints:
        endpoint = endpoint_named(name)
        of_animals, of_groups = (table[table["endpoint"] == name] for table in (animals, groups))
        if of_animals["value"].notna().any():
            views.append(
                EndpointView(
                    endpoint,
                    name in study.plan.endpoints,
                    _panels(study, endpoint, arms, of_animals, of_groups),
                    [effect for effect in answer.effects if effect.endpoint == endpoint],
                )
            )
    return views


def _panels(
    study: StudyTables, endpoint: Endpoint, arms: list[Arm], animals: pd.DataFrame, groups: pd.DataFrame
) -> list[Panel]:
    sections = study.usable_sections(endpoint.name)
    limits = value_range(sections["value"], animals["value"], groups["ci_low"], groups["ci_high"])
    panels = []
    for segment in segments_of(animals):
        parts = [table[table["segment"] == segment] for table in (sections, animals, groups)]
        present = [
            arm for arm in arms if ((parts[1]["group"] == arm.group) & (parts[1]["timepoint"] == arm.timepoint)).any()
        ]
        svg = draw_superplot(SuperplotData(endpoint, present, *parts), limits)
        panels.append(Panel(segment or "all segments", svg_data_uri(svg), _alt_text(endpoint, segment, parts[2])))
    return panels


def _alt_text(endpoint: Endpoint, segment: str, groups: pd.DataFrame) -> str:
    means = "; ".join(
        f"{Arm(str(row['group']) or 'all animals', str(row['timepoint']))}: "
        f"mean {format_value(float(row['mean']), endpoint)} of {row['n_animals']} animals"
        for _, row in groups.iterrows()
    )
    return f"{endpoint.label}{f', {segment}' if segment else ''}. {means}."
