"""The figures over all endpoints: the heat map, and a forest plot of each segment."""

from __future__ import annotations

import pandas as pd

from histo.report.endpoint_view import Panel, study_styles
from histo.report.figure import DrawnFigure
from histo.report.figure.forest import draw_forest, effect_range
from histo.report.figure.heat_map import draw_heat_map
from histo.study import StudyTables
from histo.study.level import segments_of

__all__ = ["draw_overview"]


def draw_overview(study: StudyTables, contrasts: pd.DataFrame) -> tuple[DrawnFigure | None, list[Panel]]:
    """Draw all comparisons at a glance, and each with its interval.

    Parameters
    ----------
    study : StudyTables
        For the colours of its groups and the level of its tests.
    contrasts : DataFrame
        The ``contrasts`` table.

    Returns
    -------
    heat_map : DrawnFigure or None
        None where nothing was compared.
    forests : list of Panel
        One a segment.
    """
    if contrasts.empty:
        return None, []
    segments, level = segments_of(contrasts), study.plan.level
    styles = study_styles(study.animals(), str(contrasts["reference"].iloc[0]).split(" @ ")[0])
    reach = effect_range(contrasts)
    forests = [Panel(segment, draw_forest(contrasts, segment, styles, reach, level)) for segment in segments]
    return draw_heat_map(contrasts, segments, level), forests
