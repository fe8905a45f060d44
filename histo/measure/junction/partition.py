"""Part a field into cells along what is seen of its junctions, bridging where they are broken."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.morphology import local_minima
from skimage.segmentation import relabel_sequential, watershed

from histo.measure.junction.border import Border, find_borders
from histo.measure.junction.ridge import across, even_points, normals_of, smooth_along
from histo.measure.junction.settings import TraceSettings
from histo.measure.raster import blurred, components, distance_to

__all__ = ["part_cells"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]

# A pixel of the map speaks for a junction from here on where it hangs together with surer ones.
_LOW, _HIGH = 0.25, 0.5
# A cell that the field's border cuts may be this many times as large as what is seen of it.
_CUT = 300


def part_cells(centreline: NDArray[np.float32], mpp: float, settings: TraceSettings) -> Labels:
    """Label the cells between junctions.

    Basins of the distance to what is seen are flooded up to the crest of the map; they are more than there are cells.
    Then those are joined whose border is not seen, the least seen first. What is left of a border between stumps is
    thereby bridged by the shortest way that parts the two cells.

    Parameters
    ----------
    centreline : (rows, cols) float32 array
        How surely a junction runs here, 0 to 1.
    mpp : float
        µm per pixel.
    settings : TraceSettings
        How much must be seen.

    Returns
    -------
    (rows, cols) int32 array
        1 upwards from top left to bottom right; every pixel is some cell's.
    """
    seen = _Seen(centreline, mpp, settings)
    labels = _flood(centreline, mpp)
    # Borders of scraps end at other scraps' borders; once most of those are gone, stumps are stumps of junctions.
    for least in (0.5 * settings.least_seen, settings.least_seen):
        labels = _joined(labels, seen, least)
    return _without_specks(labels, seen, np.pi / 4 * (settings.least_cell_um / mpp) ** 2)


def _flood(centreline: NDArray[np.float32], mpp: float) -> Labels:
    is_low = centreline >= _LOW
    pieces, _ = components(is_low)
    is_sure = np.zeros(int(pieces.max()) + 1, dtype=bool)
    is_sure[np.unique(pieces[centreline >= _HIGH])] = True
    is_sure[0] = False
    seen = is_sure[pieces]
    depth = blurred(distance_to(seen), max(1.0, 0.2 / mpp))
    depth[seen] = 0.0
    ground = np.where(seen, blurred(centreline, 1.0), -depth)
    # Narrow cells, and slivers at the border of the field, have their basins where the map is high everywhere.
    seeds, _ = components(local_minima(ground))  # type: ignore[no-untyped-call]
    if not seeds.any():
        return np.ones(centreline.shape, dtype=np.int32)
    return np.asarray(watershed(ground, seeds), dtype=np.int32)  # type: ignore[no-untyped-call]


@dataclass(frozen=True, eq=False)
class _Stretch:
    """How long a border is, how much of it is seen, and whether it is at either end."""

    length: float
    seen: float
    is_stump: tuple[bool, bool]


class _Seen:
    """Asks the map how much of a border is seen: whether a ridge runs along it, not merely near or across it."""

    def __init__(self, centreline: NDArray[np.float32], mpp: float, settings: TraceSettings) -> None:
        self.settings = settings
        side = settings.ridge_um / mpp
        # Nothing is seen beyond the field's border, so that a junction along it stands out as well.
        self._pad = int(side) + 2
        self._map = np.pad(centreline, self._pad)
        self._clear = round(0.5 * side)
        self._offsets = np.array([-side, -1.0, -0.5, 0.0, 0.5, 1.0, side])

    def along(self, border: Border) -> _Stretch:
        points = even_points(border.middles)
        points = smooth_along(points, 1.5, is_ring=border.is_ring)
        normals = normals_of(points, is_ring=border.is_ring)
        values = across(self._map, points + self._pad, normals, self._offsets)
        crest = values[:, 1:-1].max(axis=1)
        rise = crest - values[:, [0, -1]].mean(axis=1)
        is_seen = crest >= _HIGH
        # Next to a corner the other junctions lie on both sides, and nothing rises over them.
        if len(points) > 4 * self._clear:
            is_seen = (is_seen & (rise >= self.settings.least_rise))[self._clear : -self._clear]
        near = max(2, round(0.15 * len(is_seen)))
        ends = (bool(is_seen[:near].mean() > 0.5), bool(is_seen[-near:].mean() > 0.5))
        return _Stretch(float(len(is_seen)), float(is_seen.sum()), ends)


class _Regions:
    """Labels that are being joined, and what is seen of the borders between them."""

    def __init__(self, borders: list[tuple[tuple[int, int], Floats]], n_labels: int) -> None:
        self._parent = np.arange(n_labels + 1)
        self._pairs: dict[int, dict[int, Floats]] = defaultdict(dict)
        for (one, other), measures in borders:
            self._add(one, other, measures)

    def _add(self, one: int, other: int, measures: Floats) -> None:
        total = self._pairs[one].get(other, 0.0) + measures
        self._pairs[one][other] = self._pairs[other][one] = total

    def pairs(self) -> list[tuple[int, int]]:
        return [(one, other) for one, others in self._pairs.items() for other in others if one < other]

    def neighbours(self, label: int) -> dict[int, Floats]:
        return self._pairs[label]

    def between(self, one: int, other: int) -> Floats | None:
        return self._pairs[one].get(other)

    def join(self, one: int, other: int) -> None:
        """Give the second's borders to the first."""
        self._parent[other] = one
        del self._pairs[one][other]
        for third, measures in self._pairs.pop(other).items():
            if third != one:
                del self._pairs[third][other]
                self._add(one, third, measures)

    def relabelled(self, labels: Labels) -> Labels:
        final = self._parent
        while (final[final] != final).any():
            final = final[final]
        joined, _, _ = relabel_sequential(final[labels])  # type: ignore[no-untyped-call]
        return np.asarray(joined, dtype=np.int32)


