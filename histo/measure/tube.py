"""Crypts that run together, parted into the tubes that they are.

A crypt is a tube of much the same width as the section's other crypts, that runs from the wall towards the lumen. Where
tubes lie against each other their border shows as a row of holes, as labels of low probability, or only as notches
between their bases and between their mouths. Blurred by about a quarter of the tube's width, each of these raises a
ridge along the middle of every tube. Ridges are carried on along the tube to both of its ends, those that meet head-on
are one tube, and each pixel goes to the ridge that it slopes up to.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from histo.measure.grid import WALL, TissueGrid
from histo.measure.raster import blurred, components, distance_to, flooded

__all__ = ["TubeImages", "part_tubes", "tube_depth", "tube_width"]

Floats = NDArray[np.float64]
Image = NDArray[np.float32]
Numbers = NDArray[np.int32]

_BLUR = 0.25
# Lateral curvature in the middle of a lone tube after that blur: -2 (w/2s) p(w/2s) of the normal density p, w/s = 4.
_LONE_TUBE = 0.216
_RIDGES = (0.12, 0.2, 0.35, 0.6)
_MIN_RIDGE = 0.08
_NARROW = 0.65
_MAX_JOINED = 1.3
_DIRECTION_BLUR_UM = 25.0
_WIDTH_SHARE = 0.25
_MIN_EXTENT = 0.8
_LEVELS = 50
_MAX_WIDTH_OF_DEPTH = 0.5
_WIDE = 3.0
_STEERING = 6.0


@dataclass(frozen=True, eq=False)
class TubeImages:
    """What tubes are parted by; all (rows, cols) arrays of one grid.

    Parameters
    ----------
    mask : array of bool
        Crypts with their lumen.
    presence : float32 array
        0 to 1: how surely the pixel is of a crypt, low between two crypts.
    depth_um : float32 array
        Rises by about 1 per µm from the lumen to the wall.
    pixel_um : float
    """

    mask: NDArray[np.bool_]
    presence: Image
    depth_um: Image
    pixel_um: float


@dataclass(frozen=True, eq=False)
class _Ridges:
    """Ridges as numbered pixels, with the middle and the direction (towards the wall) of each, in pixels."""

    numbers: Numbers
    middle: Floats
    way: Floats
    reach: Floats

    @property
    def n(self) -> int:
        return len(self.middle)


def tube_depth(grid: TissueGrid, to_lumen_um: Image) -> Image:
    """Make the field that rises from the lumen to the wall; without a wall, the distance to the lumen alone."""
    wall = grid.mask(*WALL)
    depth = to_lumen_um
    if wall.any():
        to_wall = distance_to(wall) * np.float32(grid.pixel_um)
        depth = np.asarray((to_lumen_um - to_wall) / np.float32(2), dtype=np.float32)
    return blurred(depth, _DIRECTION_BLUR_UM / grid.pixel_um)


def tube_width(presence: Image, depth_um: Image, pixel_um: float) -> float:
    """Estimate the width of the section's crypts, µm; 0 where there are none.

    It is twice the usual distance from their middle lines to their sides, each place of a middle line counted by the
    area around it: ragged borders and specks of a predicted map have many middle lines and little area. Only what
    reaches about as deep as most crypts counts, for slivers and pieces of crypts are narrower than whole ones. Where
    most crypts have run together into pieces much wider than deep, that would be too much: then it is at most half of
    the depth of those pieces.

    Parameters
    ----------
    presence, depth_um : (rows, cols) float32 arrays
        As in `TubeImages`.
    pixel_um : float
    """
    labelled, areas = components(presence > 0.5)
    if len(areas) == 1:
        return 0.0
    rows, cols = np.nonzero(labelled)
    low, high = _range(labelled[rows, cols], depth_um[rows, cols], len(areas))
    extent, area = (high - low)[1:], np.asarray(areas[1:] * pixel_um**2, dtype=np.float64)
    is_deep = np.append(False, extent >= _MIN_EXTENT * _middle_of(extent, area))
    across = _across_middles(is_deep[labelled])
    if across.size == 0:
        return 0.0
    room = np.cumsum(across**2)
    width_um = float(across[np.searchsorted(room, _WIDTH_SHARE * room[-1])]) * pixel_um
    is_wide = area > _WIDE * extent**2
    if area[is_wide].sum() <= 0.5 * area.sum():
        return width_um
    return min(width_um, _MAX_WIDTH_OF_DEPTH * _middle_of(extent[is_wide], area[is_wide]))


def _across_middles(mask: NDArray[np.bool_]) -> Floats:
    """Widths at all places of the middle lines of a mask, in pixels, from the least."""
    inside = distance_to(~mask)
    highest = np.asarray(cv2.dilate(inside, np.ones((3, 3), np.uint8)))
    middles = inside[(inside >= highest) & (inside > 2)]
    # The distance counts from centre to centre: half a pixel more than to the border.
    return np.asarray(2 * np.sort(middles).astype(np.float64) - 1)


def _middle_of(values: Floats, weights: Floats) -> float:
    """Median of values that count by weights."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])


