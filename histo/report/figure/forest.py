"""The figure of all effects of a segment in one unit: Hedges' g with its interval, a row each comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from histo.report.figure.drawn import DrawnFigure, file_stem
from histo.report.figure.style import COLOURS, ArmStyle, empty_figure, rule_axis, svg_of, wrapped
from histo.report.wording import format_effect
from histo.study import Arm, endpoint_named

__all__ = ["draw_forest", "effect_range"]

_WIDTH, _LEFT, _ROW, _BOTTOM = 4.4, 1.62, 0.215, 0.52
_FARTHEST = 6.0
_COLUMNS = [
    *("endpoint", "segment", "contrast", "effect_size", "effect_low", "effect_high"),
    *("estimate", "ci_low", "ci_high", "p", "p_adjusted", "n_animals_a", "n_animals_b"),
]


@dataclass(frozen=True)
class _Line:
    """A row of the figure: an endpoint's name, or one comparison under it."""

    label: str
    contrast: dict[str, Any] | None = None


def effect_range(contrasts: pd.DataFrame) -> float:
    """Find how far from zero the axis must reach for every interval: at most 6, where an arrow says that one goes on.

    Examples
    --------
    >>> effect_range(pd.DataFrame({"effect_size": [1.0], "effect_low": [-0.4], "effect_high": [2.4]}))
    2.5
    """
    values = contrasts[["effect_size", "effect_low", "effect_high"]].to_numpy(dtype=float)
    values = np.abs(values[np.isfinite(values)])
    return float(np.clip(np.ceil(2 * values.max(initial=1.0)) / 2, 1.0, _FARTHEST))


def draw_forest(
    contrasts: pd.DataFrame, segment: str, styles: Mapping[Arm, ArmStyle], reach: float, level: float
) -> DrawnFigure:
    """Draw the effects of one segment.

    Parameters
    ----------
    contrasts : DataFrame
        The ``contrasts`` table; rows of other segments are left out.
    segment : str
        Which segment; empty where the study has none.
    styles : mapping of Arm to ArmStyle
        The study's arms.
    reach : float
        The axis goes from ``-reach`` to ``reach``, the same in all segments.
    level : float
        At or below this adjusted p a difference holds: its marker is filled.

    Returns
    -------
    DrawnFigure
        The same table gives the same bytes.
    """
    rows = contrasts[contrasts["segment"] == segment]
    lines = list(_lines(rows))
    height = _BOTTOM + 0.1 + _ROW * len(lines)
    colours = {str(arm): style for arm, style in styles.items()}
    with empty_figure(_WIDTH, height) as figure:
        axes = figure.add_axes(
            (_LEFT / _WIDTH, _BOTTOM / height, 1 - (_LEFT + 0.1) / _WIDTH, _ROW * len(lines) / height)
        )
        axes.axvline(0.0, color="#1d2127", linewidth=1.0)
        for place, line in enumerate(lines):
            if line.contrast is not None:
                style = colours.get(line.contrast["comparison"], ArmStyle(COLOURS[1], "o"))
                _draw_effect(axes, line.contrast, (place, reach), style, level)
        axes.set_xlim(-reach, reach)
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.set_yticks(range(len(lines)), [line.label for line in lines])
        for line, label in zip(lines, axes.get_yticklabels(), strict=True):
            if line.contrast is None:
                label.set_fontweight("bold")
        axes.tick_params(axis="y", length=0, labelsize=8.5)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Hedges' g: smaller  ←  0  →  greater")
        rule_axis(axes, "x")
        svg = svg_of(figure)
    return DrawnFigure(
        name=file_stem("forest", segment),
        title=f"Effect sizes{f', {segment}' if segment else ''}",
        alt=_alt_text(rows, segment, level),
        svg=svg,
        data=rows.reindex(columns=_COLUMNS).reset_index(drop=True),
        size_in=(_WIDTH, height),
    )


def _lines(rows: pd.DataFrame) -> Iterator[_Line]:
    for endpoint, own in rows.groupby("endpoint", sort=False):
        yield _Line(wrapped(endpoint_named(str(endpoint)).label, 26, 1))
        for contrast in own.to_dict("records"):
            yield _Line(
                wrapped(str(contrast["comparison"]), 24, 1), {str(key): value for key, value in contrast.items()}
            )


def _draw_effect(
    axes: Axes, contrast: Mapping[str, Any], where: tuple[int, float], style: ArmStyle, level: float
) -> None:
    place, reach = where
    effect, low, high = (float(contrast[name]) for name in ("effect_size", "effect_low", "effect_high"))
    if not np.isfinite(effect):
        axes.text(0.06 * reach, place, "no test", va="center", fontsize=8, color="#5a626d")
        return
    if np.isfinite(low) and np.isfinite(high):
        axes.plot([max(low, -reach), min(high, reach)], [place, place], color=style.colour, linewidth=1.6)
        for end, marker in ((low, "<"), (high, ">")):
            if abs(end) > reach:
                axes.plot([np.sign(end) * reach * 0.985], [place], marker=marker, color=style.colour, markersize=5)
    holds = float(contrast["p_adjusted"]) <= level
    axes.plot(
        [float(np.clip(effect, -reach, reach))],
        [place],
        marker=style.marker,
        markersize=7.0,
        color=style.colour,
        markerfacecolor=style.colour if holds else "white",
        markeredgewidth=1.4,
        zorder=3,
    )


def _alt_text(rows: pd.DataFrame, segment: str, level: float) -> str:
    parts = []
    for row in rows.to_dict("records"):
        label = f"{endpoint_named(str(row['endpoint'])).label}, {row['contrast']}"
        if not np.isfinite(row["effect_size"]):
            parts.append(f"{label}: no test")
            continue
        held = "holds" if row["p_adjusted"] <= level else "no difference shown"
        parts.append(f"{label}: g {format_effect(row['effect_size'], row['effect_low'], row['effect_high'])}, {held}")
    return f"Forest plot of Hedges' g{f', {segment}' if segment else ''}. {'; '.join(parts)}."
