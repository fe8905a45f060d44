"""Perpendiculars of the wall's line, one every 10 µm: the lines along which layers are measured."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.measure.grid import Kind, TissueGrid, sample
from histo.measure.wall import Wall, WallPiece

__all__ = ["Perpendiculars", "first_past_own_wall", "reach_um", "stand_on", "way_to_wall"]

Floats = NDArray[np.float64]

_EVERY_UM = 10.0
_CHORD_UM = 40.0
_MAX_UM = 3000.0
_ROOM_UM = 160.0


@dataclass(frozen=True, eq=False)
class Perpendiculars:
    """Straight lines that cross the wall at right angles to the mucosa-submucosa border, in order of position.

    Parameters
    ----------
    position_um : (n,) array
        Position of the start along the gut.
    start_um : (n, 2) array
        Points of the wall's line.
    outward : (n, 2) array
        Unit vectors from the lumen towards the serosa.
    piece : (n,) int array
        Which piece of the wall each stands on.
    """

    position_um: Floats
    start_um: Floats
    outward: Floats
    piece: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the lines."""
        return len(self.position_um)

    def points_um(self, away_um: Floats) -> Floats:
        """Points at distances from the start, positive outward; (n, m, 2) array for (m,) or (n, m) distances."""
        away = np.broadcast_to(away_um, (len(self), np.shape(away_um)[-1]))
        points: Floats = self.start_um[:, None] + away[..., None] * self.outward[:, None]
        return points

    def only(self, chosen: NDArray[np.bool_] | slice) -> Perpendiculars:
        """Keep some of them."""
        return Perpendiculars(self.position_um[chosen], self.start_um[chosen], self.outward[chosen], self.piece[chosen])


def stand_on(wall: Wall) -> Perpendiculars:
    """Stand perpendiculars on the wall's line, one every 10 µm."""
    parts = [_on_piece(piece) for piece in wall.pieces]
    if not parts:
        return Perpendiculars(np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.int64))
    number = np.repeat(np.arange(len(parts)), [len(position) for position, _, _ in parts])
    position, start, outward = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Perpendiculars(position, start, outward, number)


def _on_piece(piece: WallPiece) -> tuple[Floats, Floats, Floats]:
    length = piece.length_um
    n = max(int(length / _EVERY_UM), 1)
    wanted = (np.arange(n) + 0.5) * length / n
    if piece.is_closed:
        ahead, behind = (wanted + _CHORD_UM) % length, (wanted - _CHORD_UM) % length
    else:
        # As far ahead as behind, or the chord of a bent wall would lean near its ends.
        chord = np.minimum(_CHORD_UM, np.minimum(wanted, length - wanted))
        ahead, behind = wanted + chord, wanted - chord
    chord_um = _points_at(piece, ahead) - _points_at(piece, behind)
    tangent = chord_um / np.maximum(np.linalg.norm(chord_um, axis=-1, keepdims=True), 1e-9)
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=-1)
    order = slice(None, None, -1 if piece.is_backward else 1)
    return piece.positions(wanted)[order], _points_at(piece, wanted)[order], outward[order]


def _points_at(piece: WallPiece, wanted: Floats) -> Floats:
    arc = piece.along_um
    return np.stack([np.interp(wanted, arc, piece.points_um[:, axis]) for axis in (0, 1)], axis=-1)


def way_to_wall(coarse: TissueGrid, lines: Perpendiculars) -> NDArray[np.float32]:
    """Distance in µm from each coarse pixel to the wall's line: positive outside of it, negative on the lumen's side.

    Parameters
    ----------
    coarse : TissueGrid
    lines : Perpendiculars
        At least one.

    Returns
    -------
    (rows, cols) float32 array
    """
    rows, cols = coarse.shape
    inside = np.clip((lines.start_um / coarse.pixel_um).astype(np.int64), 0, (rows - 1, cols - 1))
    mark = np.full(coarse.shape, -1, dtype=np.int64)
    mark[inside[:, 0], inside[:, 1]] = np.arange(len(lines))
    distance, nearest = cv2.distanceTransformWithLabels(
        (mark < 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    line = np.zeros(int(nearest.max()) + 1, dtype=np.int64)
    line[nearest[mark >= 0]] = mark[mark >= 0]
    line = line[nearest]
    outward, start = lines.outward.astype(np.float32), (lines.start_um / coarse.pixel_um).astype(np.float32)
    side = (np.arange(rows, dtype=np.float32)[:, None] + 0.5 - start[line, 0]) * outward[line, 0]
    side += (np.arange(cols, dtype=np.float32)[None] + 0.5 - start[line, 1]) * outward[line, 1]
    return np.asarray(np.copysign(distance, side) * np.float32(coarse.pixel_um), dtype=np.float32)


def first_past_own_wall(away: NDArray[np.float32], pixel_um: float, points_um: Floats, way_um: Floats) -> Floats:
    """Where lines come nearer to another place of the wall, seen from the same side, than to the one they stand on.

    Parameters
    ----------
    away : (rows, cols) float32 array
        Signed distance from each coarse pixel to the wall's line, µm.
    pixel_um : float
        Side of those pixels.
    points_um : (n, m, 2) array
        Points of the lines.
    way_um : (m,) array
        Their distance from the start, positive outward, negative into the lumen.

    Returns
    -------
    (n,) array
        µm from the start; infinite where that never happens.
    """
    every = max(1, int(2 * pixel_um / abs(way_um[1] - way_um[0]))) if len(way_um) > 1 else 1
    way_um, points_um = way_um[::every], points_um[:, ::every]
    sign = 1.0 if way_um[-1] >= 0 else -1.0
    nearest = sign * sample(away, points_um, pixel_um, order=0)
    is_past = (nearest > 0) & (nearest < 0.95 * np.abs(way_um) - 3 * pixel_um)
    return np.where(is_past.any(axis=1), np.abs(way_um)[is_past.argmax(axis=1)], np.inf)


def reach_um(coarse: TissueGrid, away: NDArray[np.float32], kinds: tuple[Kind, ...]) -> float:
    """How far tissue of these kinds goes from the wall's line, with room to see that it has ended."""
    ways = np.abs(away[coarse.mask(*kinds)])
    farthest = float(np.percentile(ways, 99.9)) if ways.size else 0.0
    return min(farthest, _MAX_UM) + _ROOM_UM
