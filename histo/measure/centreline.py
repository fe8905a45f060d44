"""Centrelines of finger-like pieces of tissue, villi and crypts alike, with ends between the pixels.

A finger stands on a root (the villus on the villus-crypt junction, the crypt with its mouth at it) and ends freely. A
first course through it is given; then every cross-section is cut perpendicular to the course, its middle is taken, and
a smooth curve is laid through the middles, a few times over. Both ends are carried on straight until they leave the
tissue. Length is the arc length of that curve, so that a bent villus is measured along its bend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.measure.grid import Shares, sample

__all__ = ["Centrelines", "FingerImages", "measure_widths", "share_inside", "trace_centrelines"]

Floats = NDArray[np.float64]

_N_POINTS = 33
_N_ENDS = 3
_DEGREE = 5
_N_ROUNDS = 4
_CAP = 0.15
_MAX_HALF_WIDTH_UM = 200.0
_MAX_END_UM = 150.0
_BLOCK = 256
_STRIDE = 12
_HALF = 127.5


@dataclass(frozen=True, eq=False)
class FingerImages:
    """What the rays look at.

    Parameters
    ----------
    share : (rows, cols) uint8 array
        Share of the fingers' tissue.
    root_share : (rows, cols) uint8 array
        Share of the tissue (or lumen) that fingers stand on.
    pixel_um : float
        Side of a pixel of both.
    instances : (rows, cols) int32 array
        Number of the finger, 0 outside; may be coarser.
    instance_um : float
        Side of a pixel of `instances`.
    """

    share: Shares
    root_share: Shares
    pixel_um: float
    instances: NDArray[np.int32]
    instance_um: float


@dataclass(frozen=True, eq=False)
class Centrelines:
    """Curves of n fingers, each from its root to its free end.

    Parameters
    ----------
    points_um : (n, k, 2) array
        Evenly spaced along each curve, µm; first the root's end, last the free end.
    length_um : (n,) array
        Arc length.
    share_seen : (n,) array
        Share of cross-sections that had two free sides, 0 to 1.
    """

    points_um: Floats
    length_um: Floats
    share_seen: Floats

    @property
    def sharpest_turn_deg(self) -> Floats:
        """Largest turn between one fifth of each curve and the next, degrees."""
        knots = self.points_um[:, np.linspace(0, self.points_um.shape[1] - 1, 6).round().astype(int)]
        way = _unit(np.diff(knots, axis=1))
        cosine = np.clip((way[:, 1:] * way[:, :-1]).sum(axis=-1), -1, 1)
        turn: Floats = np.degrees(np.arccos(cosine)).max(axis=1, initial=0.0)
        return turn


def trace_centrelines(images: FingerImages, numbers: NDArray[np.int32], courses: list[Floats]) -> Centrelines:
    """Find the centrelines of fingers.

    Parameters
    ----------
    images : FingerImages
    numbers : (n,) array
        The fingers' numbers in ``images.instances``.
    courses : list of n (m, 2) arrays
        A first course through each, from root to free end, µm: the middles of slices of equal thickness.

    Returns
    -------
    Centrelines
    """
    n = len(courses)
    points = np.zeros((n, _N_POINTS, 2))
    length, seen = np.zeros(n), np.zeros(n)
    for start in range(0, n, _BLOCK):
        block = slice(start, min(start + _BLOCK, n))
        first = np.stack([_stretched(course) for course in courses[block]])
        points[block], length[block], seen[block] = _trace_block(images, numbers[block], first)
    return Centrelines(points, length, seen)


def measure_widths(images: FingerImages, numbers: NDArray[np.int32], lines: Centrelines, at: float) -> Floats:
    """Width perpendicular to the centreline at a share of its length from the root, (n,) array in µm."""
    if len(numbers) == 0:
        return np.zeros(0)
    position = at * (_N_POINTS - 1)
    low = min(int(position), _N_POINTS - 2)
    weight = position - low
    points = (1 - weight) * lines.points_um[:, low] + weight * lines.points_um[:, low + 1]
    direction = _unit(lines.points_um[:, min(low + 3, _N_POINTS - 1)] - lines.points_um[:, max(low - 2, 0)])
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=-1)
    return _exits(images, numbers, points, normal, _MAX_HALF_WIDTH_UM) + _exits(
        images, numbers, points, -normal, _MAX_HALF_WIDTH_UM
    )


def share_inside(instances: NDArray[np.int32], instance_um: float, lines: Centrelines) -> Floats:
    """Share of the centrelines of fingers 1 to n, but for their ends, that lies in the finger; (n,) array, 0 to 1.

    Where two fingers that cross were not parted, a smooth curve between their middles leads beside both.
    """
    inner = lines.points_um[:, _N_ENDS:-_N_ENDS]
    owner = sample(instances, inner, instance_um, order=0)
    share: Floats = (owner == np.arange(1, len(inner) + 1)[:, None]).mean(axis=1)
    return share


def _trace_block(images: FingerImages, numbers: NDArray[np.int32], points: Floats) -> tuple[Floats, Floats, Floats]:
    basis = np.asarray(np.polynomial.legendre.legvander(np.linspace(-1, 1, _N_POINTS), _DEGREE), dtype=np.float64)
    points = _fit(basis[:, :4], points, np.ones(points.shape[:2]))
    points = _evenly(points, _N_POINTS)
    seen = np.zeros(len(points))
    for _ in range(_N_ROUNDS):
        middles, is_seen, half_width = _cut_across(images, numbers, points)
        seen = is_seen.mean(axis=1)
        points = _fit(basis, middles, np.where(is_seen, 1.0, 0.02))
        points = _evenly(points, _N_POINTS)
    return *_with_ends(images, numbers, points, half_width), seen


def _cut_across(
    images: FingerImages, numbers: NDArray[np.int32], points: Floats
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Middles of the cross-sections, which of them have two free sides, and half their median width."""
    direction = _unit(np.gradient(points, axis=1))
    # In the round caps a cut's middle swings with its direction, and the direction with the middles: hold it there.
    n_cap = round(_CAP * _N_POINTS)
    direction[:, :n_cap] = direction[:, n_cap, None]
    direction[:, -n_cap:] = direction[:, -n_cap - 1, None]
    normal = np.stack([-direction[..., 1], direction[..., 0]], axis=-1)
    numbers_each = np.repeat(numbers, points.shape[1])
    sides = []
    is_seen = np.ones(points.shape[:2], dtype=bool)
    for sign in (1.0, -1.0):
        ray = (sign * normal).reshape(-1, 2)
        reach = _exits(images, numbers_each, points.reshape(-1, 2), ray, _MAX_HALF_WIDTH_UM)
        beyond = points.reshape(-1, 2) + ray * (reach + 1.5 * images.pixel_um)[:, None]
        meets_root = sample(images.root_share, beyond, images.pixel_um) > 127
        is_seen &= ((reach > 0) & (reach < _MAX_HALF_WIDTH_UM) & ~meets_root).reshape(is_seen.shape)
        sides.append(reach.reshape(is_seen.shape))
    shift = (sides[0] - sides[1]) / 2
    middles = points + np.where(is_seen, shift, 0.0)[..., None] * normal
    half = np.median((sides[0] + sides[1]) / 2, axis=1)
    return middles, is_seen, half