def _measured(labels: Labels, seen: _Seen) -> _Regions:
    borders = []
    for border in find_borders(labels):
        stretch = seen.along(border)
        measures = np.array([stretch.length, stretch.seen, stretch.length if all(stretch.is_stump) else 0.0])
        borders.append((border.cells, measures))
    return _Regions(borders, int(labels.max()))


def _joined(labels: Labels, seen: _Seen, least: float) -> Labels:
    """Join neighbours whose border is seen less than this share, the least seen border first."""
    settings = seen.settings
    ease = settings.least_seen_between_stumps / settings.least_seen
    regions = _measured(labels, seen)

    def share(measures: Floats) -> float:
        length, visible, between_stumps = measures
        return float(visible / length / (ease if between_stumps > 0.5 * length else 1.0))

    waiting = [(share(regions.neighbours(one)[other]), one, other) for one, other in regions.pairs()]
    heapq.heapify(waiting)
    while waiting and waiting[0][0] < least:
        value, one, other = heapq.heappop(waiting)
        measures = regions.between(one, other)
        if measures is None or share(measures) != value:
            continue
        regions.join(one, other)
        for third, changed in regions.neighbours(one).items():
            heapq.heappush(waiting, (share(changed), min(one, third), max(one, third)))
    return regions.relabelled(labels)


def _without_specks(labels: Labels, seen: _Seen, least_pixels: float) -> Labels:
    """Join what is too small for a cell to the neighbour that the shortest seen border parts it from.

    Between the teeth of a folded junction that is across the mouth, where teeth touch, and not along their flanks.
    """
    while True:
        areas = np.bincount(labels.ravel())
        areas[_at_frame(labels)] *= _CUT  # how large those are nobody knows
        specks = np.flatnonzero(areas[1:] < least_pixels) + 1
        if not specks.size or len(areas) == 2:
            return labels
        regions = _measured(labels, seen)
        for speck in specks[np.argsort(areas[specks])].tolist():
            around = regions.neighbours(speck)
            if around:
                nearest = min(around, key=lambda other: (around[other][1], other))
                regions.join(nearest, speck)
        labels = regions.relabelled(labels)


def _at_frame(labels: Labels) -> NDArray[np.int64]:
    """Find the labels that the border of the field cuts."""
    return np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])).astype(np.int64)
