"""A wavy band of epithelium between lumen and stroma, drawn from formulas, stained with known strengths and gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from histo import Compartment, LabelMap

Floats = NDArray[np.float64]
FINE_UM = 0.25


def _averaged(image: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    size = (image.shape[1] // step, image.shape[0] // step)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


@cache
def _edge(wave_um: float) -> tuple[Floats, Floats]:
    """Points of the luminal edge in the band's own frame, and their arc length from the middle."""
    across = np.arange(-300.0, 300.0, 0.1)
    points = np.stack([wave_um * np.sin(2 * np.pi * across / 80.0), across], axis=1)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    return points, arc - np.interp(0.0, across, arc)


@cache
def _depth_and_place(size_um: tuple[float, float], wave_um: float, turn_deg: float) -> tuple[Floats, Floats]:
    rows, cols = (np.arange(FINE_UM / 2, size, FINE_UM) - size / 2 for size in size_um)
    down, right = np.meshgrid(rows, cols, indexing="ij")
    turn = np.deg2rad(turn_deg)
    frame = np.stack([np.cos(turn) * down - np.sin(turn) * right, np.sin(turn) * down + np.cos(turn) * right], -1)
    points, arc = _edge(wave_um)
    away, nearest = cKDTree(points).query(frame)
    below = frame[..., 0] > wave_um * np.sin(2 * np.pi * frame[..., 1] / 80.0)
    return np.where(below, away, -away), arc[nearest]


@dataclass(frozen=True)
class Band:
    """Strengths over a background of 100; the luminal edge is a sine, turned by `turn_deg` about the middle.

    The line is `line_um` deep, absent at the `gaps` (begin and length in µm along the edge); lateral membranes 1 µm
    wide stand every `cell_um`.
    """

    line: float = 400.0
    line_um: float = 1.5
    cytoplasm: float = 20.0
    membrane: float = 0.0
    cell_um: float = 8.0
    gaps: tuple[tuple[float, float], ...] = ()
    size_um: tuple[float, float] = (90.0, 240.0)
    thickness_um: float = 24.0
    wave_um: float = 10.0
    turn_deg: float = 0.0
    blur_um: float = 0.6
    noise: float = 3.0
    light_slope: float = 0.0
    seed: int = 0

    @property
    def fine(self) -> tuple[Floats, Floats]:
        """Depth below the luminal edge and place along it of every fine pixel, µm."""
        return _depth_and_place(self.size_um, self.wave_um, self.turn_deg)

    @cached_property
    def signal(self) -> Floats:
        """Signal of every fine pixel without blur, background or noise."""
        depth, place = self.fine
        inside = (depth >= 0) & (depth < self.thickness_um)
        present = np.ones(depth.shape, dtype=bool)
        for begin, length in self.gaps:
            present &= ~((place >= begin) & (place < begin + length))
        drawn = self.cytoplasm * inside
        lateral = np.abs((place + self.cell_um / 2) % self.cell_um - self.cell_um / 2) < 0.5
        drawn = drawn + (self.membrane - self.cytoplasm) * (inside & lateral) * (self.membrane > 0)
        return np.where(inside & present & (depth < self.line_um), self.line, drawn)

    def labels(self, mpp: float) -> LabelMap:
        depth, _ = self.fine
        drawn = np.full(depth.shape, Compartment.BACKGROUND, dtype=np.uint8)
        drawn[depth >= 0] = Compartment.VILLUS_EPITHELIUM
        drawn[depth >= self.thickness_um] = Compartment.VILLUS_LAMINA_PROPRIA
        step = round(mpp / FINE_UM)
        shares = [_averaged((drawn == code).astype(np.float32), step) for code in range(max(Compartment) + 1)]
        return LabelMap(np.argmax(shares, axis=0).astype(np.uint8), mpp=mpp)

    def image(self, mpp: float) -> NDArray[np.uint16]:
        soft = cv2.GaussianBlur(self.signal.astype(np.float32), (0, 0), self.blur_um / FINE_UM)
        cols = np.linspace(-0.5, 0.5, soft.shape[1], dtype=np.float32)
        soft = soft * (1 + self.light_slope * cols)
        seen = _averaged(soft, round(mpp / FINE_UM))
        noise = np.random.default_rng(self.seed).normal(100.0, self.noise, seen.shape)
        return np.clip(np.rint(seen + noise), 0, 65534).astype(np.uint16)

    def apical_fraction(self, apical_um: float) -> float:
        depth, _ = self.fine
        inside = (depth >= 0) & (depth < self.thickness_um)
        return float(self.signal[inside & (depth < apical_um)].sum() / self.signal[inside].sum())

    def continuity(self) -> float:
        """Share of the edge within the picture on which the line is drawn."""
        points, arc = _edge(self.wave_um)
        turn = np.deg2rad(self.turn_deg)
        row = np.cos(turn) * points[:, 0] + np.sin(turn) * points[:, 1]
        col = -np.sin(turn) * points[:, 0] + np.cos(turn) * points[:, 1]
        seen = (np.abs(row) < self.size_um[0] / 2) & (np.abs(col) < self.size_um[1] / 2)
        present = np.ones(len(arc), dtype=bool)
        for begin, length in self.gaps:
            present &= ~((arc >= begin) & (arc < begin + length))
        # The points are even across, not along.
        step = np.gradient(arc)
        return float(step[seen & present].sum() / step[seen].sum())


@pytest.fixture(scope="session")
def band() -> Callable[..., Band]:
    return Band
