"""The figure of one endpoint in one segment: sections small, animals large, group mean with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from histo.study import Arm, Endpoint

__all__ = ["ARM_COLOURS", "STYLE", "SuperplotData", "draw_superplot", "value_range"]

ARM_COLOURS = ("#5f6670", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B8860B", "#56B4E9", "#7A4FBF")
"""Colours that stay apart for colour-blind readers (after Okabe and Ito); the reference is grey."""

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
_MAX_VECTOR_POINTS = 3000
_HEIGHT = 2.9
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "histo",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a9099",
    "axes.labelcolor": "#2b2f36",
    "xtick.color": "#2b2f36",
    "ytick.color": "#2b2f36",
    "axes.unicode_minus": True,
}
"""How all figures of the report look."""


@dataclass(frozen=True, eq=False)
class SuperplotData:
    """What is drawn: rows of one endpoint and one segment.

    Parameters
    ----------
    endpoint : Endpoint
        For the axis.
    arms : list of Arm
        From left to right; the first is the reference.
    sections, animals, groups : DataFrame
        With group, timepoint and ``value`` (sections, animals), animal (both), mean, ci_low and ci_high (groups).
    """

    endpoint: Endpoint
    arms: list[Arm]
    sections: pd.DataFrame
    animals: pd.DataFrame
    groups: pd.DataFrame


def value_range(*values: pd.Series) -> tuple[float, float]:
    """Find limits for the value axis that hold all values, so that panels can be compared."""
    finite = np.concatenate([column.to_numpy(dtype=float) for column in values])
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def draw_superplot(data: SuperplotData, limits: tuple[float, float]) -> str:
    """Draw one panel as SVG.

    Parameters
    ----------
    data : SuperplotData
        What to draw.
    limits : (float, float)
        Of the value axis; the same for all panels of an endpoint.

    Returns
    -------
    str
        The SVG document; the same data give the same bytes.

    Notes
    -----
    After Lord et al. 2020 (J Cell Biol 219:e202001064): repeats are shown, but the eye is led to the units of analysis.
    Each animal has its own column, so that its sections can be seen to belong together.
    """
    with rc_context(STYLE):
        width = max(2.6, 1.15 * len(data.arms) + 0.9)
        figure = Figure(figsize=(width, _HEIGHT))
        FigureCanvasSVG(figure)
        # Room for the labels in inches; a layout engine would draw every panel twice to find the same.
        axes = figure.add_axes((0.72 / width, 0.46 / _HEIGHT, 1 - 0.78 / width, 1 - 0.52 / _HEIGHT))
        for position, arm in enumerate(data.arms):
            _draw_arm(axes, data, arm, position)
        unit = f" ({data.endpoint.unit})" if data.endpoint.unit else ""
        axes.set_ylabel(f"{data.endpoint.label}{unit}")
        axes.set_ylim(*limits)
        axes.set_xlim(-0.5, len(data.arms) - 0.5)
        axes.set_xticks(range(len(data.arms)), [_tick(arm) for arm in data.arms])
        axes.tick_params(axis="x", length=0)
        axes.yaxis.grid(visible=True, color="#e6e8eb", linewidth=0.7)
        axes.set_axisbelow(True)
        buffer = BytesIO()
        figure.savefig(buffer, format="svg", transparent=True, dpi=200, metadata={"Date": None, "Creator": "histo"})
    return buffer.getvalue().decode("utf-8")


def _draw_arm(axes: Axes, data: SuperplotData, arm: Arm, position: int) -> None:
    colour, marker = ARM_COLOURS[position % len(ARM_COLOURS)], _MARKERS[position % len(_MARKERS)]
    animals = _of_arm(data.animals, arm).dropna(subset=["value"])
    sections = _of_arm(data.sections, arm).dropna(subset=["value"])
    n_animals = len(animals)
    columns = position - 0.38 + 0.6 * (np.arange(n_animals) + 0.5) / max(n_animals, 1)
    half_column = 0.6 / max(n_animals, 1) * 0.36
    spread = [
        _spread(sections, animal, column, half_column)
        for column, animal in zip(columns, animals["animal"], strict=True)
    ]
    axes.plot(
        np.concatenate([x for x, _ in spread]) if spread else [],
        np.concatenate([y for _, y in spread]) if spread else [],
        linestyle="none",
        marker="o",
        markersize=2.7,
        color=colour,
        alpha=0.32,
        markeredgewidth=0,
        rasterized=len(data.sections) > _MAX_VECTOR_POINTS,
    )
    axes.plot(
        columns,
        animals["value"],
        linestyle="none",
        marker=marker,
        markersize=6.6,
        color=colour,
        markeredgecolor="white",
        markeredgewidth=0.8,
        zorder=3,
    )
    group = _of_arm(data.groups, arm)
    if len(group) and np.isfinite(mean := float(group["mean"].iloc[0])):
        right = position + 0.34
        low, high = float(group["ci_low"].iloc[0]), float(group["ci_high"].iloc[0])
        axes.plot([position - 0.4, right + 0.06], [mean, mean], color=colour, linewidth=1.1, alpha=0.75, zorder=2)
        if np.isfinite(low) and np.isfinite(high):
            axes.plot([right, right], [low, high], color="#1d2127", linewidth=1.6, zorder=4)
        axes.plot([right - 0.035, right + 0.035], [mean, mean], color="#1d2127", linewidth=2.2, zorder=4)


def _spread(
    sections: pd.DataFrame, animal: str, column: float, half_width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place an animal's sections side by side under it."""
    own = sections.loc[sections["animal"] == animal, "value"].to_numpy(dtype=float)
    return column + (np.linspace(-half_width, half_width, own.size) if own.size > 1 else np.zeros(own.size)), own


def _of_arm(table: pd.DataFrame, arm: Arm) -> pd.DataFrame:
    return table[(table["group"] == arm.group) & (table["timepoint"] == arm.timepoint)]


def _tick(arm: Arm) -> str:
    name = f"{arm.group or 'no group'}\n@ {arm.timepoint}" if arm.timepoint else arm.group or "no group"
    return "\n".join(line if len(line) <= 18 else f"{line[:17]}…" for line in name.split("\n"))
