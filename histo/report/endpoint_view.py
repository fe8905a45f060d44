"""One endpoint's part of the page: its figures and its effects."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from histo.report.answer import Answer, Effect
from histo.report.figure.course import CourseData, draw_course
from histo.report.figure.drawn import DrawnFigure
from histo.report.figure.style import ArmStyle, arm_styles
from histo.report.figure.superplot import SuperplotData, draw_superplot, value_range
from histo.report.repeats import RepeatTables, units_of
from histo.study import Arm, Endpoint, StudyTables, endpoint_named
from histo.study.level import arms_of, segments_of

__all__ = ["EndpointView", "Panel", "endpoint_views", "study_styles"]


@dataclass(frozen=True)
class Panel:
    """One segment's figure."""

    segment: str
    figure: DrawnFigure


@dataclass(frozen=True)
class EndpointView:
    """What is shown of one endpoint."""

    endpoint: Endpoint
    is_tested: bool
    panels: list[Panel]
    courses: list[Panel]
    effects: list[Effect]


def study_styles(animals: pd.DataFrame, reference: str) -> dict[Arm, ArmStyle]:
    """Give the study's arms their colours and markers, the reference group first; of animals without a group too."""
    arms = arms_of(animals, reference)
    groupless = sorted(animals.loc[animals["group"] == "", "timepoint"].unique())
    return arm_styles([*arms, *(Arm("", timepoint) for timepoint in groupless)])


def endpoint_views(study: StudyTables, answer: Answer, repeats: RepeatTables | None) -> list[EndpointView]:
    """Draw every endpoint that has a value, segment by segment; those of the plan first.

    Returns
    -------
    list of EndpointView
        Empty without animals: sections alone are in the gallery.
    """
    animals, groups = study.animals(), study.groups()
    reference = answer.effects[0].reference.split(" @ ")[0] if answer.effects else ""
    styles = study_styles(animals, reference)
    views = []
    for name in study.endpoints:
        of_animals, of_groups = (table[table["endpoint"] == name] for table in (animals, groups))
        if of_animals["value"].notna().any():
            endpoint = endpoint_named(name)
            panels, courses = _drawn(study, endpoint, styles, (of_animals, of_groups), units_of(study, repeats, name))
            effects = [effect for effect in answer.effects if effect.endpoint == endpoint]
            views.append(EndpointView(endpoint, name in study.plan.endpoints, panels, courses, effects))
    return views


def _drawn(
    study: StudyTables,
    endpoint: Endpoint,
    styles: dict[Arm, ArmStyle],
    tables: tuple[pd.DataFrame, pd.DataFrame],
    units: pd.DataFrame,
) -> tuple[list[Panel], list[Panel]]:
    """Draw the SuperPlot and the time course of each segment, the panels of an endpoint on one scale."""
    animals, groups = tables
    sections = study.usable_sections(endpoint.name)
    ends = (animals["value"], groups["ci_low"], groups["ci_high"])
    limits, limits_in_time = (
        value_range(units["value"], sections["value"], *ends),
        value_range(animals["sd"][:0], *ends),
    )
    panels, courses = [], []
    for segment in segments_of(animals):
        here = [table[table["segment"] == segment] for table in (units, sections, animals, groups)]
        present = _present(styles, here[2])
        figure = draw_superplot(SuperplotData(endpoint, segment, present, *here), limits)
        panels.append(Panel(segment, figure))
        course = draw_course(CourseData(endpoint, segment, present, here[2], here[3]), limits_in_time)
        if course is not None:
            courses.append(Panel(segment, course))
    return panels, courses


def _present(styles: dict[Arm, ArmStyle], animals: pd.DataFrame) -> dict[Arm, ArmStyle]:
    known = set(zip(animals["group"], animals["timepoint"], strict=True))
    return {arm: style for arm, style in styles.items() if (arm.group, arm.timepoint) in known}
