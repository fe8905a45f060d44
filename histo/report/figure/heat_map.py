"""The figure of all effects at one glance: endpoint by segment and timepoint, coloured by Hedges' g."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from histo.report.figure.drawn import DrawnFigure, file_stem
from histo.report.figure.style import COLOURS, empty_figure, svg_of, wrapped
from histo.report.wording import format_effect, plural
from histo.study import endpoint_named

__all__ = ["draw_heat_map"]

_FULL_COLOUR_AT = 3.0
_SMALLER, _GREATER, _NONE = COLOURS[1], COLOURS[2], "#eceef1"
_COLOURS = LinearSegmentedColormap.from_list("effect", [_SMALLER, "#ffffff", _GREATER])
_LEFT, _CELL_WIDTH, _CELL_HEIGHT, _BOTTOM = 1.75, 0.82, 0.4, 0.5


def draw_heat_map(contrasts: pd.DataFrame, segments: Sequence[str], level: float) -> DrawnFigure:
    """Draw every comparison as a cell with its Hedges' g; a frame says that the difference holds after correction.

    Parameters
    ----------
    contrasts : DataFrame
        The ``contrasts`` table.
    segments : sequence of str
        In their order.
    level : float
        At or below this adjusted p a difference holds.

    Returns
    -------
    DrawnFigure
        The same table gives the same bytes.
    """
    present = contrasts[["segment", "comparison"]].drop_duplicates()
    columns = [
        (segment, comparison)
        for segment in segments
        for comparison in present.loc[present["segment"] == segment, "comparison"]
    ]
    endpoints = list(dict.fromkeys(contrasts["endpoint"]))
    headings = [wrapped(comparison, 11) for _, comparison in columns]
    top = 0.34 + 0.16 * max(heading.count("\n") + 1 for heading in headings)
    width = _LEFT + _CELL_WIDTH * len(columns) + 0.12
    height = top + _CELL_HEIGHT * len(endpoints) + _BOTTOM
    with empty_figure(width, height) as figure:
        inner = _CELL_HEIGHT * len(endpoints)
        axes = figure.add_axes((_LEFT / width, _BOTTOM / height, _CELL_WIDTH * len(columns) / width, inner / height))
        axes.set_xlim(0, len(columns))
        axes.set_ylim(len(endpoints), 0)
        by_cell = {
            (contrast["endpoint"], contrast["segment"], contrast["comparison"]): contrast
            for contrast in contrasts.to_dict("records")
        }
        for row, endpoint in enumerate(endpoints):
            for column, place in enumerate(columns):
                _draw_cell(axes, (column, row), by_cell.get((endpoint, *place)), level)
        _label(axes, endpoints, columns, headings)
        _draw_key(figure.add_axes((_LEFT / width, 0.26 / height, min(2.2, width - _LEFT - 0.12) / width, 0.1 / height)))
        svg = svg_of(figure)
    data = contrasts[["endpoint", "segment", "contrast", "comparison", "effect_size", "p_adjusted"]]
    return DrawnFigure(
        name=file_stem("heat_map"),
        title="Endpoint by segment and timepoint",
        alt=_alt_text(contrasts, level),
        svg=svg,
        data=data.reset_index(drop=True),
        size_in=(width, height),
    )


def _draw_cell(axes: Axes, place: tuple[int, int], contrast: Mapping[Hashable, Any] | None, level: float) -> None:
    column, row = place
    effect = float(contrast["effect_size"]) if contrast is not None else np.nan
    if not np.isfinite(effect):
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor=_NONE, edgecolor="white", linewidth=1.5))
        axes.text(column + 0.5, row + 0.5, "no test", ha="center", va="center", fontsize=7.5, color="#5a626d")
        return
    share = 0.5 + 0.5 * float(np.clip(effect / _FULL_COLOUR_AT, -1, 1))
    colour = _COLOURS(share)
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.5))
    holds = contrast is not None and float(contrast["p_adjusted"]) <= level
    if holds:
        axes.add_patch(
            Rectangle((column + 0.05, row + 0.09), 0.9, 0.82, facecolor="none", edgecolor="#1d2127", linewidth=1.6)
        )
    axes.text(
        column + 0.5,
        row + 0.5,
        format_effect(effect),
        ha="center",
        va="center",
        fontsize=9,
        fontweight="bold" if holds else "normal",
        color="white" if _is_dark(colour) else "#1d2127",
    )


def _is_dark(colour: tuple[float, float, float, float]) -> bool:
    """Tell whether white letters stand out better than dark ones (relative luminance, WCAG 2)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.19


def _label(axes: Axes, endpoints: Sequence[str], columns: Sequence[tuple[str, str]], headings: Sequence[str]) -> None:
    axes.set_yticks(
        [row + 0.5 for row in range(len(endpoints))], [wrapped(endpoint_named(name).label, 24, 2) for name in endpoints]
    )
    axes.set_xticks([column + 0.5 for column in range(len(columns))], headings, fontsize=8)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    lines = max(heading.count("\n") + 1 for heading in headings)
    for segment in dict.fromkeys(segment for segment, _ in columns):
        own = [column for column, (name, _) in enumerate(columns) if name == segment]
        axes.text(
            (own[0] + own[-1] + 1) / 2,
            -(0.08 + 0.16 * lines) / _CELL_HEIGHT,
            wrapped(segment, 12 * len(own), 1) if segment else "",
            ha="center",
            va="bottom",
            fontsize=9,
            fontweight="bold",
        )
        if own[0]:
            axes.axvline(own[0], color="white", linewidth=5)


def _draw_key(axes: Axes) -> None:
    axes.imshow(
        np.linspace(0, 1, 64)[None], cmap=_COLOURS, aspect="auto", extent=(-_FULL_COLOUR_AT, _FULL_COLOUR_AT, 0, 1)
    )
    axes.set_yticks([])
    axes.set_xticks([-3, -1.5, 0, 1.5, 3], ["≤ −3", "−1.5", "0", "+1.5", "≥ +3"], fontsize=7.5)
    axes.tick_params(length=2, pad=1)


def _alt_text(contrasts: pd.DataFrame, level: float) -> str:
    tested = contrasts[contrasts["effect_size"].notna()]
    if tested.empty:
        return "Heat map of Hedges' g: no comparison could be tested."
    held = tested[tested["p_adjusted"] <= level]
    largest = tested.iloc[int(tested["effect_size"].abs().to_numpy().argmax())]
    said = "; ".join(_in_words(row) for _, row in held.iterrows())
    return (
        f"Heat map of Hedges' g of {plural(len(contrasts), 'comparison')}; {len(held)} hold after correction"
        f"{f': {said}' if said else ''}. The largest is {_in_words(largest)}."
    )


def _in_words(contrast: pd.Series) -> str:
    where = f" in {contrast['segment']}" if contrast["segment"] else ""
    label = endpoint_named(str(contrast["endpoint"])).label
    return f"{label}, {contrast['contrast']}{where}: {format_effect(float(contrast['effect_size']))}"
