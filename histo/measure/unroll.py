"""The order of the wall's pieces along the gut: what a torn strip, an open ring or a Swiss roll is when laid straight.

Where the wall is torn, the end of one piece goes on in the piece that its course runs into: the course is extrapolated
as an arc from either side, so that in a roll the next turn, which lies nearer, is not taken for the continuation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Place", "along", "unroll"]

Floats = NDArray[np.float64]

_END_UM = 600.0
_MAX_GAP_UM = 3000.0
_MAX_MISS_DEG = 30.0
_MIN_RADIUS_UM = 300.0
_MIN_TURNS = 1.05
_ROUND = 0.75


@dataclass(frozen=True)
class Place:
    """Where a piece of wall lies along the gut.

    Parameters
    ----------
    piece : int
        Index of the piece.
    start_um : float
        Least position of any of its points.
    is_backward : bool
        Whether positions fall from its first point to its last.
    """

    piece: int
    start_um: float
    is_backward: bool


@dataclass(frozen=True, eq=False)
class _Ends:
    """One end of each piece: where it lies, which way the wall goes on from it, and how much it turns (1/µm)."""

    points_um: Floats
    ways: Floats
    curvature: Floats


def along(curve_um: Floats) -> Floats:
    """Arc length at each point of a curve, from its first, (n,) array."""
    steps = np.linalg.norm(np.diff(curve_um, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def unroll(curves_um: Sequence[Floats], is_closed: Sequence[bool]) -> list[Place]:
    """Lay pieces of wall one behind the other in their order along the gut.

    Pieces that continue one another keep the length of the gap between them; pieces that do not follow without one,
    from top to bottom. A Swiss roll begins at its outer end.

    Parameters
    ----------
    curves_um : sequence of (n, 2) array
        Points of each piece, mucosa always on the same side.
    is_closed : sequence of bool
        Whether a piece is a whole ring.

    Returns
    -------
    list of Place
        In order of position.

    Examples
    --------
    >>> left, right = np.array([[0.0, 0.0], [0.0, 400.0]]), np.array([[0.0, 500.0], [0.0, 900.0]])
    >>> [(place.piece, place.start_um) for place in unroll([right, left], [False, False])]
    [(1, 0.0), (0, 500.0)]
    """
    open_pieces = [i for i, closed in enumerate(is_closed) if not closed]
    chains, gaps = _chains([curves_um[i] for i in open_pieces])
    runs = [[open_pieces[i] for i in chain] for chain in chains]
    gap_after = {open_pieces[i]: gap for i, gap in gaps.items()}
    runs += [[i] for i, closed in enumerate(is_closed) if closed]
    centre = _centre_of_roll([curves_um[i] for i in open_pieces])
    if centre is None:
        runs.sort(key=lambda run: min(_topmost(curves_um[i]) for i in run))
        return _lay(runs, curves_um, gap_after, backward=False)
    backward = _grows(curves_um, runs, centre)
    runs.sort(key=lambda run: -_mean_radius([curves_um[i] for i in run], centre))
    return _lay([run[::-1] for run in runs] if backward else runs, curves_um, gap_after, backward=backward)


def _lay(
    runs: list[list[int]], curves_um: Sequence[Floats], gap_after: dict[int, float], *, backward: bool
) -> list[Place]:
    places = []
    position = 0.0
    for run in runs:
        for step, piece in enumerate(run):
            places.append(Place(piece, position, backward))
            position += float(along(curves_um[piece])[-1])
            if step + 1 < len(run):
                position += gap_after[run[step + 1] if backward else piece]
    return places


def _chains(curves: list[Floats]) -> tuple[list[list[int]], dict[int, float]]:
    """Pieces that continue one another, in order, and the gap behind each that has a follower."""
    if not curves:
        return [], {}
    tails = _ends(curves)
    heads = _ends([curve[::-1] for curve in curves])
    gap, miss = _misses(tails, heads)
    fits = (gap <= _MAX_GAP_UM) & (miss <= np.deg2rad(_MAX_MISS_DEG))
    np.fill_diagonal(fits, val=False)
    cost = gap * (1.0 + 4.0 * miss)
    follower: dict[int, int] = {}
    followed: set[int] = set()
    for _, tail, head in sorted((cost[i, j], i, j) for i, j in np.argwhere(fits).tolist()):
        if tail not in follower and head not in followed and _end_of(follower, head) != tail:
            follower[tail] = head
            followed.add(head)
    chains = []
    for first in range(len(curves)):
        if first in followed:
            continue
        chain = [first]
        while chain[-1] in follower:
            chain.append(follower[chain[-1]])
        chains.append(chain)
    turn = 0.5 * (tails.curvature[:, None] - heads.curvature[None]) * gap
    arc = gap / np.sinc(np.clip(turn, -np.pi, np.pi) / (2 * np.pi))
    return chains, {i: float(arc[i, j]) for i, j in follower.items()}


def _end_of(follower: dict[int, int], piece: int) -> int:
    while piece in follower:
        piece = follower[piece]
    return piece


def _ends(curves: list[Floats]) -> _Ends:
    """Fit an arc to the last part of each piece."""
    points, ways, curvature = [], [], []
    for curve in curves:
        arc = along(curve)
        last = arc >= arc[-1] - _END_UM
        back = arc[last] - arc[-1]
        bend, slope, end = np.polyfit(back, curve[last], 2) if last.sum() > 3 else _straight(curve)
        way = slope / max(float(np.linalg.norm(slope)), 1e-9)
        turn = 2.0 * float(way[0] * bend[1] - way[1] * bend[0])
        points.append(end)
        ways.append(way)
        curvature.append(np.clip(turn, -1 / _MIN_RADIUS_UM, 1 / _MIN_RADIUS_UM))
    return _Ends(np.array(points), np.array(ways), np.array(curvature))


def _straight(curve: Floats) -> tuple[Floats, Floats, Floats]:
    return np.zeros(2), curve[-1] - curve[0], curve[-1]


def _misses(tails: _Ends, heads: _Ends) -> tuple[Floats, Floats]:
    """Gap between each tail and head, and the angle by which the arcs that leave either miss the other."""
    chord = heads.points_um[None] - tails.points_um[:, None]
    gap = np.linalg.norm(chord, axis=-1)
    miss = np.zeros_like(gap)
    for ends, axis, sign in ((tails, 1, 1.0), (heads, 0, -1.0)):
        ways = np.expand_dims(ends.ways, axis)
        # An arc leaves its chord by half of what it turns.
        half_turn = 0.5 * np.expand_dims(ends.curvature, axis) * gap
        seen = sign * chord
        angle = np.arctan2(
            ways[..., 0] * seen[..., 1] - ways[..., 1] * seen[..., 0], np.einsum("ijk,ijk->ij", ways + 0 * seen, seen)
        )
        miss = np.maximum(miss, np.abs(np.angle(np.exp(1j * (angle - half_turn)))))
    return gap, miss


def _centre_of_roll(curves: list[Floats]) -> Floats | None:
    """Point that the wall winds around more than once; None for a strip or an open ring."""
    if not curves:
        return None
    points = np.concatenate([0.5 * (curve[1:] + curve[:-1]) for curve in curves])
    steps = np.concatenate([np.diff(curve, axis=0) for curve in curves])
    size = np.linalg.norm(steps, axis=1)
    ways = steps / np.maximum(size, 1e-9)[:, None]
    # The centre is where normals meet: nearest to all of them.
    system = np.einsum("n,ni,nj->ij", size, ways, ways)
    right = np.einsum("n,ni,nj,nj->i", size, ways, ways, points)
    if np.linalg.cond(system) > 1e6:
        return None
    centre: Floats = np.linalg.solve(system, right)
    arm = points - centre
    radius = np.maximum(np.linalg.norm(arm, axis=1), 1e-9)
    swept = (arm[:, 0] * steps[:, 1] - arm[:, 1] * steps[:, 0]) / radius**2
    roundness = np.abs(np.average(swept * radius / np.maximum(size, 1e-9), weights=size))
    is_roll = roundness > _ROUND and abs(swept.sum()) > 2 * np.pi * _MIN_TURNS
    return centre if is_roll else None


def _grows(curves_um: Sequence[Floats], runs: list[list[int]], centre: Floats) -> bool:
    """Whether the radius grows from the first point of the pieces to the last, so that the inner end comes first."""
    longest = max(runs, key=lambda run: sum(float(along(curves_um[i])[-1]) for i in run))
    first, last = curves_um[longest[0]][0], curves_um[longest[-1]][-1]
    return bool(np.linalg.norm(last - centre) > np.linalg.norm(first - centre))


def _mean_radius(curves: list[Floats], centre: Floats) -> float:
    return float(np.linalg.norm(np.concatenate(curves) - centre, axis=1).mean())


def _topmost(curve: Floats) -> tuple[float, float]:
    row, col = curve[np.lexsort((curve[:, 1], curve[:, 0]))[0]]
    return float(row), float(col)
