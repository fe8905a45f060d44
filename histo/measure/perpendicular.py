"""Perpendiculars of the wall's line, one every 10 µm: the lines along which layers are measured."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from histo.measure.grid import Kind, TissueGrid, sample
from histo.measure.wall import Wall, WallPiece

__all__ = ["Perpendiculars", "first_past_own_wall", "reach_um", "stand_on", "way_to_wall"]

Floats = NDArray[np.float64]

_EVERY_UM = 10.0
_COURSE_UM = 150.0
_MAX_UM = 3000.0
_ROOM_UM = 100.0


@dataclass(frozen=True, eq=False)
class Perpendiculars:
    """Straight lines at right angles to the course of the mucosa-submucosa border, in order of position.

    Parameters
    ----------
    position_um : (n,) array
        Position of the start along the gut.
    start_um : (n, 2) array
        Points of the wall's line.
    outward : (n, 2) array
        Unit vectors from the lumen towards the serosa.
    relief_um : (n,) array
        How far the start lies outside of the wall's course, which runs smoothly over bumps.
    piece : (n,) int array
        Which piece of the wall each stands on.
    """

    position_um: Floats
    start_um: Floats
    outward: Floats
    relief_um: Floats
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
        return Perpendiculars(
            self.position_um[chosen],
            self.start_um[chosen],
            self.outward[chosen],
            self.relief_um[chosen],
            self.piece[chosen],
        )


def stand_on(wall: Wall) -> Perpendiculars:
    """Stand perpendiculars on the wall's line, one every 10 µm."""
    parts = [_on_piece(piece) for piece in wall.pieces]
    if not parts:
        nothing, nowhere = np.zeros(0), np.zeros((0, 2))
        return Perpendiculars(nothing, nowhere, nowhere, nothing, np.zeros(0, np.int64))
    number = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    position, start, outward, relief = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Perpendiculars(position, start, outward, relief, number)


def _on_piece(piece: WallPiece) -> tuple[Floats, Floats, Floats, Floats]:
    """Position, start, way out and relief of the perpendiculars of one piece."""
    arc, length = piece.along_um, piece.length_um
    n = max(int(length / _EVERY_UM), 1)
    wanted = (np.arange(n) + 0.5) * length / n
    course = _course(piece)
    way = np.gradient(course, arc, axis=0)
    if piece.is_closed:
        way[0] = way[-1] = way[0] + way[-1]
    start, smooth, tangent = (
        np.stack([np.interp(wanted, arc, curve[:, axis]) for axis in (0, 1)], axis=-1)
        for curve in (piece.points_um, course, way)
    )
    tangent = tangent / np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-9)
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=-1)
    relief = np.einsum("ij,ij->i", start - smooth, outward)
    order = slice(None, None, -1 if piece.is_backward else 1)
    return piece.positions(wanted)[order], start[order], outward[order], relief[order]


def _course(piece: WallPiece) -> Floats:
    """Smooth the wall's line over the bumps that glands and crypts make in it; an open one goes on as it ends."""
    points = piece.points_um
    n = len(points) - 1
    sigma = _COURSE_UM * n / max(piece.length_um, 1e-9)
    if piece.is_closed:
        ring: Floats = gaussian_filter1d(points[:-1], sigma, axis=0, mode="wrap")
        return np.concatenate([ring, ring[:1]])
    room = min(n, round(4 * sigma))
    padded = np.pad(points, ((room, room), (0, 0)), mode="reflect", reflect_type="odd")
    smooth: Floats = gaussian_filter1d(padded, sigma, axis=0, mode="nearest")[room : room + n + 1]
    return smooth


def way_to_wall(coarse: TissueGrid, lines: Perpendiculars) -> NDArray[np.float32]:
    """Distance in µm from each coarse pixel to the wall's course: positive outside, negative on the lumen's side.

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
    course = (lines.start_um - lines.relief_um[:, None] * lines.outward) / coarse.pixel_um
    inside = np.clip(course.astype(np.int64), 0, (rows - 1, cols - 1))
    mark = np.full(coarse.shape, -1, dtype=np.int64)
    mark[inside[:, 0], inside[:, 1]] = np.arange(len(lines))
    distance, nearest = cv2.distanceTransformWithLabels(
        (mark < 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    line = np.zeros(int(nearest.max()) + 1, dtype=np.int64)
    line[nearest[mark >= 0]] = mark[mark >= 0]
    line = line[nearest]
    outward, start = lines.outward.astype(np.float32), course.astype(np.float32)
    side = (np.arange(rows, dtype=np.float32)[:, None] + 0.5 - start[line, 0]) * outward[line, 0]
    side += (np.arange(cols, dtype=np.float32)[None] + 0.5 - start[line, 1]) * outward[line, 1]
    return np.asarray(np.copysign(distance, side) * np.float32(coarse.pixel_um), dtype=np.float32)


def first_past_own_wall(away: NDArray[np.float32], pixel_um: float, lines: Perpendiculars, way_um: Floats) -> Floats:
    """Where perpendiculars come nearer to another place of the wall, seen from the same side, than to their own.

    Parameters
    ----------
    away : (rows, cols) float32 array
        Signed distance from each coarse pixel to the wall's course, µm.
    pixel_um : float
        Side of those pixels.
    lines : Perpendiculars
    way_um : (m,) array
        Distances from the start, positive outward or all of them into the lumen, negative; evenly spaced.

    Returns
    -------
    (n,) array
        µm from the start; infinite where that never happens.
    """
    every = max(1, int(2 * pixel_um / abs(way_um[1] - way_um[0]))) if len(way_um) > 1 else 1
    way_um = way_um[::every]
    sign = 1.0 if way_um[-1] >= 0 else -1.0
    nearest = sign * sample(away, lines.points_um(way_um), pixel_um, order=0)
    own = sign * (way_um[None] + lines.relief_um[:, None])
    is_past = (nearest > 0) & (nearest < 0.95 * own - 3 * pixel_um)
    return np.where(is_past.any(axis=1), np.abs(way_um)[is_past.argmax(axis=1)], np.inf)


def reach_um(coarse: TissueGrid, away: NDArray[np.float32], kinds: tuple[Kind, ...]) -> float:
    """How far tissue of these kinds goes from the wall's line, with room to see that it has ended."""
    ways = np.abs(away[coarse.mask(*kinds)])
    farthest = float(np.percentile(ways, 99.9)) if ways.size else 0.0
    return min(farthest, _MAX_UM) + _ROOM_UM
