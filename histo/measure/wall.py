"""The wall's line: the border between mucosa and submucosa, along which positions are counted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter
from scipy.spatial import cKDTree
from skimage.measure import find_contours

from histo.measure.grid import CRYPT_ZONE, VILLUS, WALL, Kind, TissueGrid
from histo.measure.raster import blurred, components
from histo.measure.unroll import along, unroll

__all__ = ["Wall", "WallPiece", "trace_wall"]

Floats = NDArray[np.float64]

_STEP_UM = 5.0
_BLUR_UM = 8.0
_SMOOTH_UM = 80.0
_MAX_GAP_UM = 200.0
_MIN_PIECE_UM = 200.0
_MIN_ISLAND_UM2 = 4000.0


@dataclass(frozen=True, eq=False)
class WallPiece:
    """One unbroken stretch of wall.

    Parameters
    ----------
    points_um : (n, 2) array
        The border, about every 5 µm, mucosa always on the same side. A closed one ends where it began.
    is_closed : bool
        Whether it runs around a whole ring.
    start_um : float
        Least position along the gut of any of its points.
    is_backward : bool
        Whether positions fall from its first point to its last.
    """

    points_um: Floats
    is_closed: bool
    start_um: float = 0.0
    is_backward: bool = False

    @property
    def along_um(self) -> Floats:
        """Arc length from the piece's first point, (n,) array."""
        return along(self.points_um)

    @property
    def length_um(self) -> float:
        """Arc length of the whole piece."""
        return float(self.along_um[-1])

    @property
    def position_um(self) -> Floats:
        """Position along the gut of each point, (n,) array."""
        return self.positions(self.along_um)

    def positions(self, along_um: Floats) -> Floats:
        """Turn arc lengths from the first point into positions along the gut."""
        return self.start_um + (self.length_um - along_um if self.is_backward else along_um)


@dataclass(frozen=True, eq=False)
class Wall:
    """All stretches of wall of a section, in order of position."""

    pieces: tuple[WallPiece, ...]

    @property
    def length_um(self) -> float:
        """Arc length of all pieces together, without the gaps between them."""
        return sum(piece.length_um for piece in self.pieces)

    def locate(self, points_um: Floats) -> tuple[Floats, Floats]:
        """Position along the wall of the border's nearest point, and the distance to it.

        Parameters
        ----------
        points_um : (n, 2) array
            Points, µm from the corner of the map.

        Returns
        -------
        position_um, distance_um : (n,) arrays
            Not a number where the section has no wall.
        """
        if not self.pieces or len(points_um) == 0:
            nothing = np.full(len(points_um), np.nan)
            return nothing, nothing.copy()
        border, position = self.border
        distance, index = cKDTree(border).query(points_um)
        return position[index], np.asarray(distance, dtype=float)

    @property
    def border(self) -> tuple[Floats, Floats]:
        """Points of all pieces, (n, 2) array, and the position of each, (n,) array."""
        points = np.concatenate([piece.points_um for piece in self.pieces])
        return points, np.concatenate([piece.position_um for piece in self.pieces])


def trace_wall(coarse: TissueGrid) -> Wall:
    """Trace the border between mucosa and submucosa.

    The border is where blurred shares of mucosa and wall are equal; contacts of villi with the muscle of the next turn
    of a roll are left out, gaps up to 200 µm are bridged, pieces shorter than 200 µm dropped.

    Parameters
    ----------
    coarse : TissueGrid
        Shares in pixels of about 4 µm.

    Returns
    -------
    Wall
        Pieces in their order along the gut, a Swiss roll from its outer end.
    """
    curves = [_smooth(curve, is_closed) for curve, is_closed in _join(_border_runs(coarse))]
    kept = [WallPiece(curve, closed) for curve, closed in curves if along(curve)[-1] >= _MIN_PIECE_UM]
    places = unroll([piece.points_um for piece in kept], [piece.is_closed for piece in kept])
    return Wall(
        tuple(replace(kept[place.piece], start_um=place.start_um, is_backward=place.is_backward) for place in places)
    )


