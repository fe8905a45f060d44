"""How villi, crypts and layers change along the gut: the figure of one long section."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from histo.report.figure.drawn import DrawnFigure
from histo.report.figure.style import COLOURS, empty_figure, rule_axis, svg_of
from histo.report.repeats import RepeatTables

__all__ = ["draw_profile", "running_summary"]

_MIN_VALUES = 3
_MAX_VECTOR_POINTS = 250
_WIDTH, _ROW, _MARGIN = 7.4, 1.15, 0.6


@dataclass(frozen=True, eq=False)
class _Curve:
    """One measure along the gut: its values and how it is drawn."""

    label: str
    position_mm: pd.Series
    values: pd.Series
    colour: str
    has_dots: bool


def running_summary(position_mm: pd.Series, values: pd.Series, step_mm: float) -> pd.DataFrame:
    """Summarise values in steps along the gut.

    Parameters
    ----------
    position_mm, values : (n,) Series
        Where, and what; rows without either are left out.
    step_mm : float
        Length of a step.

    Returns
    -------
    DataFrame
        A row for each step from the first to the last that holds a value: position_mm (its middle), low, median, high
        (quartiles), n. Of fewer than three values there is no summary, so that a gap stays a gap.

    Examples
    --------
    >>> at = pd.Series([0.1, 0.2, 0.3, 2.1, 2.2, 2.3])
    >>> running_summary(at, at * 100, 1.0)["median"].round(6).tolist()
    [20.0, nan, 220.0]
    """
    known = position_mm.notna() & values.notna()
    steps = np.floor(position_mm[known].to_numpy(dtype=float) / step_mm).astype(int)
    if steps.size == 0:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in ("position_mm", "low", "median", "high", "n")})
    grouped = pd.Series(values[known].to_numpy(dtype=float)).groupby(steps)
    quartiles = {name: grouped.quantile(share) for name, share in (("low", 0.25), ("median", 0.5), ("high", 0.75))}
    table = pd.DataFrame({**quartiles, "n": grouped.size()})
    table = table.reindex(range(int(steps.min()), int(steps.max()) + 1))
    table["n"] = table["n"].fillna(0).astype(int)
    table.loc[table["n"] < _MIN_VALUES, ["low", "median", "high"]] = np.nan
    table.insert(0, "position_mm", (table.index.to_numpy(dtype=float) + 0.5) * step_mm)
    return table.reset_index(drop=True)


def draw_profile(tables: RepeatTables, length_mm: float, *, name: str, title: str) -> DrawnFigure:
    """Draw villus height, crypt depth, VH:CD and the layers of one section along the gut, one below the other.

    Dots are accepted villi, crypts and units; lines are medians and bands quartiles of steps of a fortieth of the
    length, at least 0.5 mm. A line breaks where fewer than three values lie in a step.

    Parameters
    ----------
    tables : RepeatTables
        Of one section.
    length_mm : float
        Length of the gut in it.
    name, title : str
        Stem of the figure's files, and what it is of.

    Returns
    -------
    DrawnFigure
        Its numbers are the summaries of the steps. The same tables give the same bytes.
    """
    panels = _panels(tables)
    step_mm = max(0.5, length_mm / 40.0)
    height = _ROW * len(panels) + _MARGIN
    summaries = []
    with empty_figure(_WIDTH, height) as figure:
        for place, (label, curves) in enumerate(panels.items()):
            bottom = _MARGIN - 0.12 + _ROW * (len(panels) - 1 - place)
            axes = figure.add_axes((0.78 / _WIDTH, bottom / height, 1 - 0.9 / _WIDTH, (_ROW - 0.2) / height))
            summaries += [_draw_curve(axes, curve, step_mm) for curve in curves]
            _finish(axes, label, curves, length_mm, is_last=place == len(panels) - 1)
        svg = svg_of(figure)
    return DrawnFigure(
        name=name,
        title=title,
        alt=_in_words(title, tables, length_mm),
        svg=svg,
        data=pd.concat(summaries, ignore_index=True),
        size_in=(_WIDTH, height),
    )


def _finish(axes: Axes, label: str, curves: list[_Curve], length_mm: float, *, is_last: bool) -> None:
    """Set the limits, names and ticks of one panel."""
    axes.set_xlim(0.0, max(length_mm, 0.1))
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel(label)
    rule_axis(axes, "y")
    if len(curves) > 1:
        axes.legend(loc="upper right", frameon=False, ncols=len(curves), fontsize=7.5, borderaxespad=0.1)
    if is_last:
        axes.set_xlabel("position along the gut (mm)")
    else:
        axes.tick_params(axis="x", labelbottom=False)


def _panels(tables: RepeatTables) -> dict[str, list[_Curve]]:
    villi = tables.villi[tables.villi["is_accepted"]]
    crypts = tables.crypts[tables.crypts["is_accepted"]]
    grey, blue, orange, green, pink = COLOURS[:5]
    return {
        "villus\nheight (µm)": [_curve("villi", villi, "villus_height_um", blue, has_dots=True)],
        "crypt\ndepth (µm)": [_curve("crypts", crypts, "crypt_depth_um", orange, has_dots=True)],
        "VH:CD": [_curve("units", tables.units, "vh_cd", green, has_dots=True)],
        "layers (µm)": [
            _curve(layer, tables.layers, f"{layer}_um", colour, has_dots=False)
            for layer, colour in (("mucosa", blue), ("submucosa", grey), ("muscularis", pink))
        ],
    }


def _curve(label: str, table: pd.DataFrame, column: str, colour: str, *, has_dots: bool) -> _Curve:
    return _Curve(label, table["position_um"] / 1000.0, table[column], colour, has_dots)


def _draw_curve(axes: Axes, curve: _Curve, step_mm: float) -> pd.DataFrame:
    """Draw one measure, and return the summary of its steps."""
    if curve.has_dots:
        axes.plot(
            curve.position_mm,
            curve.values,
            linestyle="none",
            marker="o",
            markersize=2.2,
            color=curve.colour,
            alpha=0.3,
            markeredgewidth=0,
            rasterized=len(curve.values) > _MAX_VECTOR_POINTS,
        )
    found = running_summary(curve.position_mm, curve.values, step_mm)
    axes.fill_between(found["position_mm"], found["low"], found["high"], color=curve.colour, alpha=0.18, linewidth=0)
    axes.plot(found["position_mm"], found["median"], color=curve.colour, linewidth=1.5, label=curve.label)
    return found.assign(measure=curve.label)


def _in_words(title: str, tables: RepeatTables, length_mm: float) -> str:
    """Compare the first third of the gut with the last."""
    villi = tables.villi[tables.villi["is_accepted"]]
    third = length_mm * 1000.0 / 3.0
    first, last = (
        float(villi.loc[chosen, "villus_height_um"].median())
        for chosen in (villi["position_um"] < third, villi["position_um"] >= 2 * third)
    )
    course = f"{title}: {length_mm:.1f} mm of gut"
    if isfinite(first) and isfinite(last):
        course += f"; median villus height {first:.0f} µm in its first third, {last:.0f} µm in its last"
    return f"{course}."
