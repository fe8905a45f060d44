"""The course of the borders between cells: from corner to corner, folded, rough, and never crossing one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from histo.phantom.junction.monolayer_spec import BorderSpec
from histo.phantom.junction.mosaic import Mosaic
from histo.phantom.junction.plane import Stream, chance, normal

__all__ = ["Borders", "draw_borders"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_STEP_UM = 0.12
_ROOM = 0.85  # the share of its own kite that a border may use
_UPRIGHT = np.deg2rad(82.0)
_TRIES = 3
_LEAST_ADVANCE = 0.06
_MOST_STRAIN = 4.0


@dataclass(frozen=True, eq=False)
class Borders:
    """Dense polylines, one after the other.

    Parameters
    ----------
    points : (n, 2) array
        (row, column) in µm of the plane.
    owner : (n,) int array
        Which side of the mosaic a point belongs to.
    first : (m + 1,) int array
        Where each polyline begins in `points`.
    arc_um : (n,) array
        Length along the polyline from its start.
    """

    points: Floats
    owner: Ints
    first: Ints
    arc_um: Floats

    @property
    def lengths_um(self) -> Floats:
        """Length of each polyline."""
        return self.arc_um[self.first[1:] - 1]

    @property
    def chords_um(self) -> Floats:
        """Distance between its ends."""
        ends = self.points[self.first[1:] - 1] - self.points[self.first[:-1]]
        return np.asarray(np.hypot(*ends.T))

    @cached_property
    def segments(self) -> Ints:
        """Index of the point that each segment begins at."""
        return np.flatnonzero(self.owner[1:] == self.owner[:-1])

    def at(self, side: Ints, arc_um: Floats) -> Floats:
        """Find places at lengths along polylines."""
        # Lengths of all polylines on one axis: the step between two is longer than any of them.
        step = float(self.arc_um.max()) + 1.0
        axis = self.owner * step + self.arc_um
        at = side * step + arc_um
        return np.stack([np.interp(at, axis, self.points[:, part]) for part in range(2)], axis=1)


def draw_borders(spec: BorderSpec, mosaic: Mosaic, seed: int) -> Borders:
    """Bend the mosaic's sides.

    A border is drawn by its heading along its length: a bow, folds (a meander: Langbein and Leopold, USGS Professional
    Paper 422-H, 1966) and small irregular turns. It is then squeezed into the kite of its two corners and two cells'
    centres. The kites tile the plane, so that no two borders cross.
    """
    chords = np.hypot(*(mosaic.ends - mosaic.starts).T)
    turns = _Turns.of(spec, mosaic.keys, chords, seed)
    placed, count, bad = _bend(mosaic, turns, np.arange(len(chords)))
    for attempt in range(_TRIES):
        if not len(bad):
            break
        turns = turns.calmed(bad, is_last=attempt == _TRIES - 1)
        again, again_count, still = _bend(mosaic, turns, bad)
        placed, count = _replace(placed, count, bad, again, again_count)
        bad = bad[still]
    owner, first = _ragged(count)
    step = np.hypot(*np.diff(placed, axis=0, prepend=placed[:1]).T)
    step[first[:-1]] = 0.0
    travelled = np.cumsum(step)
    return Borders(placed, owner, first, travelled - travelled[first[:-1]][owner])


@dataclass(frozen=True, eq=False)
class _Turns:
    """How strongly each border turns, and the phases that it does so with."""

    spec: BorderSpec
    chord_um: Floats
    bow: Floats
    fold: Floats
    fold_um: Floats
    rough: Floats
    limit: Floats
    phases: Floats

    @classmethod
    def of(cls, spec: BorderSpec, keys: Ints, chord_um: Floats, seed: int) -> _Turns:
        folded = chance(seed, Stream.COURSE + 1, keys) < spec.folded
        own = 0.8 + 0.3 * chance(seed, Stream.COURSE + 2, keys)
        return cls(
            spec=spec,
            chord_um=chord_um,
            bow=np.deg2rad(spec.bow_deg) * np.clip(normal(seed, Stream.COURSE, keys), -2, 2),
            fold=np.deg2rad(spec.fold_deg) * np.where(folded, own, 0.0),
            fold_um=spec.fold_um * (0.7 + 0.6 * chance(seed, Stream.COURSE + 3, keys)),
            rough=np.deg2rad(spec.rough_deg) * (0.7 + 0.6 * chance(seed, Stream.COURSE + 4, keys)),
            limit=np.full(len(keys), np.deg2rad(125.0)),
            phases=2 * np.pi * np.stack([chance(seed, Stream.PHASE + k, keys) for k in range(7)]),
        )

    @property
    def may_cross_itself(self) -> NDArray[np.bool_]:
        """Whether the border may turn back, so that it has to be looked at."""
        return np.asarray(self.fold * 1.2 + np.abs(self.bow) + 2.5 * self.rough > _UPRIGHT)

    def of_sides(self, sides: Ints) -> _Turns:
        parts = {name: getattr(self, name)[sides] for name in ("chord_um", "bow", "fold", "fold_um", "rough", "limit")}
        return replace(self, phases=self.phases[:, sides], **parts)

    def calmed(self, sides: Ints, *, is_last: bool) -> _Turns:
        """Turn these sides less; the last time, so little that they always go forward."""
        fold, rough, limit = self.fold.copy(), self.rough.copy(), self.limit.copy()
        fold[sides] *= 0.85
        rough[sides] *= 0.7
        if is_last:
            limit[sides] = _UPRIGHT
        return replace(self, fold=fold, rough=rough, limit=limit)


def _bend(mosaic: Mosaic, turns: _Turns, sides: Ints) -> tuple[Floats, Ints, Ints]:
    """Draw borders in place; returns their points, how many each has, and which of `sides` have to be drawn again."""
    local, count = _wander(turns, sides)
    placed, strain = _squeeze(mosaic, sides, local, count)
    chosen = turns.of_sides(sides)
    suspects = np.flatnonzero(chosen.may_cross_itself)
    # Folds pressed flat against the kite lie on top of one another.
    is_astray = _is_astray(chosen.chord_um, local, count) | (strain > _MOST_STRAIN)
    # Whoever goes astray is drawn again anyway, and can be very slow to test for crossings.
    bad = suspects[is_astray[suspects]]
    others = suspects[~is_astray[suspects]]
    return placed, count, np.sort(np.concatenate([bad, others[_crosses_itself(others, placed, count)]]))


def _wander(turns: _Turns, sides: Ints) -> tuple[Floats, Ints]:
    """Draw borders along an axis from (0, 0) to (chord, 0); returns their points (along, aside) and how many."""
    chosen, spec = turns.of_sides(sides), turns.spec
    advance = _mean_advance(chosen, spec.sharpness)
    length = chosen.chord_um / advance
    count = np.maximum(np.ceil(length / _STEP_UM).astype(np.int64), 4) + 1
    owner, first = _ragged(count)
    share = (np.arange(len(owner)) - first[owner]) / (count[owner] - 1)
    arc = share * length[owner]
    heading = _heading(chosen, owner, arc, length[owner], share)
    step = length / (count - 1)
    along = _sum_within(np.cos(heading) * step[owner], first, owner)
    aside = _sum_within(np.sin(heading) * step[owner], first, owner)
    # A shear and a scaling bring the end to the corner; neither makes a border cross itself. One that got nowhere is
    # left short of it, and drawn again.
    last = first[1:] - 1
    reach = np.maximum(along[last], _LEAST_ADVANCE * length)
    aside = aside - along * (aside[last] / reach)[owner]
    scale = (chosen.chord_um / reach)[owner]
    return np.stack([along * scale, aside * scale], axis=1), count


def _heading(turns: _Turns, owner: Ints, arc: Floats, length: Floats, share: Floats) -> Floats:
    spec, phases = turns.spec, turns.phases
    heading = turns.bow[owner] * (1 - 2 * share)
    if spec.fold_deg > 0:
        fold_um = turns.fold_um[owner]
        beat = 2 * np.pi / fold_um
        slow = np.sin(0.31 * beat * arc + phases[1][owner])
        phase = beat * arc + phases[0][owner] + 1.1 * slow
        rise = np.clip(np.minimum(arc, length - arc) / (0.6 * fold_um), 0, 1)
        swell = 0.92 + 0.2 * np.sin(0.17 * beat * arc + phases[2][owner])
        tooth = np.sin(phase)
        if spec.sharpness > 0.05:
            tooth = np.tanh(spec.sharpness * tooth) / np.tanh(spec.sharpness)
        heading += turns.fold[owner] * rise * swell * tooth
    if spec.rough_deg > 0:
        turn = 2 * np.pi / spec.rough_um
        small = sum(
            np.sin(factor * turn * arc + phases[3 + k][owner]) for k, factor in enumerate((0.47, 0.83, 1.31, 2.1))
        )
        heading += turns.rough[owner] * np.sqrt(0.5) * small
    limit = turns.limit[owner]
    return np.asarray(np.clip(heading, -limit, limit))


def _mean_advance(turns: _Turns, sharpness: float) -> Floats:
    """Estimate how far a border comes per length: the mean cosine of its heading."""
    phase = np.linspace(0, 2 * np.pi, 33)[:-1]
    tooth = np.sin(phase)
    if sharpness > 0.05:
        tooth = np.tanh(sharpness * tooth) / np.tanh(sharpness)
    swing = np.minimum(turns.fold, turns.limit)[:, None] * tooth
    advance = np.cos(swing).mean(axis=1) * np.exp(-0.5 * turns.rough**2) * np.sinc(turns.bow / np.pi)
    return np.asarray(np.maximum(advance, 0.12))


def _squeeze(mosaic: Mosaic, sides: Ints, local: Floats, count: Ints) -> tuple[Floats, Floats]:
    """Bring borders into the kites of their corners and centres, in µm of the plane.

    Returns
    -------
    placed : (n, 2) array
        Points in the plane.
    strain : (m,) array
        How far beyond the kite each border would have gone at most, in half widths of the kite there.
    """
    start, end = mosaic.starts[sides], mosaic.ends[sides]
    chord = np.hypot(*(end - start).T)
    along = (end - start) / chord[:, None]
    left = np.stack([-along[:, 1], along[:, 0]], axis=1)
    owner, first = _ragged(count)
    x, y = np.clip(local[:, 0], 0, chord[owner]), local[:, 1]
    room = np.where(
        y >= 0,
        _room(x, chord, (along, left), mosaic.centres[mosaic.cells[sides, 0]] - start, owner),
        _room(x, chord, (along, -left), mosaic.centres[mosaic.cells[sides, 1]] - start, owner),
    )
    room = np.maximum(_ROOM * room, 1e-9)
    aside = room * np.tanh(y / room)
    placed = start[owner] + x[:, None] * along[owner] + aside[:, None] * left[owner]
    placed[first[:-1]], placed[first[1:] - 1] = start, end
    strain = np.maximum.reduceat(np.abs(y) / room, first[:-1]) if len(y) else np.empty(0)
    return placed, strain


def _room(x: Floats, chord: Floats, axes: tuple[Floats, Floats], centre: Floats, owner: Ints) -> Floats:
    """Measure how far a border may go aside before it leaves the triangle of its corners and a cell's centre."""
    along, aside = axes
    foot = (centre * along).sum(axis=1)
    height = np.maximum((centre * aside).sum(axis=1), 1e-6)
    from_start = np.where(foot > 0, height / np.maximum(foot, 1e-9), np.inf)
    from_end = np.where(foot < chord, height / np.maximum(chord - foot, 1e-9), np.inf)
    with np.errstate(invalid="ignore"):  # infinity times zero at the corner
        return np.asarray(np.fmin(x * from_start[owner], (chord[owner] - x) * from_end[owner]))