def _border_runs(coarse: TissueGrid) -> list[Floats]:
    sigma = _BLUR_UM / coarse.pixel_um
    mucosa = _without_islands(coarse, (*VILLUS, *CRYPT_ZONE), sigma)
    wall = _without_islands(coarse, WALL, sigma)
    both = mucosa + wall
    if not ((mucosa > 0.3) & (wall > 0.3)).any():
        return []
    muscle_on_villus = (coarse.shares[Kind.MUSCLE] > coarse.shares[Kind.SUBMUCOSA]).astype(np.float32)
    villus = coarse.share(*VILLUS).astype(np.float32) / 255
    zone = coarse.share(*CRYPT_ZONE).astype(np.float32) / 255
    muscle = blurred(muscle_on_villus, sigma)
    is_contact = (muscle > 0.3) & (blurred(villus, sigma) > blurred(zone, sigma))
    allowed = (both > 0.75) & ~is_contact
    contours = find_contours(wall - mucosa, 0.0, mask=allowed)  # type: ignore[no-untyped-call]
    return [(contour + 0.5) * coarse.pixel_um for contour in contours if len(contour) >= 4]


def _without_islands(coarse: TissueGrid, kinds: tuple[Kind, ...], sigma: float) -> NDArray[np.float32]:
    share = coarse.share(*kinds)
    labelled, areas = components(share > 127)
    is_large = areas * coarse.pixel_um**2 >= _MIN_ISLAND_UM2
    is_large[0] = True
    kept = np.where(is_large[labelled], share, 0).astype(np.float32) / 255
    return blurred(kept, sigma)


def _join(runs: list[Floats]) -> list[tuple[Floats, bool]]:
    """Link the end of each run to the nearest start that lies ahead; a run that meets itself is a ring."""
    done: list[tuple[Floats, bool]] = []
    open_runs = []
    for run in runs:
        if np.allclose(run[0], run[-1]):
            done.append((run, True))
        elif along(run)[-1] > 20.0:
            open_runs.append(run)
    links = _links(open_runs)
    followers = dict(links)
    starts = [i for i in range(len(open_runs)) if i not in followers.values()]
    used: set[int] = set()
    for first in [*starts, *range(len(open_runs))]:
        if first in used:
            continue
        chain = [first]
        used.add(first)
        while chain[-1] in followers and followers[chain[-1]] not in used:
            chain.append(followers[chain[-1]])
            used.add(chain[-1])
        is_closed = followers.get(chain[-1]) == first
        curve = np.concatenate([open_runs[i] for i in chain])
        done.append((np.concatenate([curve, curve[:1]]) if is_closed else curve, is_closed))
    return done


def _links(runs: list[Floats]) -> list[tuple[int, int]]:
    if not runs:
        return []
    heads = np.stack([run[0] for run in runs])
    tails = np.stack([run[-1] for run in runs])
    lengths = np.array([along(run)[-1] for run in runs])
    away = np.stack([_direction(run[-8:]) for run in runs])
    gap = heads[None] - tails[:, None]
    distance = np.linalg.norm(gap, axis=-1)
    ahead = np.einsum("ijx,ix->ij", gap, away) / np.maximum(distance, 1e-9)
    fits = (distance <= _MAX_GAP_UM) & ((ahead > 0.5) | (distance < 15.0))
    fits &= ~(np.eye(len(runs), dtype=bool) & (lengths < 5 * _MAX_GAP_UM)[:, None])
    candidates = sorted((distance[i, j], i, j) for i, j in np.argwhere(fits).tolist())
    taken_tail: set[int] = set()
    taken_head: set[int] = set()
    links = []
    for _, tail, head in candidates:
        if tail not in taken_tail and head not in taken_head:
            links.append((tail, head))
            taken_tail.add(tail)
            taken_head.add(head)
    return links


def _smooth(curve: Floats, is_closed: bool) -> tuple[Floats, bool]:
    arc = along(curve)
    n = max(round(arc[-1] / _STEP_UM), 4)
    wanted = np.linspace(0.0, arc[-1], n + 1)
    even = np.stack([np.interp(wanted, arc, curve[:, axis]) for axis in (0, 1)], axis=-1)
    window = min(int(_SMOOTH_UM / _STEP_UM) | 1, (len(even) - 1) // 2 * 2 - 1)
    if window < 5:
        return even, is_closed
    if is_closed:
        ring = savgol_filter(even[:-1], window, 2, axis=0, mode="wrap")
        return np.concatenate([ring, ring[:1]]), True
    return savgol_filter(even, window, 2, axis=0, mode="interp"), False


def _direction(curve: Floats) -> Floats:
    way: Floats = curve[-1] - curve[0]
    return way / max(float(np.linalg.norm(way)), 1e-9)
