"""Which pieces of lamina propria are the cores of one villus, and which of several.

Cut into slices of equal way from the villus-crypt junction, the cores form a tree for each villus. Followed from the
tips down, branches that meet near the junction are villi that share a foot; those that meet high up are one villus
that forks. Pieces that stand on each other are one villus again: the core was missed between them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

__all__ = ["core_branches", "join_stacked"]

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int32]
Heights = NDArray[np.float32]

_SLICE_UM = 12.0
_FOOT_UM = 25.0
_MIN_BRANCH_UM = 60.0
_MIN_BRANCH_UM2 = 600.0
_FORK_LEVEL = 0.4
_FORK_SHARE = 0.3
_MAX_BESIDE_UM = 60.0
_MIN_CONTACT = 0.5


def core_branches(core: Mask, height_um: Heights, pixel_um: float) -> tuple[Numbers, Mask]:
    """Give each core the number of its villus; what lies below the meeting of two villi stays 0.

    Parameters
    ----------
    core : (rows, cols) array of bool
    height_um : (rows, cols) float32 array
        Way from the junction, negative where none leads.
    pixel_um : float

    Returns
    -------
    numbers : (rows, cols) int32 array
    is_forked : (rows, cols) array of bool
        Cores with a large side branch far above the foot.
    """
    level = np.where(core & (height_um >= 0), (height_um / _SLICE_UM).astype(np.int32) + 1, 0)
    slices = np.asarray(label(level, background=0, connectivity=2), dtype=np.int32)  # type: ignore[no-untyped-call]
    n = int(slices.max()) + 1
    level_of = np.zeros(n, dtype=np.int64)
    level_of[slices.ravel()] = level.ravel()
    area_um2 = np.asarray(np.bincount(slices.ravel(), minlength=n) * pixel_um**2, dtype=np.float64)
    owner, is_forked = _Branches(level_of, area_um2).owners(_neighbours_above(slices, level_of))
    return owner[slices], is_forked[slices]


class _Branches:
    """Branches while they are followed down: each a list of slices, its top level and its area."""

    def __init__(self, level_of: NDArray[np.int64], area_um2: NDArray[np.float64]) -> None:
        self._level_of, self._area_um2 = level_of, area_um2
        self._slices: list[list[int]] = []
        self._top: list[int] = []
        self._area: list[float] = []
        self._is_forked: list[bool] = []

    def owners(self, above: dict[int, list[int]]) -> tuple[Numbers, Mask]:
        """Say which villus each slice is of, and whether that one forks."""
        branch_of = np.full(len(self._level_of), -1, dtype=np.int64)
        follows: list[int] = []

        def current(branch: int) -> int:
            while follows[branch] != branch:
                branch = follows[branch]
            return branch

        for node in np.argsort(-self._level_of[1:], kind="stable") + 1:
            meeting = sorted({current(int(branch_of[upper])) for upper in above.get(int(node), [])})
            kept = self._meet(meeting, int(self._level_of[node]))
            if kept is None:
                kept = len(follows)
                follows.append(kept)
                self._slices.append([])
                self._top.append(int(self._level_of[node]) if not meeting else 0)
                self._area.append(0.0)
                self._is_forked.append(False)
            for branch in meeting:
                follows[branch] = kept
            branch_of[node] = kept
            self._slices[kept].append(int(node))
            self._area[kept] += float(self._area_um2[node])
        owner = np.zeros(len(self._level_of), dtype=np.int32)
        forked = np.zeros(len(self._level_of), dtype=bool)
        used = [branch for branch, top in enumerate(self._top) if top > 0 and self._slices[branch]]
        for number, branch in enumerate(used, start=1):
            owner[self._slices[branch]] = number
            forked[self._slices[branch]] = self._is_forked[branch]
        return owner, forked

    def _meet(self, meeting: list[int], level: int) -> int | None:
        """Say which branch goes on below; none where a new one begins: a tip, or the common foot of several villi."""
        if not meeting:
            return None
        if any(self._top[branch] == 0 for branch in meeting):
            for branch in meeting:
                self._top[branch] *= self._is_villus(branch, level)
            return None
        tallest = max(meeting, key=lambda branch: (self._top[branch], self._area[branch]))
        own = [branch for branch in meeting if branch == tallest or self._is_villus(branch, level)]
        if len(own) > 1:
            for branch in set(meeting) - set(own):
                self._absorb(tallest, branch)
            return None
        for branch in set(meeting) - {tallest}:
            self._is_forked[tallest] |= self._is_fork(tallest, branch, level)
            self._absorb(tallest, branch)
        return tallest

    def _is_villus(self, branch: int, level: int) -> bool:
        top = self._top[branch]
        if level * _SLICE_UM <= _FOOT_UM:
            return top > level
        is_long = (top - level) * _SLICE_UM >= _MIN_BRANCH_UM and self._area[branch] >= _MIN_BRANCH_UM2
        return is_long and level <= _FORK_LEVEL * top

    def _is_fork(self, tallest: int, branch: int, level: int) -> bool:
        is_long = (self._top[branch] - level) * _SLICE_UM >= _MIN_BRANCH_UM
        return is_long and self._area[branch] >= _FORK_SHARE * self._area[tallest]

    def _absorb(self, tallest: int, branch: int) -> None:
        self._slices[tallest] += self._slices[branch]
        self._area[tallest] += self._area[branch]
        self._slices[branch] = []
        self._is_forked[tallest] |= self._is_forked[branch] and self._area[branch] > 0.5 * self._area[tallest]


def _neighbours_above(slices: Numbers, level_of: NDArray[np.int64]) -> dict[int, list[int]]:
    """Slices of the next level that touch each slice."""
    above: dict[int, list[int]] = {}
    for low, high in _touching(slices, corners=True)[0]:
        lower, upper = (low, high) if level_of[low] < level_of[high] else (high, low)
        above.setdefault(int(lower), []).append(int(upper))
    return above


def join_stacked(numbers: Numbers, height_um: Heights, is_root: Mask, pixel_um: float) -> Numbers:
    """Join a villus that reaches the junction only through the top of another with that other.

    Two that lie beside each other stay two: there the lower one goes on past their contact.
    """
    n = int(numbers.max()) + 1
    rows, cols = np.nonzero(numbers)
    owner, height = numbers[rows, cols], height_um[rows, cols].astype(np.float64)
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, owner, height)
    np.maximum.at(high, owner, height)
    area = np.bincount(owner, minlength=n) * pixel_um**2
    width = area / np.maximum(high - low, pixel_um)
    has_root = np.bincount(numbers[is_root], minlength=n) > 0
    pairs, length, top = _touching(numbers, height_um)
    joins = np.arange(n)
    for piece in np.argsort(low, kind="stable"):
        if piece == 0 or has_root[piece] or not low[piece] > 0:
            continue
        mine = np.flatnonzero((pairs == piece).any(axis=1))
        below = [
            (float(length[k]), int(pairs[k].sum() - piece))
            for k in mine
            if high[pairs[k].sum() - piece] - top[k] < _MAX_BESIDE_UM and low[pairs[k].sum() - piece] < low[piece]
        ]
        if not below:
            continue
        contact, lower = max(below)
        if contact * pixel_um >= _MIN_CONTACT * min(width[piece], width[lower]):
            joins[piece] = joins[lower]
    return joins[numbers].astype(np.int32)


def _touching(
    numbers: Numbers, height_um: Heights | None = None, *, corners: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of numbers that touch, along how many pixels, and how high their contact reaches."""
    rows, cols = numbers.shape
    steps = ((0, 1), (1, 0), (1, 1), (1, -1)) if corners else ((0, 1), (1, 0))
    low, high, at = [], [], []
    for d_row, d_col in steps:
        here = np.s_[: rows - d_row, max(0, -d_col) : cols - max(0, d_col)]
        there = np.s_[d_row:, max(0, d_col) : cols - max(0, -d_col)]
        one, other = numbers[here], numbers[there]
        touches = (one > 0) & (other > 0) & (one != other)
        low.append(np.minimum(one[touches], other[touches]))
        high.append(np.maximum(one[touches], other[touches]))
        at.append(np.zeros(len(low[-1])) if height_um is None else height_um[here][touches])
    # One number a pair: sorted many times faster than rows of two.
    n = int(numbers.max()) + 1
    contacts = np.concatenate(low).astype(np.int64) * n + np.concatenate(high)
    found, which, count = np.unique(contacts, return_inverse=True, return_counts=True)
    top = np.full(len(found), -np.inf)
    np.maximum.at(top, which, np.concatenate(at).astype(np.float64))
    return np.stack([found // n, found % n], axis=-1), count, top