def _with_ends(
    images: FingerImages, numbers: NDArray[np.int32], points: Floats, half_width: Floats
) -> tuple[Floats, Floats]:
    """Carry both ends on straight until they leave the finger; the root's end is the median of five parallel lines."""
    last = _N_POINTS - 1
    inner_root, inner_tip = round(0.12 * last), round(0.9 * last)
    root_way = _unit(points[:, inner_root] - points[:, round(0.3 * last)])
    tip_way = _unit(points[:, inner_tip] - points[:, round(0.75 * last)])
    lateral = np.stack([-root_way[:, 1], root_way[:, 0]], axis=-1)
    spans = []
    for offset in (-0.4, -0.2, 0.0, 0.2, 0.4):
        beside = points[:, inner_root] + offset * half_width[:, None] * lateral
        spans.append(_exits(images, numbers, beside, root_way, _MAX_END_UM))
    root_span = np.median(np.stack(spans), axis=0)
    tip_span = _exits(images, numbers, points[:, inner_tip], tip_way, _MAX_END_UM)
    root = points[:, inner_root] + root_span[:, None] * root_way
    tip = points[:, inner_tip] + tip_span[:, None] * tip_way
    whole = np.concatenate([root[:, None], points[:, inner_root : inner_tip + 1], tip[:, None]], axis=1)
    length = np.linalg.norm(np.diff(whole, axis=1), axis=-1).sum(axis=1)
    return _evenly(whole, _N_POINTS), length


