"""Move nuclei apart: two do not lie in the same place, and none lies across a basement membrane."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from histo.phantom.cells import Cells
from histo.phantom.raster import Canvas
from histo.types import CellClass, Compartment

__all__ = ["move_apart"]

Floats = NDArray[np.float64]

_ROUNDS, _STEPS = 4, 5
# In one step a nucleus is moved no farther than this; within a round it meets no neighbour that was not listed.
_STEP_UM = 0.7
_FARTHEST_UM = _STEPS * _STEP_UM
# A lymphocyte in the epithelium has some room around its nucleus: its pale cytoplasm, and what it shrank by.
_HALO = 1.2
# How far each of eight feelers that meets another tissue moves it inwards.
_INWARD_UM = 0.2
_DIRECTIONS = np.stack([np.sin(np.arange(8) * np.pi / 4), np.cos(np.arange(8) * np.pi / 4)], axis=1)
# Villus core and crypt zone are one tissue, and so are the epithelia of both: no membrane parts them.
_TISSUE = np.arange(len(Compartment))
_TISSUE[Compartment.LAMINA_PROPRIA] = Compartment.VILLUS_LAMINA_PROPRIA
_TISSUE[Compartment.CRYPT] = Compartment.VILLUS_EPITHELIUM


def move_apart(cells: Cells, canvas: Canvas, labels: NDArray[np.uint8]) -> Cells:
    """Move overlapping nuclei apart until they touch, each within its compartment, so that none gets more or fewer.

    All pairs that overlap are moved apart by half of what is missing, again and again, as in the packing of Jodrey and
    Tory (1985. Phys Rev A 32: 2347); a nucleus across the border of its tissue moves inwards. Where there are too many
    for all to have room, some overlap is left.

    Parameters
    ----------
    cells : Cells
        All cells of a section, each in a compartment.
    canvas : Canvas
        Of the label map.
    labels : (rows, cols) array of uint8
        Compartments.

    Returns
    -------
    Cells
        The same, elsewhere.
    """
    if len(cells) < 2:
        return cells
    home = canvas.look_up(labels, cells.centre_um)
    tissue = _TISSUE[home]
    centre = cells.centre_um.copy()
    is_iel = (home == Compartment.VILLUS_EPITHELIUM) & (cells.cell_class == CellClass.LYMPHOCYTE)
    half_axes = 0.5 * cells.axes_um * np.where(is_iel, _HALO, 1.0)[:, None]
    reach = half_axes.min(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        pairs = _Pairs.within_reach(centre, half_axes, cells.angle)
        for _ in range(_STEPS):
            push = pairs.push(centre)
            for direction in _DIRECTIONS:
                felt = _TISSUE[canvas.look_up(labels, centre + reach * direction)]
                push[felt != tissue] -= _INWARD_UM * direction
            length = np.maximum(np.hypot(*push.T), 1e-9)
            moved = centre + push * np.minimum(1.0, _STEP_UM / length)[:, None]
            stays = canvas.look_up(labels, moved) == home
            centre[stays] = moved[stays]
    return replace(cells, centre_um=centre)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Nuclei that may meet."""

    one: NDArray[np.intp]
    other: NDArray[np.intp]
    half_axes: Floats
    along: Floats

    @classmethod
    def within_reach(cls, centre: Floats, half: Floats, angle: Floats) -> _Pairs:
        along = np.stack([np.sin(angle), np.cos(angle)], axis=1)
        found = cKDTree(centre).query_pairs(2 * half.max() + 2 * _FARTHEST_UM, output_type="ndarray")
        one, other = found.T
        away = np.hypot(*(centre[other] - centre[one]).T)
        meets = away < half.max(axis=1)[one] + half.max(axis=1)[other] + 2 * _FARTHEST_UM
        return cls(one[meets], other[meets], half, along)

    def push(self, centre: Floats) -> Floats:
        """Say how far each nucleus is to be moved for all pairs to touch."""
        away = centre[self.other] - centre[self.one]
        distance = np.hypot(*away.T)
        close = distance < 2 * self.half_axes.max()
        one, other = self.one[close], self.other[close]
        # Two in the very same place part along the length of the first.
        together = distance[close, None] < 1e-6
        direction = np.where(together, self.along[one], away[close] / np.maximum(distance[close, None], 1e-6))
        missing = self._radius(one, direction) + self._radius(other, direction) - distance[close]
        step = 0.5 * np.maximum(missing, 0.0)[:, None] * direction
        pushed = np.zeros_like(centre)
        np.add.at(pushed, other, step)
        np.subtract.at(pushed, one, step)
        return pushed

    def _radius(self, which: NDArray[np.intp], direction: Floats) -> Floats:
        """From the centre to the border of an ellipse in this direction."""
        cosine = np.clip(np.einsum("ij,ij->i", self.along[which], direction), -1.0, 1.0)
        length, width = self.half_axes[which].T
        return np.asarray(length * width / np.sqrt((width * cosine) ** 2 + length**2 * (1 - cosine**2)))
