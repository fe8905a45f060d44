"""Mucosa drawn from formulas, so that every length is known before it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from histo import Compartment, LabelMap

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawing:
    """A strip (radius 0) or a ring whose wall, villi and crypts are given in µm."""

    radius_um: float = 0.0
    length_um: float = 1500.0
    muscularis_um: float = 40.0
    submucosa_um: float = 60.0
    crypt_zone_um: float = 120.0
    crypt_depth_um: float = 100.0
    crypt_width_um: float = 34.0
    villus_height_um: float = 350.0
    villus_width_um: float = 90.0
    spacing_um: float = 150.0
    epithelium_um: float = 20.0
    bend_per_um: float = 0.0
    turn_deg: float = 0.0

    def labels(self, mpp: float) -> LabelMap:
        """Draw it with pixels of `mpp`, each the compartment at its centre."""
        return LabelMap(self._draw(mpp), mpp=mpp)

    @property
    def n_villi(self) -> int:
        return int(self._wall_um // self.spacing_um)

    @property
    def _wall_um(self) -> float:
        return 2 * np.pi * self.radius_um if self.radius_um else self.length_um

    def _draw(self, mpp: float) -> NDArray[np.uint8]:
        low, high = self._window
        shape = np.ceil((high - low) / mpp).astype(int)
        middle = 0.5 * (low + high)
        row, col = np.meshgrid(
            *(middle[axis] + (np.arange(n) + 0.5 - n / 2) * mpp for axis, n in enumerate(shape)), indexing="ij"
        )
        turn = np.deg2rad(self.turn_deg)
        x = np.cos(turn) * col + np.sin(turn) * row
        y = -np.sin(turn) * col + np.cos(turn) * row
        across, along = self._wall_frame(x, y)
        drawn = np.zeros(shape, dtype=np.uint8)
        inside = (along >= 0) & (along <= self._wall_um)
        edges = [
            (-self.submucosa_um - self.muscularis_um, -self.submucosa_um, Compartment.MUSCULARIS),
            (-self.submucosa_um, 0.0, Compartment.SUBMUCOSA),
            (0.0, self.crypt_zone_um, Compartment.LAMINA_PROPRIA),
        ]
        for low, high, compartment in edges:
            drawn[inside & (across >= low) & (across < high)] = compartment
        points = np.stack([x, y], axis=-1)
        self._add_villi(drawn, points, across >= self.crypt_zone_um)
        self._add_crypts(drawn, points, (across < self.crypt_zone_um) & (drawn == Compartment.LAMINA_PROPRIA))
        return drawn

    @property
    def _window(self) -> tuple[Floats, Floats]:
        """Least and greatest row and column of what is drawn, with 30 µm of glass around it."""
        if self.radius_um:
            side = self.radius_um + self.submucosa_um + self.muscularis_um + 30.0
            return np.array([-side, -side]), np.array([side, side])
        lean = (1 - np.cos(self.bend_per_um * self.villus_height_um)) / self.bend_per_um if self.bend_per_um else 0.0
        x = self.length_um / 2 + 30.0 + max(0.0, lean + self.villus_width_um / 2 - self.spacing_um / 2)
        bottom = -300.0 - self.submucosa_um - self.muscularis_um - 30.0
        top = -300.0 + self.crypt_zone_um + self.villus_height_um + 30.0
        turn = np.deg2rad(self.turn_deg)
        corners = np.array(
            [
                (np.sin(turn) * a + np.cos(turn) * b, np.cos(turn) * a - np.sin(turn) * b)
                for a in (-x, x)
                for b in (bottom, top)
            ]
        )
        return corners.min(axis=0), corners.max(axis=0)

    def _wall_frame(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Height above the mucosa-submucosa border, and position along it."""
        if self.radius_um:
            return self.radius_um - np.hypot(x, y), np.mod(np.arctan2(y, x), 2 * np.pi) * self.radius_um
        return y + 300.0, x + self.length_um / 2

    def _foot(self, position: float) -> tuple[Floats, Floats]:
        """Point of the junction at a position, and the way to the lumen."""
        if self.radius_um:
            angle = position / self.radius_um
            way = -np.array([np.cos(angle), np.sin(angle)])
            return -way * (self.radius_um - self.crypt_zone_um), way
        return np.array([position - self.length_um / 2, -300.0 + self.crypt_zone_um]), np.array([0.0, 1.0])

    def _add_villi(self, drawn: NDArray[np.uint8], points: Floats, above: NDArray[np.bool_]) -> None:
        half = self.villus_width_um / 2
        for i in range(self.n_villi):
            foot, way = self._foot((i + 0.5) * self.spacing_um)
            spine = _bent(foot, way, self.villus_height_um - half, self.bend_per_um)
            spine = np.concatenate([foot - way * np.arange(20.0, 0.0, -1.0)[:, None], spine])
            _paint(drawn, points, spine, half, above, Compartment.VILLUS_EPITHELIUM)
            _paint(drawn, points, spine, half - self.epithelium_um, above, Compartment.VILLUS_LAMINA_PROPRIA)

    def _add_crypts(self, drawn: NDArray[np.uint8], points: Floats, below: NDArray[np.bool_]) -> None:
        half = self.crypt_width_um / 2
        for i in range(1, self.n_villi):
            foot, way = self._foot(i * self.spacing_um)
            depth = np.linspace(-20.0, self.crypt_depth_um - half, 150)
            _paint(drawn, points, foot - way * depth[:, None], half, below, Compartment.CRYPT)


def _bent(foot: Floats, way: Floats, length: float, bend: float) -> Floats:
    along = np.linspace(0.0, length, int(length) + 1)
    if bend == 0:
        return foot + way * along[:, None]
    side = np.array([-way[1], way[0]])
    forward, sideways = np.sin(bend * along) / bend, (1 - np.cos(bend * along)) / bend
    return foot + forward[:, None] * way + sideways[:, None] * side


def _paint(
    drawn: NDArray[np.uint8],
    points: Floats,
    spine: Floats,
    half_width: float,
    allowed: NDArray[np.bool_],
    compartment: Compartment,
) -> None:
    low, high = spine.min(axis=0) - half_width, spine.max(axis=0) + half_width
    near = allowed & ((points >= low) & (points <= high)).all(axis=-1)
    distance, _ = cKDTree(spine).query(points[near])
    chosen = np.zeros(near.shape, dtype=bool)
    chosen[near] = distance <= half_width
    drawn[chosen] = compartment


@pytest.fixture(scope="session")
def draw() -> Callable[..., Drawing]:
    """Make a drawing that differs from the standard one in the given measures."""

    def make(**measures: float) -> Drawing:
        return replace(Drawing(), **measures)

    return make
