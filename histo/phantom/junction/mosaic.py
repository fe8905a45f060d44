"""Polygons that fill the plane: a jittered honeycomb's Voronoi cells, of which a window needs only its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi

from histo.phantom.junction.monolayer_spec import MosaicSpec
from histo.phantom.junction.plane import Frame, Stream, chance

__all__ = ["Mosaic", "lay_mosaic"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_MARGIN_CELLS = 6
_PATCH = 4


@dataclass(frozen=True, eq=False)
class Mosaic:
    """The sides of all cells that may show in a window.

    Parameters
    ----------
    starts, ends : (n, 2) array
        Corners that a side runs between, (row, column) in µm of the plane.
    corners : (n, 2) int array
        Numbers of these corners.
    cells : (n, 2) int array
        Numbers of the cells to the left and to the right of a side (looking from its start with rows down, columns to
        the right).
    keys : (n,) int64 array
        Identity of each side, the same in every window.
    centres : (m, 2) array
        A point in every cell that sees all its corners.
    cell_keys : (m,) int64 array
        Identity of each cell, the same in every window.
    is_whole : (m,) bool array
        Whether all of a cell's sides are here.
    """

    starts: Floats
    ends: Floats
    corners: Ints
    cells: Ints
    keys: Ints
    centres: Floats
    cell_keys: Ints
    is_whole: NDArray[np.bool_]


def lay_mosaic(spec: MosaicSpec, frame: Frame, seed: int) -> Mosaic:
    """Lay the polygons that may show in the window, even once their sides are bent."""
    stretch = _stretch(spec)
    # A honeycomb's cell of this pitch has the mean cell's area.
    pitch = spec.cell_um * np.sqrt(np.pi / 4 * (1 - spec.left_out) * 2 / np.sqrt(3))
    seeds, seed_keys = _seeds(spec, frame, pitch, stretch, seed)
    diagram = Voronoi(seeds)
    sides = np.asarray(diagram.ridge_vertices, dtype=np.int64)
    is_finite = (sides >= 0).all(axis=1)
    sides, pairs = sides[is_finite], np.asarray(diagram.ridge_points, dtype=np.int64)[is_finite]
    centres, vertices = seeds @ stretch.T, diagram.vertices @ stretch.T
    vertices, number = _merge_near(vertices, sides, spec.shortest_um)
    sides = number[sides]
    is_side = sides[:, 0] != sides[:, 1]
    sides, pairs = sides[is_side], pairs[is_side]
    is_whole = _may_show(centres, pairs, vertices[sides], frame)
    kept = is_whole[pairs].any(axis=1)
    sides, pairs = _in_order(vertices, centres, seed_keys, sides[kept], pairs[kept])
    return Mosaic(
        starts=vertices[sides[:, 0]],
        ends=vertices[sides[:, 1]],
        corners=sides,
        cells=pairs,
        keys=seed_keys[pairs[:, 0]] * 1_000_003 + seed_keys[pairs[:, 1]],
        centres=centres,
        cell_keys=seed_keys,
        is_whole=is_whole,
    )


def _stretch(spec: MosaicSpec) -> Floats:
    """Lengthen along a direction and narrow across it: areas stay."""
    angle, root = np.deg2rad(spec.direction_deg), np.sqrt(spec.elongation)
    along = np.array([-np.sin(angle), np.cos(angle)])
    across = np.array([np.cos(angle), np.sin(angle)])
    return np.asarray(root * np.outer(along, along) + np.outer(across, across) / root)


def _seeds(spec: MosaicSpec, frame: Frame, pitch: float, stretch: Floats, seed: int) -> tuple[Floats, Ints]:
    """Jitter a honeycomb around the window, in coordinates before the stretch."""
    box = frame.corner + np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * frame.size_um
    box = box @ np.linalg.inv(stretch).T
    margin = _MARGIN_CELLS * pitch / np.sqrt(1 - spec.left_out)
    step = np.array([pitch * np.sqrt(3) / 2, pitch])
    low = np.floor((box.min(axis=0) - margin) / step).astype(np.int64)
    high = np.ceil((box.max(axis=0) + margin) / step).astype(np.int64) + 1
    rows, cols = (part.ravel() for part in np.mgrid[low[0] : high[0], low[1] : high[1]])
    # Patches in which many are left out, and others in which few are: large cells lie together.
    share = 2 * spec.left_out * chance(seed, Stream.CELL + 3, rows // _PATCH, cols // _PATCH)
    is_there = chance(seed, Stream.CELL, rows, cols) >= share
    rows, cols = rows[is_there], cols[is_there]
    angle = 2 * np.pi * chance(seed, Stream.CELL + 1, rows, cols)
    reach = spec.irregularity * 0.62 * pitch * np.sqrt(chance(seed, Stream.CELL + 2, rows, cols))
    seeds = np.stack([rows * step[0], (cols + 0.5 * (rows & 1)) * step[1]], axis=1)
    seeds = seeds + reach[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return seeds, rows * 1_000_003 + cols


def _merge_near(vertices: Floats, sides: Ints, shortest_um: float) -> tuple[Floats, Ints]:
    """Make one corner, in the middle, of corners joined by sides that are too short."""
    n = len(vertices)
    short = sides[np.hypot(*(vertices[sides[:, 0]] - vertices[sides[:, 1]]).T) < shortest_um]
    joined = coo_array((np.ones(len(short)), (short[:, 0], short[:, 1])), shape=(n, n))
    n_corners, number = connected_components(joined, directed=False)
    size = np.bincount(number, minlength=n_corners)
    merged = np.stack([np.bincount(number, vertices[:, axis], n_corners) / size for axis in range(2)], axis=1)
    return merged, np.asarray(number, dtype=np.int64)


def _may_show(centres: Floats, pairs: Ints, ends: Floats, frame: Frame) -> NDArray[np.bool_]:
    """Say which cells could reach into the window: none reaches beyond its corners and its neighbours' centres."""
    low, high = centres.copy(), centres.copy()
    for one, other in (pairs.T, pairs[:, ::-1].T):
        for place in (centres[other], ends[:, 0], ends[:, 1]):
            np.minimum.at(low, one, place)
            np.maximum.at(high, one, place)
    return np.asarray(((high > frame.corner) & (low < frame.corner + frame.size_um)).all(axis=1))


def _in_order(vertices: Floats, centres: Floats, keys: Ints, sides: Ints, pairs: Ints) -> tuple[Ints, Ints]:
    """Turn each side so that the cell with the smaller key lies to its left."""
    swapped = keys[pairs[:, 0]] > keys[pairs[:, 1]]
    pairs = np.where(swapped[:, None], pairs[:, ::-1], pairs)
    along = vertices[sides[:, 1]] - vertices[sides[:, 0]]
    across = centres[pairs[:, 0]] - centres[pairs[:, 1]]
    # Rows run down, so left of (row, column) direction (0, 1) is row -1.
    is_left = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0] > 0
    return np.where(is_left[:, None], sides, sides[:, ::-1]), pairs
