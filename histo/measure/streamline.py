"""Streamlines that lead out of a fold: the way from the mucosa to the muscle where the straight one meets another limb.

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

__all__ = ["Streamlines", "lead_outward"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Field = tuple[NDArray[np.float32], ...]

_CLOSE_UM = 12.0
_MIN_TISSUE_UM2 = 20000.0
_MAX_UM = 3000.0
_BEYOND_UM = 80.0
_ITERATIONS = 30
_PIXELS_ACROSS = 24.0


@dataclass(frozen=True, eq=False)
class Streamlines:
    """Lines from the mucosa-submucosa border towards the serosa.

    Parameters
    ----------
    points_um : (n, m, 2) array
        Points of each line, `step_um` apart; a line that has ended goes on as not a number.
    step_um : float
    """

    points_um: Floats
    step_um: float

    def at(self, walked_um: Floats) -> tuple[Floats, Floats]:
        """Point of each line at an arc length, and the direction that it has there; not a number where that is none."""
        step = np.clip(np.nan_to_num(walked_um) / self.step_um, 0, self.points_um.shape[1] - 1.001)
        low = step.astype(np.int64)
        here, there = (np.take_along_axis(self.points_um, (low + k)[:, None, None], axis=1)[:, 0] for k in (0, 1))
        point = here + (step - low)[:, None] * (there - here)
        point[np.isnan(walked_um)] = np.nan
        return point, (there - here) / self.step_um


def lead_outward(coarse: TissueGrid, start_um: Floats, outward: Floats, wall_um: float) -> Streamlines:
    """Follow the field from points of the mucosa-submucosa border to beyond the outer surface.

    Parameters
    ----------
    coarse : TissueGrid
        Shares in pixels of about 4 µm.
    start_um, outward : (n, 2) arrays
        Where the lines begin, and the way out of the lumen there.
    wall_um : float
        Length of the whole wall.

    Returns
    -------
    Streamlines
    """
    step = coarse.pixel_um / 2
    domain = _domain(coarse)
    reach = float(np.count_nonzero(domain)) * coarse.pixel_um**2 / wall_um
    # A thick wall does not need the fine field that a thin one does: some 24 pixels across are enough for either.
    factor = int(np.clip(reach / coarse.pixel_um / _PIXELS_ACROSS, 1, 2))
    if factor > 1:
        coarse = coarse.averaged(factor)
        domain = _domain(coarse)
    potential = blurred(_potential(coarse, domain), 1.0)
    field = tuple(np.gradient(potential, axis=axis) for axis in (0, 1))
    return Streamlines(_follow(coarse, domain, field, (start_um, outward), step), step)


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


def _follow(coarse: TissueGrid, domain: Mask, field: Field, starts: tuple[Floats, Floats], step: float) -> Floats:
    """Follow a field from the starts, midpoint rule; outside the domain go straight on, then stand still."""
    point, way = starts[0].copy(), starts[1].copy()
    left = np.zeros(len(point))
    path = [point.copy()]
    for count in range(int(_MAX_UM / step)):
        inside = sample(domain, point, coarse.pixel_um, order=0) > 0
        left = np.where(inside | (count * step < 2 * coarse.pixel_um), 0.0, left + step)
        if (left > _BEYOND_UM).all():
            break
        bends = inside & (count > 0)
        if bends.any():
            middle = point[bends] + 0.5 * step * _way(field, point[bends], way[bends], coarse.pixel_um)
            way[bends] = _way(field, middle, way[bends], coarse.pixel_um)
        point = np.where((left <= _BEYOND_UM)[:, None], point + step * way, np.nan)
        path.append(point.copy())
        point = np.nan_to_num(point, nan=-1e6)
    return np.stack(path, axis=1)


def _way(field: Field, points: Floats, last: Floats, pixel_um: float) -> Floats:
    """Direction of the field at points; where it vanishes or turns back, the last one."""
    vector = np.stack([sample(component, points, pixel_um) for component in field], axis=-1)
    size = np.linalg.norm(vector, axis=-1, keepdims=True)
    unit = vector / np.maximum(size, 1e-12)
    is_bad = (size[:, 0] < 1e-7) | (np.einsum("ij,ij->i", unit, last) < 0.0)
    way: Floats = np.where(is_bad[:, None], last, unit)
    return way
