"""Which sections are shown along the gut, in which order."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from histo.report.figure.drawn import DrawnFigure, file_stem
from histo.report.figure.profile import draw_profile
from histo.report.repeats import RepeatTables
from histo.study.level import natural_key

__all__ = ["MIN_LENGTH_MM", "ProfileView", "profile_views"]

MIN_LENGTH_MM = 5.0
"""Shorter sections have no course to speak of; a mouse ring has about this much."""
_MOST = 12


@dataclass(frozen=True)
class ProfileView:
    """One long section's figure, and whose it is."""

    slide: str
    section: str
    animal: str
    arm: str
    segment: str
    figure: DrawnFigure


def profile_views(sections: pd.DataFrame, tables: RepeatTables | None) -> tuple[list[ProfileView], int]:
    """Draw the sections with at least 5 mm of gut, the 12 longest of them, in order of segment, group and animal.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table.
    tables : RepeatTables, optional
        The measures of all sections.

    Returns
    -------
    views : list of ProfileView
        Empty where there are no measures or no long section.
    n_left_out : int
        Long sections that are not drawn, so that the page stays light.
    """
    if tables is None:
        return [], 0
    long = sections[sections["wall_length_mm"] >= MIN_LENGTH_MM]
    drawn = long.sort_values("wall_length_mm", ascending=False, kind="stable").head(_MOST)
    names = ("segment", "group", "timepoint", "animal", "slide", "section")
    rows = sorted(drawn.to_dict("records"), key=lambda row: tuple(natural_key(str(row[name])) for name in names))
    by_section = tables.by_section() if rows else {}
    views = []
    for row in rows:
        identity = {name: str(row[name]) for name in names}
        own = by_section.get((identity["slide"], identity["section"]))
        if own is not None:
            views.append(_view(identity, own, float(row["wall_length_mm"])))
    return views, len(long) - len(drawn)


def _view(identity: dict[str, str], own: RepeatTables, length_mm: float) -> ProfileView:
    slide, section, timepoint = (identity[name] for name in ("slide", "section", "timepoint"))
    return ProfileView(
        slide=slide,
        section=section,
        animal=identity["animal"],
        arm=f"{identity['group']} @ {timepoint}" if timepoint else identity["group"],
        segment=identity["segment"],
        figure=draw_profile(
            own,
            length_mm,
            name=file_stem("along_gut", slide, section),
            title=f"Section {section} of slide {slide} along the gut",
        ),
    )
