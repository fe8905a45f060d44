"""How villi, crypts and layers change along the gut: the figure of one long section."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from histo.report.superplot import ARM_COLOURS, STYLE

__all__ = ["ProfileTables", "draw_profile", "running_summary"]

_MIN_VALUES = 3
_MAX_VECTOR_POINTS = 1500
_WIDTH, _ROW, _MARGIN = 7.4, 1.15, 0.6


@dataclass(frozen=True, eq=False)
class ProfileTables:
    """The measures of one section, or of many, as the results folder keeps them.

    Parameters
    ----------
    villi, crypts, units, layers : DataFrame
        Columns as in the schema.
    """

    villi: pd.DataFrame
    crypts: pd.DataFrame
    units: pd.DataFrame
    layers: pd.DataFrame

    def of(self, slide: str, section: str) -> ProfileTables:
        """Take the rows of one section."""
        tables = (self.villi, self.crypts, self.units, self.layers)
        return ProfileTables(*(table[(table["slide"] == slide) & (table["section"] == section)] for table in tables))


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


def draw_profile(tables: ProfileTables, length_mm: float) -> str:
    """Draw villus height, crypt depth, VH:CD and the layers of one section along the gut, one below the other.

    Dots are accepted villi, crypts and units; lines are medians and bands quartiles of steps of a fortieth of the
    length, at least 0.5 mm. A line breaks where fewer than three values lie in a step.

    Parameters
    ----------
    tables : ProfileTables
        Of one section.
    length_mm : float
        Length of the gut in it.

    Returns
    -------
    str
        The SVG document; the same tables give the same bytes.
    """
    panels = _panels(tables)
    with rc_context(STYLE):
        height = _ROW * len(panels) + _MARGIN
        figure = Figure(figsize=(_WIDTH, height))
        FigureCanvasSVG(figure)
        for place, (title, curves) in enumerate(panels.items()):
            bottom = _MARGIN - 0.12 + _ROW * (len(panels) - 1 - place)
            axes = figure.add_axes((0.78 / _WIDTH, bottom / height, 1 - 0.9 / _WIDTH, (_ROW - 0.2) / height))
            for curve in curves:
                _draw_curve(axes, curve, max(0.5, length_mm / 40.0))
            axes.set_xlim(0.0, max(length_mm, 0.1))
            axes.set_ylim(bottom=0.0)
            axes.set_ylabel(title)
            axes.yaxis.grid(visible=True, color="#e6e8eb", linewidth=0.7)
            axes.set_axisbelow(True)
            if len(curves) > 1:
                axes.legend(loc="upper right", frameon=False, ncols=len(curves), fontsize=7.5, borderaxespad=0.1)
            if place < len(panels) - 1:
                axes.tick_params(axis="x", labelbottom=False)
            else:
                axes.set_xlabel("position along the gut (mm)")
        buffer = BytesIO()
        figure.savefig(buffer, format="svg", transparent=True, dpi=150, metadata={"Date": None, "Creator": "histo"})
    return buffer.getvalue().decode("utf-8")


def _panels(tables: ProfileTables) -> dict[str, list[_Curve]]:
    villi = tables.villi[tables.villi["is_accepted"]]
    crypts = tables.crypts[tables.crypts["is_accepted"]]
    grey, blue, orange, green, pink = ARM_COLOURS[:5]
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


def _draw_curve(axes: Axes, curve: _Curve, step_mm: float) -> None:
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