def part_tubes(images: TubeImages, width_um: float) -> Numbers:
    """Give each tube of a mask its number.

    Parameters
    ----------
    images : TubeImages
    width_um : float
        Usual width of a tube.

    Returns
    -------
    (rows, cols) int32 array
        1 to n, 0 outside the mask; every piece of the mask holds one tube or more.
    """
    labelled, _ = components(images.mask)
    width = width_um / images.pixel_um
    if width < 4:
        return labelled
    smooth = blurred(images.presence * images.mask, _BLUR * width)
    slopes = _slope(smooth, 0), _slope(smooth, 1)
    ridges = _find_ridges(images, slopes, width)
    markers, links = _carry_on(images, slopes, ridges, width)
    markers = _joined(markers, links, ridges.n)
    parted = _flood(smooth, labelled, markers, width)
    return _merge_halves(parted, width)


def _find_ridges(images: TubeImages, slopes: tuple[Image, Image], width: float) -> _Ridges:
    at = np.nonzero(images.mask)
    down_row, down_col = (_slope(images.depth_um, axis)[at] for axis in (0, 1))
    size = np.maximum(np.hypot(down_row, down_col), 1e-6)
    down = np.stack([down_row / size, down_col / size], axis=-1)
    rr, rc, cc = _slope(slopes[0], 0)[at], _slope(slopes[0], 1)[at], _slope(slopes[1], 1)[at]
    lateral = rr * down[:, 1] ** 2 - 2 * rc * down[:, 0] * down[:, 1] + cc * down[:, 0] ** 2
    strength = np.zeros(images.mask.shape, dtype=np.float32)
    strength[at] = -lateral * (_BLUR * width) ** 2 / _LONE_TUBE
    number = _crests(strength, at, _MIN_RIDGE * width**2)
    is_ridge = number > 0
    points = np.stack(at, axis=-1)[is_ridge]
    ridges = np.zeros(images.mask.shape, dtype=np.int32)
    ridges[at] = number
    return _describe(ridges, points, number[is_ridge], down[is_ridge])


