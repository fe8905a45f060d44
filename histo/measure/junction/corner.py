"""Where junctions meet: one place for each corner, and the curves drawn to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histo.measure.junction.ridge import even_points

__all__ = ["LooseCurve", "contract", "tie_corners"]

Floats = NDArray[np.float64]

# The direction in which a curve comes in is read this far from its end, and only the last so many pixels are bent.
_APPROACH = 4
_FARTHEST = 2.5


@dataclass(frozen=True, eq=False)
class LooseCurve:
    """A curve between two cells whose ends do not meet those of others yet.

    Parameters
    ----------
    points : (n, 2) array
        Row and column, about one pixel apart.
    cells : (int, int)
        Labels to its left and right.
    ends : (int, int)
        Names of the corners at its ends, -1 at the border of the field and for both ends of a ring.
    """

    points: Floats
    cells: tuple[int, int]
    ends: tuple[int, int]

    @property
    def is_ring(self) -> bool:
        """Whether it closes on itself."""
        return bool((self.points[0] == self.points[-1]).all())


def contract(curves: Sequence[LooseCurve], least_length: float) -> list[LooseCurve]:
    """Make one corner of two that are nearer than a length, in pixels: the short curve between them goes.

    Its two cells no longer touch there: more than three cells meet in such a corner.
    """
    same: dict[int, int] = {}

    def name(end: int) -> int:
        while end in same:
            end = same[end]
        return end

    kept = []
    for curve in sorted(curves, key=lambda one: len(one.points)):
        start, end = (name(one) for one in curve.ends)
        is_short = np.hypot(*np.diff(curve.points, axis=0).T).sum() < least_length
        if is_short and min(start, end) >= 0:
            if start != end:
                same[end] = start
        else:
            kept.append(curve)
    return [replace(curve, ends=(name(curve.ends[0]), name(curve.ends[1]))) for curve in kept]


def tie_corners(curves: Sequence[LooseCurve], shape: tuple[int, int]) -> tuple[list[LooseCurve], Floats]:
    """Give each corner its place, where the curves that come in cross, and draw their ends to it.

    Parameters
    ----------
    curves : sequence of LooseCurve
        The curves.
    shape : (int, int)
        Rows and columns of the field; ends at its border are drawn onto it.

    Returns
    -------
    curves : list of LooseCurve
        In the same order, their ends numbered as the corners are.
    corners : (n, 2) array
        Row and column of each.
    """
    incoming: dict[int, list[tuple[Floats, Floats]]] = defaultdict(list)
    for curve in curves:
        for end, points in zip(curve.ends, (curve.points, curve.points[::-1]), strict=True):
            if end >= 0:
                incoming[end].append((points[0], _direction(points)))
    number = {end: index for index, end in enumerate(sorted(incoming))}
    corners = np.array([_crossing(incoming[end]) for end in sorted(incoming)], dtype=float).reshape(-1, 2)
    tied = []
    for curve in curves:
        ends = tuple(number.get(end, -1) for end in curve.ends)
        points = curve.points
        if not (curve.is_ring and ends[0] < 0):
            targets = [
                corners[end] if end >= 0 else _on_frame(points[at], shape)
                for end, at in zip(ends, (0, -1), strict=True)
            ]
            points = _drawn_to(points, targets[0], targets[1])
        tied.append(replace(curve, points=points, ends=(ends[0], ends[1])))
    return tied, corners


def _direction(points: Floats) -> Floats:
    """Find the direction at the start of a curve, from a little inside on, where others blur the map less."""
    reach = min(2 * _APPROACH, len(points) - 1)
    inner = min(_APPROACH // 2, reach - 1)
    along = points[reach] - points[inner]
    return np.asarray(along / max(float(np.hypot(*along)), 1e-12))


def _crossing(incoming: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Find the place nearest to all lines that come in, and not far from where they end."""
    ends = np.array([end for end, _ in incoming])
    middle = ends.mean(axis=0)
    # The middle of the ends counts a little, so that two curves that go on straight leave no freedom.
    matrix, right = 0.2 * np.eye(2), 0.2 * middle
    for end, along in incoming:
        across = np.eye(2) - np.outer(along, along)
        matrix += across
        right = right + across @ end
    shift = np.linalg.solve(matrix, right) - middle
    length = float(np.hypot(*shift))
    return np.asarray(middle + shift * min(1.0, _FARTHEST / max(length, 1e-12)))


def _on_frame(end: Floats, shape: tuple[int, int]) -> Floats:
    """Move an end onto the nearest side of the field."""
    low, high = np.full(2, -0.5), np.array(shape) - 0.5
    inside = np.clip(end, low, high)
    gaps = np.array([inside - low, high - inside])
    side, axis = np.unravel_index(int(gaps.argmin()), (2, 2))
    inside[axis] = low[axis] if side == 0 else high[axis]
    return inside


def _drawn_to(points: Floats, start: Floats, end: Floats) -> Floats:
    """Shift the ends of a curve to their places, and what is near them by less and less."""
    reach = max(1, min(_APPROACH, (len(points) - 1) // 2))
    fade = np.clip(1 - np.arange(len(points)) / reach, 0.0, 1.0)[:, None]
    return even_points(points + fade * (start - points[0]) + fade[::-1] * (end - points[-1]))
