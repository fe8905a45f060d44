"""Cells of a drawn section: what is known of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.phantom.raster import Canvas
from histo.types import CellClass, Compartment

__all__ = ["Cells", "cells_table", "join_cells", "keep_inside", "make_cells"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Nuclei of one section.

    Parameters
    ----------
    centre_um : (n, 2) array
        Centres, µm.
    axes_um : (n, 2) array
        Full length and width of each nucleus, µm.
    angle : (n,) array
        Direction of the length, radians, in (row, column): 0 runs along the columns.
    darkness : (n,) array
        Amount of haematoxylin, 1 on average.
    cell_class : (n,) str array
        Values of `CellClass`.
    lot : (n,) array
        Even between 0 and 1: what decides whether a cell is a goblet cell or positive for a marker. Each cell gets it
        when it is made, so that cells that a coarser map leaves out change nothing of the others.
    is_goblet, is_cd4, is_foxp3, is_il17 : (n,) bool array
        Goblet cells, and positive cells of the three markers.
    """

    centre_um: Floats
    axes_um: Floats
    angle: Floats
    darkness: Floats
    cell_class: NDArray[np.str_]
    lot: Floats
    is_goblet: NDArray[np.bool_]
    is_cd4: NDArray[np.bool_]
    is_foxp3: NDArray[np.bool_]
    is_il17: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cell_class)

    def where(self, chosen: NDArray[np.bool_]) -> Cells:
        """Keep the chosen cells."""
        return Cells(**{name: values[chosen] for name, values in self.__dict__.items()})

    def lobed(self) -> Cells:
        """Draw each granulocyte's nucleus as two lobes, which is what tells it from a lymphocyte's; others stay."""
        granulocyte = self.cell_class == CellClass.GRANULOCYTE
        if not granulocyte.any():
            return self
        whole, rest = self.where(granulocyte), self.where(~granulocyte)
        away = 0.27 * whole.axes_um[:, :1] * np.stack([np.sin(whole.angle), np.cos(whole.angle)], axis=1)
        axes = np.stack([0.78 * whole.axes_um[:, 1], 0.52 * whole.axes_um[:, 0]], axis=1)
        upright = whole.angle + np.pi / 2
        lobes = [
            replace(whole, centre_um=whole.centre_um + side * away, axes_um=axes, angle=upright) for side in (-1, 1)
        ]
        return join_cells([rest, *lobes])


def make_cells(
    centre_um: Floats, axes_um: Floats, angle: Floats, darkness: Floats, cell_class: CellClass, rng: np.random.Generator
) -> Cells:
    """Make cells of one class without markers."""
    n = len(centre_um)
    no = np.zeros(n, bool)
    named = np.full(n, cell_class.value)
    return Cells(centre_um, axes_um, angle, darkness, named, rng.random(n), no, no.copy(), no.copy(), no.copy())


def join_cells(parts: list[Cells]) -> Cells:
    """Put one after another; at least one part."""
    return Cells(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in parts[0].__dict__})


def keep_inside(
    cells: Cells, canvas: Canvas, labels: NDArray[np.uint8], compartments: tuple[Compartment, ...]
) -> Cells:
    """Keep the cells whose centre lies on the canvas, in one of these compartments."""
    at = canvas.to_pixels(cells.centre_um)
    inside = ((at >= -0.5) & (at < np.array(canvas.shape) - 0.5)).all(axis=1)
    return cells.where(inside & np.isin(canvas.look_up(labels, cells.centre_um), compartments))


def cells_table(cells: Cells, canvas: Canvas, labels: NDArray[np.uint8]) -> pd.DataFrame:
    """Write the truth of every cell: place, class, compartment, markers."""
    at = canvas.to_pixels(cells.centre_um)
    names = np.array([compartment.label for compartment in Compartment])
    return pd.DataFrame(
        {
            "row": at[:, 0],
            "col": at[:, 1],
            "area_um2": np.pi / 4 * cells.axes_um.prod(axis=1),
            "cell_class": cells.cell_class,
            "probability": np.ones(len(cells)),
            "compartment": names[canvas.look_up(labels, cells.centre_um).astype(int)],
            "is_goblet": cells.is_goblet,
            "cd4_is_positive": cells.is_cd4,
            "foxp3_is_positive": cells.is_foxp3,
            "il17_is_positive": cells.is_il17,
        }
    )