def _slope(image: Image, axis: int) -> Image:
    """Half the difference of the neighbours along an axis."""
    slope = cv2.Sobel(image, cv2.CV_32F, axis, 1 - axis, ksize=1, scale=0.5, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(slope, dtype=np.float32)


def _crests(strength: Image, at: tuple[NDArray[np.intp], ...], min_pixels: float) -> NDArray[np.int64]:
    """Give each ridge its number; one that falls apart into several at a higher level is those."""
    number = np.zeros(len(at[0]), dtype=np.int64)
    for level in _RIDGES:
        labelled, areas = components(strength > level)
        piece = labelled[at]
        is_ridge = areas >= min_pixels
        is_ridge[0] = False
        lower = np.zeros(len(areas), dtype=np.int64)
        lower[piece] = number
        n_pieces = np.bincount(lower[is_ridge], minlength=int(number.max(initial=0)) + 1)
        is_split = n_pieces > 1
        is_split[0] = True
        is_new = is_ridge & is_split[lower]
        number[is_split[number]] = 0
        table = np.zeros(len(areas), dtype=np.int64)
        table[is_new] = np.arange(1, np.count_nonzero(is_new) + 1)
        added = table[piece]
        number = np.where(added > 0, added + number.max(initial=0), number)
    return np.unique(np.append(number, 0), return_inverse=True)[1][:-1]


def _describe(
    numbers: Numbers, points: NDArray[np.intp], number: NDArray[np.int64], down_each: NDArray[np.floating]
) -> _Ridges:
    """Middle and direction of each ridge: its main axis, drawn towards the way to the wall the shorter it is."""
    n = int(number.max(initial=0))
    owner = number - 1
    count = np.maximum(np.bincount(owner, minlength=n), 1)
    middle, down = (
        np.stack([np.bincount(owner, values[:, i], minlength=n) / count for i in (0, 1)], axis=-1)
        for values in (points, down_each)
    )
    down /= np.maximum(np.linalg.norm(down, axis=-1, keepdims=True), 1e-9)
    offset = points - middle[owner]
    moments = np.zeros((n, 2, 2))
    for i in (0, 1):
        for j in (0, 1):
            moments[:, i, j] = np.bincount(owner, offset[:, i] * offset[:, j], minlength=n) / count
    spread = np.trace(moments, axis1=1, axis2=2)
    moments += 0.3 * spread[:, None, None] * down[:, :, None] * down[:, None, :]
    way = np.linalg.eigh(moments)[1][:, :, 1] if n else np.zeros((0, 2))
    way = way * np.where((way * down).sum(axis=-1, keepdims=True) < 0, -1.0, 1.0)
    along = np.abs((offset * way[owner]).sum(axis=-1))
    reach = np.zeros(n)
    np.maximum.at(reach, owner, along)
    return _Ridges(numbers, middle, way, reach)


def _carry_on(
    images: TubeImages, slopes: tuple[Image, Image], ridges: _Ridges, width: float
) -> tuple[Numbers, list[tuple[int, int, bool]]]:
    """Lengthen each ridge both ways until it leaves the mask or meets another; say who met whom, and if in one tube."""
    markers = ridges.numbers.copy()
    inside = distance_to(~images.mask)
    links = []
    for sign in (-1.0, 1.0):
        at = ridges.middle.copy()
        way = sign * ridges.way
        going = np.arange(ridges.n)
        for _ in range(int(8 * width)):
            if going.size == 0:
                break
            pixel = np.round(at[going]).astype(int)
            on_map = ((pixel >= 0) & (pixel < images.mask.shape)).all(axis=1)
            going, pixel = going[on_map], pixel[on_map]
            # A bent ridge may leave the mask's side before its own end: what lies within its reach is still its own.
            is_own = np.linalg.norm(at[going] - ridges.middle[going], axis=1) < ridges.reach[going]
            is_on: NDArray[np.bool_] = images.mask[tuple(pixel.T)] | is_own
            going, pixel = going[is_on], pixel[is_on]
            met = ridges.numbers[tuple(pixel.T)]
            meets = (met > 0) & (met != going + 1)
            for i, other, (row, col) in zip(going[meets], met[meets], pixel[meets], strict=True):
                is_narrow = float(inside.item(row, col)) <= _NARROW * width
                links.append((int(i), int(other) - 1, is_narrow))
            going, pixel = going[~meets], pixel[~meets]
            free = (markers[tuple(pixel.T)] == 0) & images.mask[tuple(pixel.T)]
            markers[tuple(pixel[free].T)] = going[free] + 1
            lateral = np.stack([-way[going, 1], way[going, 0]], axis=-1)
            slope = np.stack([image[tuple(pixel.T)] for image in slopes], axis=-1)
            push = np.clip(_STEERING * (slope * lateral).sum(axis=-1), -0.7, 0.7)
            at[going] += way[going] + push[:, None] * lateral
    return markers, links


def _joined(markers: Numbers, links: list[tuple[int, int, bool]], n: int) -> Numbers:
    """Give ridges of one tube one number: those that met each other, or met where the tissue is one tube wide."""
    met = {(one, other) for one, other, _ in links}
    table = np.arange(n + 1, dtype=np.int32)

    def root(i: int) -> int:
        while table[i] != i:
            i = int(table[i])
        return i

    for one, other, is_narrow in links:
        if is_narrow or (other, one) in met:
            first, second = sorted((root(one + 1), root(other + 1)))
            table[second] = first
    final = np.array([root(i) for i in range(n + 1)], dtype=np.int32)
    return final[markers]


def _flood(smooth: Image, labelled: Numbers, markers: Numbers, width: float) -> Numbers:
    """Part the pieces that hold several markers; the others stay whole."""
    n_pieces = int(labelled.max()) + 1
    # A marker lies in one piece, but for ridges of two that met across a gap.
    is_marked = markers > 0
    n_numbers = int(markers.max()) + 1
    pairs = np.unique(labelled[is_marked].astype(np.int64) * n_numbers + markers[is_marked])
    n_markers = np.bincount(pairs // n_numbers, minlength=n_pieces)
    is_shared = n_markers > 1
    table = np.cumsum(~is_shared & (np.arange(n_pieces) > 0)).astype(np.int32)
    table[is_shared] = 0
    table[0] = 0
    numbers = table[labelled]
    windows = find_objects(np.where(is_shared[labelled], labelled, 0))
    n = int(table.max())
    for piece in np.flatnonzero(is_shared):
        window = windows[piece - 1]
        own = labelled[window] == piece
        # In steps, so that water spreads evenly over level ground.
        parted = flooded(-np.round(smooth[window] * _LEVELS), np.where(own, markers[window], 0), own)
        parted = _in_one_piece(parted, own, width)
        kept, number = np.unique(parted[own], return_inverse=True)
        numbers[window][own] = n + 1 + number.astype(np.int32)
        n += len(kept)
    return numbers


def _in_one_piece(numbers: Numbers, mask: NDArray[np.bool_], width: float) -> Numbers:
    """Leave each tube its largest piece: ridges that met have one number, and others' water may come between them.

    What is as large as a tube's cross section is a tube of its own, what is smaller goes to the tubes around it.
    """
    n = int(numbers.max())
    whole = numbers.copy()
    for number, window in enumerate(find_objects(numbers), start=1):
        if window is None:
            continue
        pieces, areas = components(numbers[window] == number)
        for piece in set(range(1, len(areas))) - {1 + int(np.argmax(areas[1:]))}:
            is_tube = areas[piece] >= width**2
            n += is_tube
            whole[window][pieces == piece] = n if is_tube else 0
    return flooded(np.zeros(mask.shape, np.float32), whole, mask) if (mask & (whole == 0)).any() else whole


def _merge_halves(numbers: Numbers, width: float) -> Numbers:
    """Join neighbours that are no wider than one tube together: a tube split along its lumen, or across."""
    n = int(numbers.max()) + 1
    rows, cols = np.nonzero(numbers)
    owner = numbers[rows, cols]
    # Sums over the pixels of 1, r, c, rr, cc and rc: those of a union are the sums of its parts.
    terms = (None, rows, cols, rows * rows, cols * cols, rows * cols)
    sums = np.stack([np.bincount(owner, term, minlength=n).astype(float) for term in terms], axis=-1)
    table = np.arange(n)
    pairs = _contacts(numbers)
    while pairs:
        widths = _mean_widths(sums[[i for i, _ in pairs]] + sums[[j for _, j in pairs]])
        best = int(np.argmin(widths))
        if widths[best] > _MAX_JOINED * width:
            break
        i, j = pairs[best]
        sums[i] += sums[j]
        table[table == j] = i
        renamed = {(min(a, b), max(a, b)) for a, b in ((i if a == j else a, i if b == j else b) for a, b in pairs)}
        pairs = sorted(pair for pair in renamed if pair[0] != pair[1])
    _, packed = np.unique(table, return_inverse=True)
    return packed.astype(np.int32)[numbers]


def _mean_widths(sums: Floats) -> Floats:
    """Area over length, the length that of a rod with the same largest second moment."""
    area, row, col, rr, cc, rc = sums.T
    rr, cc, rc = rr / area - (row / area) ** 2, cc / area - (col / area) ** 2, rc / area - row * col / area**2
    largest = (rr + cc) / 2 + np.hypot((rr - cc) / 2, rc)
    widths: Floats = area / np.sqrt(12 * np.maximum(largest, 1 / 12))
    return widths


def _contacts(numbers: Numbers) -> list[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for one, other in ((numbers[:, 1:], numbers[:, :-1]), (numbers[1:], numbers[:-1])):
        differs = np.nonzero(one != other)
        low, high = np.minimum(one[differs], other[differs]), np.maximum(one[differs], other[differs])
        found |= set(zip(low[low > 0].tolist(), high[low > 0].tolist(), strict=True))
    return sorted(found)


def _range(owner: NDArray[np.int32], values: NDArray[np.floating], n: int) -> tuple[Floats, Floats]:
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, owner, values)
    np.maximum.at(high, owner, values)
    return low, high
