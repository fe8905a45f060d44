"""Which sections are shown along the gut, in which order, and what their figures say in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import pandas as pd

from histo.report.profile import ProfileTables, draw_profile
from histo.report.thumbnail import svg_data_uri
from histo.study.level.arm import natural_key

__all__ = ["MIN_LENGTH_MM", "ProfileView", "profile_views"]

MIN_LENGTH_MM = 5.0
"""Shorter sections have no course to speak of; a mouse ring has about this much."""
_MOST = 40


@dataclass(frozen=True)
class ProfileView:
    """One long section's figure, whose it is, and what it shows in words."""

    slide: str
    section: str
    animal: str
    arm: str
    segment: str
    source: str
    alt: str


def profile_views(sections: pd.DataFrame, tables: ProfileTables | None) -> tuple[list[ProfileView], int]:
    """Draw the sections with at least 5 mm of gut, the 40 longest of them, in order of segment, group and animal.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table.
    tables : ProfileTables, optional
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
    views = [_view({str(name): value for name, value in row.items()}, tables) for row in rows]
    return views, len(long) - len(drawn)


def _view(row: dict[str, object], tables: ProfileTables) -> ProfileView:
    slide, section = str(row["slide"]), str(row["section"])
    length_mm = float(str(row["wall_length_mm"]))
    own = tables.of(slide, section)
    return ProfileView(
        slide=slide,
        section=section,
        animal=str(row["animal"]),
        arm=f"{row['group']} @ {row['timepoint']}" if row["timepoint"] else str(row["group"]),
        segment=str(row["segment"]),
        source=svg_data_uri(draw_profile(own, length_mm)),
        alt=f"Section {section} of slide {slide}: {_in_words(own, length_mm)}",
    )


def _in_words(tables: ProfileTables, length_mm: float) -> str:
    """Compare the first third of the gut with the last."""
    villi = tables.villi[tables.villi["is_accepted"]]
    third = length_mm * 1000.0 / 3.0
    first, last = (
        float(villi.loc[chosen, "villus_height_um"].median())
        for chosen in (villi["position_um"] < third, villi["position_um"] >= 2 * third)
    )
    course = f"{length_mm:.1f} mm of gut"
    if isfinite(first) and isfinite(last):
        course += f"; median villus height {first:.0f} µm in its first third, {last:.0f} µm in its last"
    return f"{course}."
