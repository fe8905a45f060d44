"""The figure of one endpoint in one segment: units faint, sections small, animals large, and their mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from histo.report.figure.drawn import DrawnFigure, file_stem
from histo.report.figure.style import ArmStyle, empty_figure, rule_axis, svg_of, tick_label, value_label
from histo.report.wording import format_value, plural
from histo.study import Arm, Endpoint

__all__ = ["SuperplotData", "draw_superplot", "value_range"]

_MAX_VECTOR_POINTS = 250
_LEFT, _TOP, _HEIGHT = 0.84, 0.08, 2.6
_UNIT_RANGE = (0.01, 0.99)


@dataclass(frozen=True, eq=False)
class SuperplotData:
    """What is drawn: rows of one endpoint and one segment.

    Parameters
    ----------
    endpoint : Endpoint
        For the axis.
    segment : str
        Which segment; empty where the study has none.
    styles : mapping of Arm to ArmStyle
        The arms from left to right, the reference first, with the colours they have in the whole report.
    units, sections, animals, groups : DataFrame
        With group, timepoint and ``value`` (units, sections, animals), animal (the same), mean, ci_low and ci_high
        (groups). The units may be without rows.
    """

    endpoint: Endpoint
    segment: str
    styles: Mapping[Arm, ArmStyle]
    units: pd.DataFrame
    sections: pd.DataFrame
    animals: pd.DataFrame
    groups: pd.DataFrame


def value_range(units: pd.Series, *others: pd.Series) -> tuple[float, float]:
    """Find limits for the value axis that panels of an endpoint share.

    Parameters
    ----------
    units : Series
        Of these the hundredth smallest and largest may lie outside.
    others : Series
        All of these lie inside.

    Returns
    -------
    (float, float)
        0 and 1 where there is no value.
    """
    inner = [column.to_numpy(dtype=float) for column in others]
    if units.notna().any():
        inner.append(units.quantile(list(_UNIT_RANGE)).to_numpy(dtype=float))
    values = np.concatenate(inner)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def draw_superplot(data: SuperplotData, limits: tuple[float, float]) -> DrawnFigure:
    """Draw one panel.

    Parameters
    ----------
    data : SuperplotData
        What to draw.
    limits : (float, float)
        Of the value axis; the same for all panels of an endpoint.

    Returns
    -------
    DrawnFigure
        The same data give the same bytes.

    Notes
    -----
    After Lord et al. 2020 (J Cell Biol 219:e202001064): repeats are shown, but the eye is led to the units of analysis.
    Each animal has its own column, so that its sections and units can be seen to belong together.
    """
    n_most = max((len(_of_arm(data.animals, arm)) for arm in data.styles), default=1)
    arm_width = min(max(1.15, 0.11 * n_most + 0.35), 2.6)
    labels = [tick_label(arm, arm_width) for arm in data.styles]
    bottom = 0.14 + 0.15 * max(label.count("\n") + 1 for label in labels)
    width = max(2.8, _LEFT + 0.06 + arm_width * len(labels))
    height = _HEIGHT + bottom + _TOP
    with empty_figure(width, height) as figure:
        # Room for the labels in inches; a layout engine would draw every panel twice to find the same.
        axes = figure.add_axes((_LEFT / width, bottom / height, 1 - (_LEFT + 0.06) / width, _HEIGHT / height))
        for position, (arm, style) in enumerate(data.styles.items()):
            _draw_arm(axes, data, arm, style, position, 72 * arm_width)
        axes.set_ylabel(value_label(data.endpoint.label, data.endpoint.unit))
        axes.set_ylim(*limits)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_xticks(range(len(labels)), labels)
        axes.tick_params(axis="x", length=0)
        rule_axis(axes, "y")
        svg = svg_of(figure)
    return DrawnFigure(
        name=file_stem("superplot", data.endpoint.name, data.segment),
        title=f"{data.endpoint.label}{f', {data.segment}' if data.segment else ''}",
        alt=_alt_text(data),
        svg=svg,
        data=_drawn_values(data),
        size_in=(width, height),
    )


def _draw_arm(axes: Axes, data: SuperplotData, arm: Arm, style: ArmStyle, position: int, width_points: float) -> None:
    animals = _of_arm(data.animals, arm).dropna(subset=["value"]).sort_values("animal", kind="stable")
    columns = position - 0.4 + 0.64 * (np.arange(len(animals)) + 0.5) / max(len(animals), 1)
    column_width = 0.64 / max(len(animals), 1)
    places = dict(zip(animals["animal"], columns, strict=True))
    _draw_repeats(axes, _of_arm(data.units, arm), places, column_width, (style.colour, 0.28, 1.8))
    _draw_repeats(axes, _of_arm(data.sections, arm), places, column_width, (style.colour, 0.6, 3.1))
    axes.plot(
        columns,
        animals["value"],
        linestyle="none",
        marker=style.marker,
        markersize=float(np.clip(0.8 * column_width * width_points, 3.4, 7.0)),
        color=style.colour,
        markeredgecolor="white",
        markeredgewidth=0.8,
        zorder=3,
    )
    group = _of_arm(data.groups, arm)
    if len(group) and np.isfinite(mean := float(group["mean"].iloc[0])):
        right = position + 0.36
        low, high = float(group["ci_low"].iloc[0]), float(group["ci_high"].iloc[0])
        axes.plot([position - 0.42, right + 0.06], [mean, mean], color=style.colour, linewidth=1.1, zorder=2)
        if np.isfinite(low) and np.isfinite(high):
            axes.plot([right, right], [low, high], color="#1d2127", linewidth=1.6, zorder=4)
        axes.plot([right - 0.035, right + 0.035], [mean, mean], color="#1d2127", linewidth=2.2, zorder=4)


def _draw_repeats(
    axes: Axes,
    repeats: pd.DataFrame,
    places: Mapping[str, float],
    column_width: float,
    look: tuple[str, float, float],
) -> None:
    """Draw dots of a colour, opacity and size, each animal's side by side in its own column."""
    known = repeats[repeats["animal"].isin(list(places))].dropna(subset=["value"])
    if known.empty:
        return
    colour, opacity, size = look
    axes.plot(
        known["animal"].map(places).to_numpy(dtype=float) + 0.36 * column_width * _spread(known["animal"]),
        known["value"].to_numpy(dtype=float),
        linestyle="none",
        marker="o",
        markersize=size,
        color=colour,
        alpha=opacity,
        markeredgewidth=0,
        rasterized=len(known) > _MAX_VECTOR_POINTS,
    )


