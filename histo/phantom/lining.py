"""The cells of an epithelium: enterocytes in a row, and lymphocytes between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.phantom.cells import Cells, make_cells
from histo.phantom.raster import VALLEY_SHARE
from histo.phantom.spec import SectionSpec
from histo.phantom.wall import Wall
from histo.types import CellClass

__all__ = ["Row", "line_tube", "line_valley"]

Floats = NDArray[np.float64]

_SPACING_UM = 5.4
# Epithelial lymphocytes of the mouse jejunum are mostly 6.9 µm wide in plastic sections (Marsh 1975. Gut 16: 665), and
# nearly all nucleus; paraffin shrinks them by about a fifth.
_LYMPHOCYTE_UM, _LYMPHOCYTE_DARKNESS = 5.4, 1.25


@dataclass(frozen=True)
class Row:
    """One row of upright nuclei inside an outline, and the lymphocytes among them.

    Parameters
    ----------
    depth_um : float
        From the outline to the nuclei's centres.
    thickness_um : float
        Of the epithelium: at that depth lies the basement membrane.
    iel_per_100 : float
        Lymphocytes for 100 of these nuclei.
    spacing_um, jitter_um : float
        From nucleus to nucleus; standard deviation of their depth.
    """

    depth_um: float
    thickness_um: float
    iel_per_100: float = 0.0
    spacing_um: float = _SPACING_UM
    jitter_um: float = 1.6


def line_tube(outline: Floats, row: Row, rng: np.random.Generator) -> list[Cells]:
    """Line a villus or a crypt.

    Most intraepithelial lymphocytes of the small intestine lie along the basement membrane, between the enterocytes and
    below their nuclei, few of them near the lumen (H&E of mice: BMC Gastroenterol 2017; 17: 79, figure 2).

    Parameters
    ----------
    outline : (n, 2) array
        Corners, µm.
    row : Row
        What is put inside of it.
    rng : Generator
        Decides.

    Returns
    -------
    list of Cells
        Epithelial cells, and lymphocytes where there are any; nothing in an outline too small for it.
    """
    if len(outline) < 8:
        return []
    contour = _Contour.around(outline)
    places = contour.spaced(row.spacing_um, row.depth_um)
    n = len(places)
    places = places + rng.normal(0, 0.12 * row.spacing_um, n)
    points, inward = contour.at(places, row.depth_um + rng.normal(0, row.jitter_um, n))
    axes = np.stack([rng.normal(8.6, 0.9, n), rng.normal(4.5, 0.4, n)], axis=1)
    angle = np.arctan2(inward[:, 0], inward[:, 1]) + rng.normal(0, 0.15, n)
    lined = [make_cells(points, axes, angle, rng.normal(1.0, 0.12, n), CellClass.EPITHELIAL, rng)]
    following = np.append(places[1:], places[0] + contour.length_um)
    between = 0.5 * (places + following)[rng.random(n) < row.iel_per_100 / 100]
    basal = row.thickness_um * rng.normal(0.82, 0.1, len(between))
    deepest = row.thickness_um - 0.55 * _LYMPHOCYTE_UM
    points, _ = contour.at(between, np.clip(basal, 0.4 * row.thickness_um, deepest))
    return [*lined, _lymphocytes(points, rng)]


def line_valley(spec: SectionSpec, wall: Wall, rng: np.random.Generator) -> list[Cells]:
    """Put a row of upright nuclei along the junction; between the villi's feet it is covered by epithelium."""
    border = wall.border
    places = np.arange(0, border.length_um, _SPACING_UM)
    n = len(places)
    normals = border.at(places, border.normals)
    points = border.at(places, border.points)
    points = points + normals * (border.at(places, wall.crypt_zone_um) + _lift(spec))[:, None]
    axes = np.stack([rng.normal(7.5, 0.8, n), rng.normal(4.5, 0.4, n)], axis=1)
    angle = np.arctan2(normals[:, 0], normals[:, 1])
    nuclei = points + rng.normal(0, 1, (n, 2))
    lined = make_cells(nuclei, axes, angle, rng.normal(1.0, 0.12, n), CellClass.EPITHELIAL, rng)
    chosen = np.flatnonzero(rng.random(n) < spec.cells.iel_per_100 / 100)
    between = 0.5 * (points[chosen] + points[(chosen + 1) % n])
    return [lined, _lymphocytes(between, rng)]


def _lift(spec: SectionSpec) -> float:
    return 0.4 * VALLEY_SHARE * spec.villi.epithelium_um


def _lymphocytes(points: Floats, rng: np.random.Generator) -> Cells:
    n = len(points)
    axes = _LYMPHOCYTE_UM * rng.normal(1.0, 0.07, (n, 1)) * rng.normal(1.0, 0.04, (n, 2))
    darkness = rng.normal(_LYMPHOCYTE_DARKNESS, 0.1, n)
    return make_cells(points, axes, rng.uniform(0, np.pi, n), darkness, CellClass.LYMPHOCYTE, rng)


@dataclass(frozen=True, eq=False)
class _Contour:
    """A closed outline by its arc length."""

    ring: Floats
    arc: Floats
    side: float

    @classmethod
    def around(cls, outline: Floats) -> _Contour:
        ring = np.concatenate([outline, outline[:1]])
        arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
        area = 0.5 * np.sum(ring[:-1, 1] * ring[1:, 0] - ring[1:, 1] * ring[:-1, 0])
        return cls(ring, arc, float(np.sign(area)) or 1.0)

    @property
    def length_um(self) -> float:
        return float(self.arc[-1])

    def spaced(self, spacing_um: float, depth_um: float) -> Floats:
        """Places such that points so deep inside are evenly spaced: around a tip there is less room than outside."""
        fine = np.linspace(0.0, self.length_um, max(int(self.length_um), 8) + 1)
        inner, _ = self.at(fine, np.full(len(fine), depth_um))
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(inner, axis=0).T))])
        return np.interp(np.arange(0.0, along[-1] - 0.5 * spacing_um, spacing_um), along, fine)

    def at(self, places_um: Floats, depth_um: Floats) -> tuple[Floats, Floats]:
        """Points at these places, so deep inside, and the directions inward."""
        tangent = self._point(places_um + 6) - self._point(places_um - 6)
        tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
        inward = self.side * np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
        return self._point(places_um) + inward * depth_um[:, None], inward

    def _point(self, places_um: Floats) -> Floats:
        wrapped = places_um % self.length_um
        return np.stack([np.interp(wrapped, self.arc, self.ring[:, axis]) for axis in range(2)], axis=1)
