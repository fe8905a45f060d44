"""Tessellations drawn from formulas: straight or wavy borders whose lengths, gaps and cells are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree

from histo.junction_maps import JunctionMaps

Floats = NDArray[np.float64]
LINE_UM = 0.25


@dataclass(frozen=True, eq=False)
class Net:
    """Curves in µm around the middle of a field; `stained` says where each is."""

    curves: list[Floats]
    stained: list[NDArray[np.bool_]]
    side_um: float

    def turned(self, degrees: float) -> Net:
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        return Net([curve @ np.array([[cos, sin], [-sin, cos]]) for curve in self.curves], self.stained, self.side_um)

    def maps(self, mpp: float) -> JunctionMaps:
        """Draw lines that are exact between pixels."""
        n = round(self.side_um / mpp)
        axis = (np.arange(n) + 0.5) * mpp - self.side_um / 2
        places = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        distance, nearest = cKDTree(np.concatenate(self.curves)).query(places)
        line = np.exp(-0.5 * (distance / LINE_UM) ** 2).reshape(n, n)
        return JunctionMaps(line, np.concatenate(self.stained)[nearest].reshape(n, n), mpp)

    def lengths_um(self, *, within: bool = True) -> tuple[float, float]:
        """Length in the field, and how much of it is gap."""
        whole = gap = 0.0
        for curve, stained in zip(self.curves, self.stained, strict=True):
            steps = np.hypot(*np.diff(curve, axis=0).T)
            inside = (np.abs(curve[1:] + curve[:-1]) <= self.side_um).all(axis=1)
            whole += float(steps[inside].sum())
            gap += float(steps[inside & ~stained[1:]].sum())
        return whole, gap


@pytest.fixture(scope="session")
def draw_net() -> Callable[..., Net]:
    """A function that draws a Voronoi tessellation with wavy borders, each with a gap in it."""

    def draw(
        *, side_um: float = 30.0, cell_um: float = 8.0, wave_um: float = 0.0, gap: float = 0.0, seed: int = 1
    ) -> Net:
        rng = np.random.default_rng(seed)
        n = round(1.8 * side_um / cell_um)
        grid = np.stack(np.meshgrid(np.arange(n), np.arange(n), indexing="ij"), axis=-1).reshape(-1, 2) * cell_um
        grid = grid - grid.mean(axis=0) + rng.normal(0, 0.2 * cell_um, grid.shape)
        diagram = Voronoi(grid)
        curves, stained = [], []
        for one, other in diagram.ridge_vertices:
            if one < 0 or other < 0:
                continue
            start, end = diagram.vertices[one], diagram.vertices[other]
            length = float(np.hypot(*(end - start)))
            if length > 5 * cell_um:
                continue
            along = np.linspace(0, 1, max(int(length / 0.02), 5))
            side = np.array([-(end - start)[1], (end - start)[0]]) / max(length, 1e-9)
            height = wave_um * min(1.0, length / cell_um) * np.sin(2 * np.pi * along)
            curves.append(start + along[:, None] * (end - start) + height[:, None] * side)
            first = rng.uniform(0.2, 0.8 - gap) if gap else 2.0
            stained.append(~((along > first) & (along < first + gap)))
        return Net(curves, stained, side_um)

    return draw
