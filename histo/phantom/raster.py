"""From curves and tubes to a label map, each pixel by where its centre lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.phantom.anatomy import Tube
from histo.phantom.curve import CurveField
from histo.phantom.spec import SectionSpec
from histo.phantom.wall import Wall
from histo.types import Compartment

__all__ = ["Canvas", "WallFields", "draw_labels", "fill"]

Floats = NDArray[np.float64]
Value = TypeVar("Value", bound=np.generic)
VALLEY_SHARE = 0.5
_FINER = 5  # odd, so that one fine pixel sits on each pixel's centre


@dataclass(frozen=True)
class Canvas:
    """Size of the drawing: rows and columns, µm per pixel."""

    shape: tuple[int, int]
    mpp: float

    def to_pixels(self, points_um: Floats) -> Floats:
        """Turn µm from the outer corner into pixels whose centres are whole numbers."""
        return np.asarray(points_um, dtype=float) / self.mpp - 0.5

    def to_fixed_point(self, points_um: Floats) -> NDArray[np.int32]:
        """Turn µm into OpenCV's (x, y) in sixteenths of a pixel, as its drawing functions take them with shift 4."""
        return np.asarray(np.rint(self.to_pixels(points_um)[:, ::-1] * 16), dtype=np.int32)

    def look_up(self, values: NDArray[Value], points_um: Floats) -> NDArray[Value]:
        """Read an image at points in µm; points outside read the nearest pixel."""
        at = np.rint(self.to_pixels(points_um)).astype(int)
        rows = np.clip(at[:, 0], 0, self.shape[0] - 1)
        cols = np.clip(at[:, 1], 0, self.shape[1] - 1)
        found: NDArray[Value] = values[rows, cols]
        return found


@dataclass(frozen=True, eq=False)
class WallFields:
    """Every pixel's place relative to the wall's two curves, and the layers there.

    Parameters
    ----------
    border, base : CurveField
        Relative to the mucosa-submucosa border, and to the base that submucosa and muscle are laid off.
    crypt_zone_um, submucosa_um, muscularis_um : (rows, cols) float32 array
        Thickness of the layers at the nearest place.
    """

    border: CurveField
    base: CurveField
    crypt_zone_um: NDArray[np.float32]
    submucosa_um: NDArray[np.float32]
    muscularis_um: NDArray[np.float32]

    @classmethod
    def of(cls, wall: Wall, border: CurveField, base: CurveField) -> WallFields:
        """Spread the wall's thicknesses over the pixels."""
        return cls(
            border=border,
            base=base,
            crypt_zone_um=border.spread(wall.border, wall.crypt_zone_um),
            submucosa_um=base.spread(wall.base, wall.submucosa_um),
            muscularis_um=base.spread(wall.base, wall.muscularis_um),
        )

    @property
    def above_um(self) -> NDArray[np.float32]:
        """Distance from the border, positive towards the lumen."""
        return self.border.distance_um

    @property
    def below_um(self) -> NDArray[np.float32]:
        """Distance from the base, positive away from the lumen."""
        return -self.base.distance_um


def draw_labels(
    spec: SectionSpec, canvas: Canvas, fields: WallFields, villi: list[Tube], crypts: list[Tube]
) -> NDArray[np.uint8]:
    """Draw wall, crypts and villi, in this order, later over earlier."""
    labels = np.zeros(canvas.shape, np.uint8)
    above, below = fields.above_um, fields.below_um
    mucosa = (above > 0) & (above <= fields.crypt_zone_um) & fields.border.is_beside
    under = (above <= 0) & fields.base.is_beside
    outer = fields.submucosa_um + fields.muscularis_um
    labels[under & (below <= fields.submucosa_um)] = Compartment.SUBMUCOSA
    labels[under & (below > fields.submucosa_um) & (below <= outer)] = Compartment.MUSCULARIS
    labels[under & (below > outer) & (below <= outer + spec.wall.serosa_um)] = Compartment.OTHER_TISSUE
    labels[mucosa] = Compartment.LAMINA_PROPRIA
    for crypt in crypts:
        window, inside = fill(crypt.outline, canvas)
        labels[window][inside & mucosa[window]] = Compartment.CRYPT
    # In a roll the wall nearest to a tip may be that of the next turn, seen from its outside.
    lumen = (labels == Compartment.BACKGROUND) & ((above > fields.crypt_zone_um) | (below > outer))
    labels[lumen & fields.border.is_beside & _is_valley(spec, fields, crypts)] = Compartment.VILLUS_EPITHELIUM
    for villus in villi:
        window, inside = fill(villus.outline, canvas)
        labels[window][inside & lumen[window]] = Compartment.VILLUS_EPITHELIUM
        window, inside = fill(villus.core, canvas)
        labels[window][inside & lumen[window]] = Compartment.VILLUS_LAMINA_PROPRIA
    return labels


def _is_valley(spec: SectionSpec, fields: WallFields, crypts: list[Tube]) -> NDArray[np.bool_]:
    """Find the epithelium that covers the junction between the feet of villi, open where a crypt has its mouth."""
    thickness = VALLEY_SHARE * spec.villi.epithelium_um
    near = (fields.above_um > fields.crypt_zone_um) & (fields.above_um <= fields.crypt_zone_um + thickness)
    mouths = np.sort([crypt.position_um for crypt in crypts if crypt.is_whole])
    if not len(mouths):
        return near
    places = fields.border.position_um[near]
    right = np.clip(np.searchsorted(mouths, places), 0, len(mouths) - 1)
    left = np.clip(right - 1, 0, len(mouths) - 1)
    distance = np.minimum(np.abs(mouths[right] - places), np.abs(mouths[left] - places))
    near[near] = distance > 0.5 * spec.crypts.width_um
    return near


def fill(outline_um: Floats, canvas: Canvas) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """Find the pixels whose centres lie inside a polygon.

    Parameters
    ----------
    outline_um : (n, 2) array
        Corners in µm.
    canvas : Canvas
        Where it is drawn.

    Returns
    -------
    window : (slice, slice)
        The polygon's bounding box on the canvas.
    inside : (rows, cols) bool array
        The pixels of that box that are inside.
    """
    if len(outline_um) < 3:
        return np.s_[0:0, 0:0], np.zeros((0, 0), bool)
    corners = canvas.to_pixels(outline_um)
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, canvas.shape)
    if (high <= low).any():
        return np.s_[0:0, 0:0], np.zeros((0, 0), bool)
    size = high - low
    fine = np.zeros(size * _FINER, np.uint8)
    # Fine pixel k has its centre at (k - 2) / 5 pixels from the window's first centre.
    scaled = (corners - low) * _FINER + _FINER // 2
    cv2.fillPoly(fine, [np.rint(scaled[:, ::-1] * 16).astype(np.int32)], 1, shift=4)
    centre = _FINER // 2
    window = np.s_[low[0] : high[0], low[1] : high[1]]
    return window, fine[centre::_FINER, centre::_FINER].astype(bool)