def _exits(
    images: FingerImages, numbers: NDArray[np.int32], starts: Floats, ways: Floats, max_um: float
) -> NDArray[np.float64]:
    """How far each ray goes before it leaves its finger, µm; `max_um` where it never does."""
    step = images.pixel_um
    reach = np.full(len(starts), max_um)
    before = sample(images.share, starts, images.pixel_um)
    reach[before < _HALF] = 0.0
    going = np.flatnonzero(before >= _HALF)
    before = before[going]
    for first in range(1, int(max_um / step), _STRIDE):
        if going.size == 0:
            break
        counts = np.arange(first, first + _STRIDE)
        positions = starts[going, None] + counts[:, None] * step * ways[going, None]
        value = sample(images.share, positions, images.pixel_um)
        owner = sample(images.instances, positions, images.instance_um, order=0)
        is_out = (value < _HALF) | ((owner != 0) & (owner != numbers[going, None]))
        leaves = is_out.any(axis=1)
        at = is_out.argmax(axis=1)[leaves]
        inside = np.concatenate([before[:, None], value], axis=1)[leaves, at]
        outside = value[leaves, at]
        fraction = np.where(outside < _HALF, (inside - _HALF) / np.maximum(inside - outside, 1e-9), 0.5)
        reach[going[leaves]] = np.minimum((first + at - 1 + fraction) * step, max_um)
        going, before = going[~leaves], value[~leaves, -1]
    return reach


def _fit(basis: Floats, points: Floats, weights: Floats) -> Floats:
    """Lay one smooth curve through each row of points: weighted least squares in Legendre polynomials."""
    weighted = basis[None] * weights[..., None]
    normal = np.einsum("nkd,ke->nde", weighted, basis)
    normal += 1e-4 * np.arange(basis.shape[1]) ** 2 * np.eye(basis.shape[1])
    right = np.einsum("nkd,nkx->ndx", weighted, points)
    fitted: Floats = np.einsum("kd,ndx->nkx", basis, np.linalg.solve(normal, right))
    return fitted


def _stretched(course: Floats) -> Floats:
    """Interpolate between the slices by their order, which no unevenness of their middles can turn back."""
    wanted, given = np.linspace(0, 1, _N_POINTS), np.linspace(0, 1, len(course))
    return np.stack([np.interp(wanted, given, course[:, axis]) for axis in (0, 1)], axis=-1)


def _evenly(courses: Floats, n: int) -> Floats:
    """Resample each of some courses at n evenly spaced points."""
    steps = np.linalg.norm(np.diff(courses, axis=1), axis=-1)
    along = np.concatenate([np.zeros((len(courses), 1)), np.cumsum(steps, axis=1)], axis=1)
    wanted = np.linspace(0.0, 1.0, n) * along[:, -1:]
    low = np.clip((along[:, None] <= wanted[..., None]).sum(axis=-1) - 1, 0, courses.shape[1] - 2)
    start, span = (np.take_along_axis(values, low, axis=1) for values in (along, steps))
    share = np.clip((wanted - start) / np.maximum(span, 1e-9), 0.0, 1.0)[..., None]
    here, there = (np.take_along_axis(courses, (low + k)[..., None], axis=1) for k in (0, 1))
    even: Floats = here + share * (there - here)
    return even


def _unit(vectors: Floats) -> Floats:
    size = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = vectors / np.maximum(size, 1e-9)
    return unit
