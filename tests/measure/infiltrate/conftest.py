"""A wall of straight bands, so that areas and counts can be read off the page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from histo.types import Compartment, LabelMap

Edge = tuple[float, float, Compartment]


@dataclass(frozen=True)
class BandedWall:
    """Bands of tissue from top to bottom, 1 mm wide; rows in µm."""

    width_um: float = 1000.0
    height_um: float = 900.0
    bands: tuple[Edge, ...] = (
        (50.0, 150.0, Compartment.VILLUS_EPITHELIUM),
        (150.0, 350.0, Compartment.VILLUS_LAMINA_PROPRIA),
        (350.0, 450.0, Compartment.CRYPT),
        (450.0, 550.0, Compartment.LAMINA_PROPRIA),
        (550.0, 700.0, Compartment.SUBMUCOSA),
        (700.0, 800.0, Compartment.MUSCULARIS),
    )

    def labels(self, mpp: float, excluded: np.ndarray | None = None) -> LabelMap:
        array = np.zeros((round(self.height_um / mpp), round(self.width_um / mpp)), dtype=np.uint8)
        for top, bottom, compartment in self.bands:
            array[round(top / mpp) : round(bottom / mpp)] = compartment
        return LabelMap(array, mpp=mpp, excluded=excluded)

    def area_mm2(self, compartment: Compartment) -> float:
        top, bottom = self.rows(compartment)
        return (bottom - top) * self.width_um / 1e6

    def rows(self, compartment: Compartment) -> tuple[float, float]:
        return next((top, bottom) for top, bottom, band in self.bands if band is compartment)

    def strew(self, rng: np.random.Generator, n: int, compartment: Compartment, cell_class: str) -> pd.DataFrame:
        """Strew cells over a band, not nearer than 1 µm to its edges; places in µm from the corner."""
        top, bottom = self.rows(compartment)
        return pd.DataFrame(
            {
                "row_um": rng.uniform(top + 1, bottom - 1, n),
                "col_um": rng.uniform(1, self.width_um - 1, n),
                "cell_class": [cell_class] * n,
            }
        )


def in_pixels(cells: pd.DataFrame, mpp: float) -> pd.DataFrame:
    """Turn places in µm into level-0 pixels."""
    return cells.assign(row=cells["row_um"] / mpp - 0.5, col=cells["col_um"] / mpp - 0.5)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def wall() -> BandedWall:
    return BandedWall()
