"""The villus-crypt junction as a curve along the wall, estimated where it cannot be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from histo.measure.crossing import Crossings
from histo.measure.grid import to_slide
from histo.measure.perpendicular import Perpendiculars
from histo.types import LabelMap

__all__ = ["JunctionCurve", "trace_junction"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_BESIDE_UM = 200.0
_SMOOTH_UM = 15.0
_ODD_SHARE = 0.25
_ODD_UM = 20.0
_MIN_ZONE_UM = 3.0


@dataclass(frozen=True, eq=False)
class JunctionCurve:
    """The villus-crypt junction, a point every 10 µm of wall in the order of position.

    Parameters
    ----------
    position_um : (n,) array
        Position of the wall below, as in the tables.
    points : (n, 2) array
        (row, column) in level-0 pixels of the slide, whole numbers at pixel centres.
    is_estimated : (n,) array of bool
        Whether the junction was not seen there: hidden by epithelium, torn, without crypts; then it lies as far from
        the wall as the junctions seen to either side say.
    piece : (n,) array of int
        Which piece of the wall it belongs to; a line is drawn within a piece, not from one to the next.
    """

    position_um: Floats
    points: Floats
    is_estimated: Flags
    piece: NDArray[np.int64]

    @classmethod
    def nowhere(cls) -> JunctionCurve:
        """Make a curve without a point."""
        return cls(np.zeros(0), np.zeros((0, 2)), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64))

    @property
    def share_seen(self) -> float:
        """Share of it that was seen; not a number without a junction."""
        return 1.0 - float(self.is_estimated.mean()) if len(self.is_estimated) else float("nan")


def trace_junction(labels: LabelMap, lines: Perpendiculars, found: Crossings, is_closed: list[bool]) -> JunctionCurve:
    """Draw the junction from where the perpendiculars of the wall cross it.

    A crossing that lies farther from the wall's course, or nearer to it, than the median of those within 200 µm by more
    than a quarter is taken for another border: epithelium that dips between crypts, a crypt that was cut off.

    Parameters
    ----------
    labels : LabelMap
        For the slide's pixels.
    lines : Perpendiculars
    found : Crossings
        Along them.
    is_closed : list of bool
        Whether each piece of the wall is a whole ring.

    Returns
    -------
    JunctionCurve
        Without the pieces on which the junction is seen nowhere.
    """
    zone = np.where(found.crypt_zone_um >= _MIN_ZONE_UM, found.crypt_zone_um, np.nan)
    # Over the wall's course, not over its bumps: the junction does not follow the glands that lift the border.
    height = zone - found.border_um - lines.relief_um
    is_estimated = np.ones(len(lines), dtype=bool)
    for number, closed in enumerate(is_closed):
        own = lines.piece == number
        every = float(np.abs(np.diff(lines.position_um[own])).mean()) if own.sum() > 1 else _SMOOTH_UM
        height[own], is_estimated[own] = _estimate(height[own], every, closed=closed)
    points = lines.start_um - (lines.relief_um + height)[:, None] * lines.outward
    known = ~np.isnan(height)
    return JunctionCurve(
        lines.position_um[known], to_slide(labels, points[known]), is_estimated[known], lines.piece[known]
    )


def _estimate(height: Floats, every_um: float, *, closed: bool) -> tuple[Floats, Flags]:
    """Replace what is missing or odd along one piece by what lies to either side; smooth over pixels."""
    n = len(height)
    beside = min(max(1, round(_BESIDE_UM / every_um)), max(n - 1, 0))
    padded = np.pad(height, beside, mode="wrap" if closed else "reflect")
    usual = pd.Series(padded).rolling(2 * beside + 1, center=True, min_periods=1).median().to_numpy()[beside:][:n]
    is_seen = np.abs(height - usual) <= np.fmax(_ODD_SHARE * usual, _ODD_UM)
    if not is_seen.any():
        return np.full(n, np.nan), ~is_seen
    filled = np.interp(np.arange(n), np.flatnonzero(is_seen), height[is_seen], period=n if closed else None)
    return gaussian_filter1d(filled, _SMOOTH_UM / every_um, mode="wrap" if closed else "nearest"), ~is_seen