def _spread(animals: pd.Series) -> NDArray[np.float64]:
    """Place each animal's rows from -1 to 1 in an order that looks like chance and is always the same."""
    place = animals.groupby(animals).cumcount().to_numpy(dtype=np.float64)
    return np.asarray(2 * ((place * 0.618034 + 0.5) % 1) - 1, dtype=np.float64)


def _of_arm(table: pd.DataFrame, arm: Arm) -> pd.DataFrame:
    return table[(table["group"] == arm.group) & (table["timepoint"] == arm.timepoint)]


def _alt_text(data: SuperplotData) -> str:
    """Say each arm's mean, interval and range of animals."""
    parts = []
    for arm in data.styles:
        group, animals = _of_arm(data.groups, arm), _of_arm(data.animals, arm)["value"].dropna()
        if group.empty or animals.empty:
            continue
        mean, low, high = (float(group[name].iloc[0]) for name in ("mean", "ci_low", "ci_high"))
        interval = (
            f", 95 % interval {format_value(low, data.endpoint, has_unit=False)} to "
            f"{format_value(high, data.endpoint, has_unit=False)}"
            if np.isfinite(low)
            else ""
        )
        parts.append(
            f"{Arm(arm.group or 'all animals', arm.timepoint)}: mean {format_value(mean, data.endpoint)} of "
            f"{plural(len(animals), 'animal')}{interval}, animals from "
            f"{format_value(float(animals.min()), data.endpoint, has_unit=False)} to "
            f"{format_value(float(animals.max()), data.endpoint, has_unit=False)}"
        )
    where = f", {data.segment}" if data.segment else ""
    return f"SuperPlot of {data.endpoint.label}{where}. {'; '.join(parts)}."


def _drawn_values(data: SuperplotData) -> pd.DataFrame:
    """Stack what was drawn, a row each dot or bar."""
    means = data.groups.rename(columns={"mean": "value"})
    levels = {"group": means, "animal": data.animals, "section": data.sections, "unit": data.units}
    stacked = pd.concat([table.assign(level=level) for level, table in levels.items() if len(table)], ignore_index=True)
    columns = ("level", "group", "timepoint", "animal", "slide", "section", "value", "ci_low", "ci_high")
    return stacked.reindex(columns=list(columns)).dropna(subset=["value"]).assign(segment=data.segment)
