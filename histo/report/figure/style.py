"""How every figure of the report looks, and how it becomes SVG."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from histo.study import Arm

__all__ = [
    "COLOURS",
    "ArmStyle",
    "arm_styles",
    "empty_figure",
    "rule_axis",
    "svg_of",
    "tick_label",
    "value_label",
    "wrapped",
]

COLOURS = ("#6b7280", "#0060a8", "#d55e00", "#00936b", "#c0589a", "#7a5a00", "#3896d6", "#3b1f6e")
"""Colours of groups, after Okabe and Ito (2008), darkened so that each stands 3:1 against white; the reference is grey.

Any two stay apart as they are seen with protanopia, deuteranopia and tritanopia (Machado et al. 2009).
"""

_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "p")
_RASTER_DPI = 160
_POINTS_A_CHARACTER = 5.2
_STYLE: dict[Any, Any] = {
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


@dataclass(frozen=True)
class ArmStyle:
    """Colour and marker of an arm: the colour is its group's, the marker its timepoint's."""

    colour: str
    marker: str


def arm_styles(arms: Iterable[Arm]) -> dict[Arm, ArmStyle]:
    """Give each arm of a study its colour and marker, the same in every figure.

    Parameters
    ----------
    arms : iterable of Arm
        All of the study, the reference first.

    Examples
    --------
    >>> styles = arm_styles([Arm("control", "14"), Arm("EAE", "7"), Arm("EAE", "14")])
    >>> styles[Arm("EAE", "7")].colour == styles[Arm("EAE", "14")].colour
    True
    >>> styles[Arm("EAE", "14")].marker == styles[Arm("control", "14")].marker
    True
    """
    arms = list(arms)
    groups = list(dict.fromkeys(arm.group for arm in arms))
    timepoints = list(dict.fromkeys(arm.timepoint for arm in arms))
    return {
        arm: ArmStyle(
            COLOURS[groups.index(arm.group) % len(COLOURS)], _MARKERS[timepoints.index(arm.timepoint) % len(_MARKERS)]
        )
        for arm in arms
    }


@contextmanager
def empty_figure(width_in: float, height_in: float) -> Iterator[Figure]:
    """Open a figure in the report's style; it is drawn and written inside the context.

    Parameters
    ----------
    width_in, height_in : float
        Size in inches.
    """
    with rc_context(_STYLE), warnings.catch_warnings():
        # The browser has the letters that matplotlib's own font lacks; only their width is guessed.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support \w+ natively")
        figure = Figure(figsize=(width_in, height_in))
        FigureCanvasSVG(figure)
        yield figure


def svg_of(figure: Figure) -> str:
    """Write a figure as an SVG document; the same figure gives the same bytes."""
    buffer = BytesIO()
    metadata = {"Date": None, "Creator": "histo"}
    figure.savefig(buffer, format="svg", transparent=True, dpi=_RASTER_DPI, metadata=metadata)
    return buffer.getvalue().decode("utf-8")


def rule_axis(axes: Axes, axis: str) -> None:
    """Draw faint lines across the axes at the ticks of an axis, behind everything."""
    axes.grid(visible=True, axis=axis, color="#e6e8eb", linewidth=0.7)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def wrapped(text: str, n_characters: int, n_lines: int = 3) -> str:
    """Break a text into lines; what does not fit ends in an ellipsis.

    Examples
    --------
    >>> wrapped("Submucosa thickness", 12).splitlines()
    ['Submucosa', 'thickness']
    >>> wrapped("x" * 50, 10, 2).splitlines()
    ['xxxxxxxxxx', 'xxxxxxxxx…']
    """
    lines = textwrap.wrap(text, max(n_characters, 4)) or [""]
    if len(lines) > n_lines:
        lines = [*lines[: n_lines - 1], f"{lines[n_lines - 1][: n_characters - 1]}…"]
    return "\n".join(lines)


def value_label(label: str, unit: str) -> str:
    """Name the value axis, in two lines where one would be longer than the axis."""
    return wrapped(f"{label} ({unit})" if unit else label, 32, 2)


def tick_label(arm: Arm, width_in: float) -> str:
    """Name an arm under its place on an axis, in lines that stay within the place."""
    n_characters = int(72 * width_in / _POINTS_A_CHARACTER) - 1
    group = wrapped(arm.group or "no group", n_characters)
    return f"{group}\n{wrapped(f'@ {arm.timepoint}', n_characters, 2)}" if arm.timepoint else group
