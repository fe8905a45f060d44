"""Streamlines across the wall: the field that tells, at every point, which way is through the wall.

A potential is 0 along the villus-crypt junction, 1 along the outer surface and harmonic between them (Jones, Buchbinder
and Aharon, Human Brain Mapping 2000, used the same for the cortex); its gradient lines never cross and never lead into
another limb of a folded wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import LinearOperator, cg

from histo.measure.grid import CRYPT_ZONE, VILLUS, WALL, Kind, TissueGrid, sample
from histo.measure.raster import blurred, closed, components, distance_to, grown
from histo.measure.wall import Wall, WallPiece

__all__ = ["Streamlines", "trace_streamlines"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_EVERY_UM = 10.0
_CLOSE_UM = 12.0
_MIN_TISSUE_UM2 = 20000.0
_MAX_UM = 3000.0
_BEYOND_UM = 80.0
_ITERATIONS = 30
_PIXELS_ACROSS = 24.0


@dataclass(frozen=True, eq=False)
class Streamlines:
    """Lines across the wall, one every 10 µm of it.

    Parameters
    ----------
    position_um : (n,) array
        Position of the start along the wall.
    inward_um, outward_um : (n, m, 2) and (n, k, 2) arrays
        Points of each line from the mucosa-submucosa border towards the lumen and towards the serosa, `step_um` apart.
    step_um : float
    """

    position_um: Floats
    inward_um: Floats
    outward_um: Floats
    step_um: float


def trace_streamlines(coarse: TissueGrid, wall: Wall) -> Streamlines:
    """Trace streamlines from the mucosa-submucosa border both ways.

    Near the cut ends of an open piece of wall the field has no second side; there the lines are straight normals.

    Parameters
    ----------
    coarse : TissueGrid
        Shares in pixels of about 4 µm.
    wall : Wall

    Returns
    -------
    Streamlines
    """
    step = coarse.pixel_um / 2
    if not wall.pieces:
        return Streamlines(np.zeros(0), np.zeros((0, 1, 2)), np.zeros((0, 1, 2)), step)
    domain = _domain(coarse)
    reach = float(np.count_nonzero(domain)) * coarse.pixel_um**2 / wall.length_um
    # A thick wall does not need the fine field that a thin one does: some 24 pixels across are enough for either.
    factor = int(np.clip(reach / coarse.pixel_um / _PIXELS_ACROSS, 1, 2))
    if factor > 1:
        coarse = coarse.averaged(factor)
        domain = _domain(coarse)
    potential = _potential(coarse, domain)
    position, start, normal, is_near_end = _starts(wall, reach)
    gradient = np.stack(list(np.gradient(blurred(potential, 1.0))), axis=-1)
    inward, outward = (
        _follow(coarse, domain, sign * gradient, (start, sign * normal, is_near_end), step) for sign in (-1.0, 1.0)
    )
    return Streamlines(position, inward, outward, step)


def _starts(wall: Wall, reach_um: float) -> tuple[Floats, Floats, Floats, Mask]:
    """Start points every 10 µm with the normal pointing out of the lumen, and whether a cut end is near."""
    positions, points, normals, near = [], [], [], []
    for piece in wall.pieces:
        along = piece.along_um
        n = max(int(along[-1] / _EVERY_UM), 1)
        wanted = (np.arange(n) + 0.5) * along[-1] / n
        point = np.stack([np.interp(wanted, along, piece.points_um[:, k]) for k in (0, 1)], axis=-1)
        way = _tangents(piece, wanted)
        positions.append(piece.start_um + wanted)
        points.append(point)
        normals.append(np.stack([way[:, 1], -way[:, 0]], axis=-1))
        margin = min(reach_um, along[-1] / 4)
        is_near = (wanted < margin) | (wanted > along[-1] - margin)
        near.append(np.zeros(n, dtype=bool) if piece.is_closed else is_near)
    return np.concatenate(positions), np.concatenate(points), np.concatenate(normals), np.concatenate(near)


def _tangents(piece: WallPiece, wanted: Floats) -> Floats:
    along = piece.along_um
    if piece.is_closed:
        ahead, behind = (wanted + 20.0) % along[-1], (wanted - 20.0) % along[-1]
    else:
        ahead, behind = np.minimum(wanted + 20.0, along[-1]), np.maximum(wanted - 20.0, 0.0)
    ends = [
        np.stack([np.interp(at, along, piece.points_um[:, axis]) for axis in (0, 1)], axis=-1) for at in (ahead, behind)
    ]
    way = ends[0] - ends[1]
    tangent: Floats = way / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-9)
    return tangent


def _domain(coarse: TissueGrid) -> Mask:
    """Wall and crypt zone, with clefts and holes closed."""
    tissue = coarse.mask(*CRYPT_ZONE, *WALL)
    labelled, areas = components(closed(tissue, max(1, round(_CLOSE_UM / coarse.pixel_um))))
    is_large = areas * coarse.pixel_um**2 >= _MIN_TISSUE_UM2
    is_large[0] = False
    large: Mask = is_large[labelled]
    return large


def _potential(coarse: TissueGrid, domain: Mask) -> NDArray[np.float32]:
    """Solve Laplace's equation on the domain, from a good first guess by a few conjugate-gradient steps."""
    inner, outer = _sides(coarse, domain)
    to_inner, to_outer = distance_to(inner), distance_to(outer)
    guess: NDArray[np.float32] = to_inner / np.maximum(to_inner + to_outer, 1e-6)
    if domain.any():
        guess[domain] = _relax(domain, inner, outer, guess)
    guess[inner] = 0.0
    guess[outer] = 1.0
    outside = ~(domain | inner | outer)
    if domain.any():
        _, nearest = cv2.distanceTransformWithLabels(
            (~domain).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        value = np.zeros(int(nearest.max()) + 1, dtype=np.float32)
        value[nearest[domain]] = guess[domain]
        guess[outside] = value[nearest[outside]]
    return guess


def _sides(coarse: TissueGrid, domain: Mask) -> tuple[Mask, Mask]:
    """Pixels just outside the domain that are its luminal and its outer side; others let no flux through."""

    def beside(mask: Mask) -> Mask:
        return grown(mask, corners=False) & ~domain

    zone, muscle = coarse.mask(*CRYPT_ZONE) & domain, coarse.mask(Kind.MUSCLE) & domain
    submucosa = coarse.mask(Kind.SUBMUCOSA) & domain
    villus = coarse.mask(*VILLUS)
    outer = beside(muscle)
    inner = (beside(zone) | (beside(submucosa) & villus)) & ~outer
    return inner, outer | (beside(submucosa) & ~inner)


def _relax(domain: Mask, inner: Mask, outer: Mask, guess: NDArray[np.float32]) -> Floats:
    index = np.full(domain.shape, -1, dtype=np.int64)
    n = int(np.count_nonzero(domain))
    index[domain] = np.arange(n)
    diagonal = np.full(n, 1e-6)
    right = 1e-6 * guess[domain].astype(float)
    firsts, seconds = [], []
    for axis in (0, 1):
        low = np.take(index, range(index.shape[axis] - 1), axis=axis)
        high = np.take(index, range(1, index.shape[axis]), axis=axis)
        both = (low >= 0) & (high >= 0)
        firsts.append(low[both])
        seconds.append(high[both])
        for fixed, value in ((inner, 0.0), (outer, 1.0)):
            fixed_low = np.take(fixed, range(index.shape[axis] - 1), axis=axis)
            fixed_high = np.take(fixed, range(1, index.shape[axis]), axis=axis)
            for own, is_fixed in ((low, fixed_high), (high, fixed_low)):
                touched = own[(own >= 0) & is_fixed]
                np.add.at(diagonal, touched, 1.0)
                np.add.at(right, touched, value)
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    np.add.at(diagonal, first, 1.0)
    np.add.at(diagonal, second, 1.0)
    couplings = coo_array((np.full(len(first), -1.0), (first, second)), shape=(n, n)).tocsr()
    matrix = couplings + couplings.T + diags_array(diagonal)
    jacobi = LinearOperator((n, n), matvec=lambda v: v / diagonal)
    solved, _ = cg(matrix, right, x0=guess[domain].astype(float), rtol=1e-4, maxiter=_ITERATIONS, M=jacobi)
    relaxed: Floats = np.clip(solved, 0.0, 1.0)
    return relaxed


def _follow(
    coarse: TissueGrid, domain: Mask, field: Floats, starts: tuple[Floats, Floats, Mask], step: float
) -> Floats:
    """Follow a field from the starts, midpoint rule; outside the domain go straight on, then stand still."""
    point, way, is_straight = starts[0].copy(), starts[1].copy(), starts[2]
    field = field.astype(np.float32)
    left = np.zeros(len(point))
    path = [point.copy()]
    for count in range(int(_MAX_UM / step)):
        inside = sample(domain, point, coarse.pixel_um, order=0) > 0
        left = np.where(inside | (count * step < 2 * coarse.pixel_um), 0.0, left + step)
        if (left > _BEYOND_UM).all():
            break
        bends = inside & ~is_straight & (count > 0)
        if bends.any():
            middle = point[bends] + 0.5 * step * _way(field, point[bends], way[bends], coarse.pixel_um)
            way[bends] = _way(field, middle, way[bends], coarse.pixel_um)
        point = np.where((left <= _BEYOND_UM)[:, None], point + step * way, np.nan)
        path.append(point.copy())
        point = np.nan_to_num(point, nan=-1e6)
    return np.stack(path, axis=1)


def _way(field: Floats, points: Floats, last: Floats, pixel_um: float) -> Floats:
    """Direction of the field at points; where it vanishes or turns back, the last one."""
    vector = np.stack([sample(field[..., axis], points, pixel_um) for axis in (0, 1)], axis=-1)
    size = np.linalg.norm(vector, axis=-1, keepdims=True)
    unit = vector / np.maximum(size, 1e-12)
    is_bad = (size[:, 0] < 1e-7) | (np.einsum("ij,ij->i", unit, last) < 0.0)
    way: Floats = np.where(is_bad[:, None], last, unit)
    return way
