"""The figure of one endpoint in one segment over time: animals, and each group's mean with its interval."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from histo.report.figure.drawn import DrawnFigure, file_stem
from histo.report.figure.style import ArmStyle, empty_figure, rule_axis, svg_of, value_label, wrapped
from histo.report.wording import format_value
from histo.study import Arm, Endpoint
from histo.study.level import natural_key

__all__ = ["CourseData", "draw_course", "place_timepoints"]

_WIDTH, _HEIGHT, _LEFT, _LEGEND_ROW = 3.9, 2.3, 0.84, 0.19


@dataclass(frozen=True, eq=False)
class CourseData:
    """What is drawn: rows of one endpoint and one segment.

    Parameters
    ----------
    endpoint : Endpoint
        For the axis.
    segment : str
        Which segment; empty where the study has none.
    styles : mapping of Arm to ArmStyle
        The study's arms, the reference first.
    animals, groups : DataFrame
        With group, timepoint, and ``value`` (animals) or mean, ci_low and ci_high (groups).
    """

    endpoint: Endpoint
    segment: str
    styles: Mapping[Arm, ArmStyle]
    animals: pd.DataFrame
    groups: pd.DataFrame


def place_timepoints(timepoints: Sequence[str]) -> dict[str, float]:
    """Place timepoints on an axis: by their number where they are numbers of one kind, else one step each.

    Parameters
    ----------
    timepoints : sequence of str
        In their order.

    Examples
    --------
    >>> place_timepoints(["day 7", "day 14"])
    {'day 7': 7.0, 'day 14': 14.0}
    >>> place_timepoints(["before", "onset", "peak"])
    {'before': 0.0, 'onset': 1.0, 'peak': 2.0}
    """
    found = [re.fullmatch(r"(\D*?)(-?\d+(?:\.\d+)?)(\D*)", text.strip()) for text in timepoints]
    kinds = {(match[1].strip().casefold(), match[3].strip().casefold()) for match in found if match}
    if all(found) and len(kinds) == 1:
        places = [float(match[2]) for match in found if match]
        if len(set(places)) == len(places):
            return dict(zip(timepoints, places, strict=True))
    return {text: float(place) for place, text in enumerate(timepoints)}


def draw_course(data: CourseData, limits: tuple[float, float]) -> DrawnFigure | None:
    """Draw one panel.

    A group that was sampled at one timepoint only is a band across the whole time: it is what the others are seen
    against.

    Returns
    -------
    DrawnFigure or None
        None where no group was sampled at two timepoints.
    """
    timepoints = list(dict.fromkeys(arm.timepoint for arm in data.styles if arm.timepoint))
    known = data.groups[data.groups["mean"].notna()]
    times_of = known.groupby("group")["timepoint"].nunique()
    if len(timepoints) < 2 or not (times_of > 1).any():
        return None
    found = place_timepoints(sorted(timepoints, key=natural_key))
    places = dict(sorted(found.items(), key=lambda item: item[1]))
    groups = [name for name in dict.fromkeys(arm.group for arm in data.styles) if name in times_of.index]
    bottom, top = 0.5, 0.1 + _LEGEND_ROW * len(groups)
    height = _HEIGHT + bottom + top
    with empty_figure(_WIDTH, height) as figure:
        axes = figure.add_axes((_LEFT / _WIDTH, bottom / height, 1 - (_LEFT + 0.12) / _WIDTH, _HEIGHT / height))
        step = min(np.diff(sorted(places.values())), default=1.0)
        for position, group in enumerate(groups):
            shift = 0.1 * step * (position - (len(groups) - 1) / 2) / max(len(groups) - 1, 1)
            _draw_group(axes, data, group, places, (shift, 0.035 * step))
        axes.set_ylim(*limits)
        axes.set_xlim(min(places.values()) - 0.35 * step, max(places.values()) + 0.35 * step)
        axes.set_xticks(list(places.values()), [wrapped(name, 12, 2) for name in places])
        axes.set_xlabel("timepoint")
        axes.set_ylabel(value_label(data.endpoint.label, data.endpoint.unit))
        rule_axis(axes, "y")
        # A name that begins with an underscore would be left out of the legend.
        names = [f" {wrapped(group or 'no group', 44, 1)}" for group in groups]
        lines = [line for line in axes.lines if line.get_gid() == "mean"]
        figure.legend(lines, names, loc="upper left", frameon=False, fontsize=8.5, borderaxespad=0.1, labelspacing=0.25)
        svg = svg_of(figure)
    columns = ["group", "timepoint", "mean", "sd", "ci_low", "ci_high", "n_animals"]
    return DrawnFigure(
        name=file_stem("course", data.endpoint.name, data.segment),
        title=f"{data.endpoint.label} over time{f', {data.segment}' if data.segment else ''}",
        alt=_alt_text(data, groups, list(places)),
        svg=svg,
        data=known[columns].assign(endpoint=data.endpoint.name, segment=data.segment).reset_index(drop=True),
        size_in=(_WIDTH, height),
    )


def _draw_group(
    axes: Axes, data: CourseData, group: str, places: Mapping[str, float], offset: tuple[float, float]
) -> None:
    """Draw one group, the mean so far beside its timepoint, and the animals so far beside the mean."""
    shift, beside = offset
    own = data.groups[(data.groups["group"] == group) & data.groups["mean"].notna()]
    style = next(style for arm, style in data.styles.items() if arm.group == group)
    if len(own) == 1:
        row = own.iloc[0]
        axes.axhspan(row["ci_low"], row["ci_high"], color=style.colour, alpha=0.14, linewidth=0)
        axes.axhline(row["mean"], color=style.colour, linewidth=1.4, linestyle=(0, (5, 2)), gid="mean")
        return
    own = own[own["timepoint"].isin(list(places))]
    own = own.assign(place=own["timepoint"].map(places) + shift).sort_values("place")
    animals = data.animals[(data.animals["group"] == group) & data.animals["timepoint"].isin(list(places))]
    axes.plot(
        animals["timepoint"].map(places) + shift - beside,
        animals["value"],
        linestyle="none",
        marker="o",
        markersize=4.0,
        color=style.colour,
        alpha=0.5,
        markeredgewidth=0,
    )
    axes.vlines(own["place"], own["ci_low"], own["ci_high"], color=style.colour, linewidth=1.6)
    axes.plot(own["place"], own["mean"], color=style.colour, linewidth=1.6, marker="o", markersize=6.0, gid="mean")


def _alt_text(data: CourseData, groups: Sequence[str], timepoints: Sequence[str]) -> str:
    parts = []
    for group in groups:
        means = data.groups[data.groups["group"] == group].set_index("timepoint")["mean"].dropna()
        order = [name for name in ("", *timepoints) if name in means.index]
        told = ", ".join(
            f"{format_value(float(means[name]), data.endpoint)}{f' at {name}' if name else ''}" for name in order
        )
        parts.append(f"{group or 'no group'}: mean {told}")
    where = f", {data.segment}" if data.segment else ""
    return f"{data.endpoint.label} over time{where}. {'; '.join(parts)}."