def _is_astray(chord: Floats, local: Floats, count: Ints) -> NDArray[np.bool_]:
    """Say which borders leave the stretch between their corners, or do not reach their end."""
    owner, first = _ragged(count)
    last = first[1:] - 1
    is_outside = (local[:, 0] <= 0) | (local[:, 0] >= chord[owner])
    is_outside[first[:-1]] = is_outside[last] = False
    is_short = np.abs(local[last, 0] - chord) > 1e-6 * chord
    return np.asarray((np.bincount(owner, is_outside, len(count)) > 0) | is_short)


def _crosses_itself(suspects: Ints, placed: Floats, count: Ints) -> NDArray[np.bool_]:
    if not len(suspects):
        return np.zeros(0, bool)
    owner, _ = _ragged(count)
    number = np.full(len(count), -1)
    number[suspects] = np.arange(len(suspects))
    chosen = number[owner] >= 0
    return np.asarray(~shapely.is_simple(shapely.linestrings(placed[chosen], indices=number[owner[chosen]])))


def _replace(points: Floats, count: Ints, sides: Ints, new_points: Floats, new_count: Ints) -> tuple[Floats, Ints]:
    """Put new polylines in the place of some."""
    pieces = np.split(points, np.cumsum(count)[:-1])
    for side, piece in zip(sides, np.split(new_points, np.cumsum(new_count)[:-1]), strict=True):
        pieces[side] = piece
    count = count.copy()
    count[sides] = new_count
    return np.concatenate(pieces), count


def _ragged(count: Ints) -> tuple[Ints, Ints]:
    """Find whose each point of concatenated polylines is, and where each polyline begins."""
    return np.repeat(np.arange(len(count)), count), np.concatenate([[0], np.cumsum(count)])


def _sum_within(values: Floats, first: Ints, owner: Ints) -> Floats:
    """Add up along each polyline, from 0 at its start."""
    total = np.cumsum(values)
    return total - total[first[:-1]][owner]
