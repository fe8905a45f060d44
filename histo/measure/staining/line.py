"""The apical line: where along the luminal edge it is seen, and the gaps between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter, uniform_filter1d

from histo.measure.grid import sample
from histo.measure.staining.edge import STEP_UM, LuminalEdge
from histo.measure.staining.settings import StainingSettings

__all__ = ["ApicalLine", "Gap", "find_gaps_of", "trace_lines"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ACROSS_UM = 0.25
_LINE_WIDTH_UM = 1.0
_ALONG_UM = 0.5
_BENEATH_UM = 2.0
_BESIDE_UM = 20.0
_MIN_RUN_UM = 1.0
_MIN_HEIGHT = 4.0
_ROUNDS = 20


@dataclass(frozen=True, eq=False)
class ApicalLine:
    """What is seen along one stretch of luminal edge.

    Parameters
    ----------
    edge : LuminalEdge
    peak : (n,) array
        Brightest signal across the edge, background taken off.
    height : (n,) array
        The same over the cytoplasm beneath.
    integral_um : (n,) array
        Signal of the line integrated across the edge, over that of the cytoplasm: signal times µm.
    is_seen : (n,) array of bool
        Whether the line is there.
    is_hidden : bool
        Whether it cannot be told: membranes or granules beneath the edge vary as much as a line would rise.
    """

    edge: LuminalEdge
    peak: Floats
    height: Floats
    integral_um: Floats
    is_seen: Flags
    is_hidden: bool


@dataclass(frozen=True)
class Gap:
    """A gap: its first and last point (on a ring the last may lie before the first), its length, whether it is cut."""

    first: int
    last: int
    length_um: float
    is_cut: bool


def trace_lines(
    values: NDArray[np.float32], mpp: float, edges: list[LuminalEdge], settings: StainingSettings, *, noise: float
) -> list[ApicalLine]:
    """Find where along edges of one region the apical line is seen.

    Across the edge the brightest signal of a band 1 µm wide is taken, from `lumen_side_um` outside to `apical_um`
    inside; of it the same of the cytoplasm beneath, an equal stretch 2 µm deeper, where the median of 40 µm of edge is
    taken so that lateral membranes do not count. The line is seen where this height reaches half of its own median
    where it is seen. That half-way rule needs no threshold, puts the end of a gap where it is whatever the blur, and
    holds at any exposure: a line that is weaker all along is no less continuous, and `line_strength` says so.

    Parameters
    ----------
    values : (rows, cols) array
        Signal, background taken off.
    mpp : float
        µm per pixel.
    edges : list of LuminalEdge
        Of one region.
    settings : StainingSettings
    noise : float
        Standard deviation of `values` from pixel to pixel.

    Returns
    -------
    list of ApicalLine
        In the order of the edges. Where no line stands out of the cytoplasm's own variation it is seen nowhere; hidden
        if that variation is more than noise.
    """
    if not edges:
        return []
    profiles = [_across(values, mpp, edge, settings) for edge in edges]
    spread = 1.4826 * float(np.median(np.abs(np.concatenate([profile.rest for profile in profiles]))))
    level = _half_way_level(np.concatenate([profile.height for profile in profiles]))
    stands_out = level > _MIN_HEIGHT * spread
    is_hidden = not stands_out and spread > noise
    lines = []
    for edge, profile in zip(edges, profiles, strict=True):
        is_seen = (profile.height > level / 2) & stands_out
        is_seen = _without_specks(is_seen, is_closed=_is_ring(edge))
        lines.append(ApicalLine(edge, profile.peak, profile.height, profile.integral_um, is_seen, is_hidden))
    return lines


def find_gaps_of(line: ApicalLine) -> list[Gap]:
    """List the gaps of one stretch of edge, in order."""
    is_gap = ~line.is_seen
    starts, ends = _runs(is_gap)
    n = len(is_gap)
    is_ring = _is_ring(line.edge)
    found = [(int(first), int(last)) for first, last in zip(starts, ends, strict=True)]
    if is_ring and len(found) > 1 and found[0][0] == 0 and found[-1][1] == n - 1:
        found = [(found[-1][0], found[0][1]), *found[1:-1]]
    gaps = []
    for first, last in found:
        count = last - first + 1 if last >= first else n - first + last
        is_cut = not is_ring and (first == 0 or last == n - 1)
        gaps.append(Gap(first, last, count * STEP_UM, is_cut))
    return gaps


@dataclass(frozen=True, eq=False)
class _Profile:
    """Across each point of an edge: the peak, its height and integral over the cytoplasm, and that one's variation."""

    peak: Floats
    height: Floats
    integral_um: Floats
    rest: Floats


def _across(values: NDArray[np.float32], mpp: float, edge: LuminalEdge, settings: StainingSettings) -> _Profile:
    begin = 0.0 if edge.offset_um else -settings.lumen_side_um
    end = edge.offset_um + settings.apical_um
    deeper = end - begin + _BENEATH_UM
    steps = np.arange(begin + _ACROSS_UM / 2, end, _ACROSS_UM)
    peaks, means = [], []
    for shift in (0.0, deeper):
        places = edge.points_um[:, None, :] + (steps + shift)[None, :, None] * edge.inward[:, None, :]
        read = sample(values, places, mpp)
        means.append(read.mean(axis=1))
        read = uniform_filter1d(read, round(_LINE_WIDTH_UM / _ACROSS_UM), axis=1, mode="nearest")
        peaks.append(gaussian_filter1d(read, _ALONG_UM / STEP_UM, axis=0, mode="nearest").max(axis=1))
    window = min(2 * round(_BESIDE_UM / STEP_UM) + 1, 2 * len(peaks[0]) - 1)
    beneath, usual = (median_filter(below, size=window, mode="reflect") for below in (peaks[1], means[1]))
    integral = means[0] * (end - begin) - usual * settings.apical_um
    return _Profile(peaks[0], peaks[0] - beneath, integral, peaks[1] - beneath)


def _is_ring(edge: LuminalEdge) -> bool:
    return bool(np.allclose(edge.points_um[0], edge.points_um[-1]))


def _half_way_level(height: Floats) -> float:
    """Median of the heights above half of that median: the level of a line, however much of it is missing."""
    level = float(np.percentile(height, 95.0))
    for _ in range(_ROUNDS):
        above = height[height > level / 2]
        if level <= 0 or not len(above):
            return 0.0
        following = float(np.median(above))
        if following == level:
            break
        level = following
    return level


def _without_specks(is_seen: Flags, *, is_closed: bool) -> Flags:
    """Close gaps shorter than 1 µm, then drop pieces of line shorter than that."""
    shortest = round(_MIN_RUN_UM / STEP_UM)
    kept = is_seen.copy()
    for value in (False, True):
        starts, ends = _runs(kept == value)
        for first, last in zip(starts, ends, strict=True):
            at_end = not is_closed and (first == 0 or last == len(kept) - 1)
            if last - first + 1 < shortest and not at_end:
                kept[first : last + 1] = not value
    return kept


def _runs(flags: Flags) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last index of each run of True."""
    change = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return np.flatnonzero(change == 1), np.flatnonzero(change == -1) - 1
