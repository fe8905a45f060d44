"""Which pixels of a picture are epithelium that can be measured, and how much of each lies in the apical band."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from histo.measure.raster import distance_to
from histo.measure.staining.axis import CryptVillusAxis
from histo.measure.staining.edge import Borders, LuminalEdge
from histo.measure.staining.settings import StainingSettings
from histo.types import Compartment, LabelMap

__all__ = ["EpitheliumPixels", "PictureGrid", "find_epithelium"]

Floats = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

REGIONS = (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT)
# Where two layers of epithelium touch, the way from the lumen to the stroma is longer than through one.
_MAX_THICKNESS = 1.6
_CRYPT_REACH = 0.6
_CRYPT_REACH_UM = 2.0


@dataclass(frozen=True)
class PictureGrid:
    """Pixels of a picture over those of its label map; both begin at the same outer corner.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the picture.
    mpp : float
        µm per pixel of the picture.
    """

    shape: tuple[int, int]
    mpp: float

    def spread(self, image: Image, mpp: float) -> Image:
        """Read an image of another pixel size at the pixels of the picture, linearly; the border's value goes on."""
        scale = self.mpp / mpp
        shift = 0.5 * scale - 0.5
        matrix = np.array([[scale, 0.0, shift], [0.0, scale, shift]])
        rows, cols = self.shape
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        spread = cv2.warpAffine(image, matrix, (cols, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(spread, dtype=np.float32)

    def points_um(self, at: NDArray[np.intp]) -> Floats:
        """Centres of pixels by their flat index, µm from the outer corner."""
        places = np.stack(np.unravel_index(at, self.shape), axis=1).astype(np.float64)
        return (places + 0.5) * self.mpp


@dataclass(frozen=True, eq=False)
class EpitheliumPixels:
    """Pixels of measured epithelium, and of the lumen beside it as far as it counts as apical.

    Parameters
    ----------
    index : (n,) array of int
        Flat index into the picture.
    region : (n,) uint8 array
        VILLUS_EPITHELIUM or CRYPT.
    inside : (n,) float32 array
        How much of the pixel is epithelium: 1, or 0 on the side of the lumen.
    weight : (n,) float32 array
        How much of the pixel's signal counts, 0 to 1.
    apical : (n,) float32 array
        How much of it is in the apical band, 0 to 1; never more than `weight`.
    axis : (n,) array
        Position on the crypt-villus axis, or not a number.
    area_px : dict of Compartment to int
        Pixels of all epithelium of a region, measured or not.
    """

    index: NDArray[np.intp]
    region: NDArray[np.uint8]
    inside: Image
    weight: Image
    apical: Image
    axis: Floats
    area_px: dict[Compartment, int]


def find_epithelium(
    labels: LabelMap, borders: Borders, axis: CryptVillusAxis, grid: PictureGrid, settings: StainingSettings
) -> EpitheliumPixels:
    """Find the epithelium whose luminal edge is seen, and its apical band.

    Parameters
    ----------
    labels : LabelMap
    borders : Borders
        Of the label map.
    axis : CryptVillusAxis
    grid : PictureGrid
        Of the picture.
    settings : StainingSettings

    Returns
    -------
    EpitheliumPixels
        Without epithelium where the way from lumen to stroma is more than 1.6 times as long as the median at the edge
        (fused villi, sheets cut along themselves), and without crypts that have neither centreline nor labelled lumen.
    """
    villus, crypt, lumen = (grid.spread(share, labels.mpp) for share in (borders.villus, borders.crypt, borders.lumen))
    is_epithelium = villus + crypt > 0.5
    is_crypt = is_epithelium & (crypt > villus)
    is_lumen = lumen > 0.5
    masks = {Compartment.VILLUS_EPITHELIUM: is_epithelium & ~is_crypt, Compartment.CRYPT: is_crypt}
    to_lumen = (distance_to(is_lumen) - 0.5) * np.float32(grid.mpp)
    through = to_lumen + (distance_to(~is_epithelium & ~is_lumen) - 0.5) * np.float32(grid.mpp)
    parts = []
    for region, mask in masks.items():
        edges = [edge for edge in borders.edges if edge.region == region and edge.offset_um == 0]
        if edges:
            parts.append(_beside_lumen(edges, mask, to_lumen, through, grid, settings))
    if borders.crypt_axes:
        parts.append(_beside_axes(borders, masks[Compartment.CRYPT], grid, settings))
    strip = [edge for edge in borders.edges if edge.offset_um == 0]
    if strip:
        parts.append(_lumen_side(strip, is_lumen, distance_to(is_epithelium) * grid.mpp, grid, settings))
    area_px = {region: int(np.count_nonzero(mask)) for region, mask in masks.items()}
    return _joined(parts, axis, grid, area_px)


@dataclass(frozen=True, eq=False)
class _Part:
    index: NDArray[np.intp]
    region: NDArray[np.uint8]
    inside: float
    weight: Floats
    apical: Floats


def _beside_lumen(
    edges: list[LuminalEdge], mask: Mask, to_lumen: Image, through: Image, grid: PictureGrid, settings: StainingSettings
) -> _Part:
    """Epithelium between a lumen that is labelled and stroma."""
    at_edge = mask & (to_lumen <= settings.apical_um + grid.mpp)
    usual = float(np.median(through[at_edge])) if at_edge.any() else 0.0
    at = np.flatnonzero(mask & (through <= _MAX_THICKNESS * usual))
    depth = to_lumen.ravel()[at].astype(float)
    # The map of distances counts from pixel to pixel: near the edge, the curve itself says how far.
    near = depth <= settings.apical_um + 2.0 + 2 * grid.mpp
    depth[near] = _tree(edges).query(grid.points_um(at[near]))[0]
    region = np.full(len(at), edges[0].region, dtype=np.uint8)
    return _Part(at, region, 1.0, np.ones(len(at)), _within(settings.apical_um - depth, grid.mpp))


def _beside_axes(borders: Borders, mask: Mask, grid: PictureGrid, settings: StainingSettings) -> _Part:
    """Epithelium around the centreline of a crypt, on which the lumen lies."""
    at = np.flatnonzero(mask)
    points = grid.points_um(at)
    axes = borders.crypt_axes
    owner = np.concatenate([np.full(len(axis.points_um), index) for index, axis in enumerate(axes)])
    away, nearest = cKDTree(np.concatenate([axis.points_um for axis in axes])).query(points)
    reach = np.array([_CRYPT_REACH * axis.width_um + _CRYPT_REACH_UM for axis in axes])
    own = away <= reach[owner[nearest]]
    at, points = at[own], points[own]
    depth = cKDTree(np.concatenate([axis.lumen_um for axis in axes])).query(points)[0] - settings.crypt_lumen_um / 2
    region = np.full(len(at), Compartment.CRYPT, dtype=np.uint8)
    return _Part(at, region, 1.0, np.ones(len(at)), _within(settings.apical_um - depth, grid.mpp))


def _lumen_side(
    edges: list[LuminalEdge], is_lumen: Mask, to_epithelium: Image, grid: PictureGrid, settings: StainingSettings
) -> _Part:
    """Lumen so close to the epithelium that its signal is the apical line's, which the label map missed by a little."""
    at = np.flatnonzero(is_lumen & (to_epithelium <= settings.lumen_side_um + 2 * grid.mpp))
    away, nearest = _tree(edges).query(grid.points_um(at))
    lengths = [2 * len(edge.points_um) - 1 for edge in edges]
    codes = np.repeat(np.array([edge.region for edge in edges], dtype=np.uint8), lengths)
    weight = _within(settings.lumen_side_um - away, grid.mpp)
    return _Part(at, codes[nearest], 0.0, weight, weight)


def _tree(edges: list[LuminalEdge]) -> cKDTree:
    """Points of the edges and the middles between them, so that the nearest is never 0.13 µm off along the curve."""
    lines = [edge.points_um for edge in edges]
    return cKDTree(np.concatenate([part for line in lines for part in (line, (line[1:] + line[:-1]) / 2)]))


def _within(left_um: Floats, mpp: float) -> Floats:
    """Share of a pixel on the near side of a limit that is so many µm away."""
    return np.clip(left_um / mpp + 0.5, 0.0, 1.0)


def _joined(
    parts: list[_Part], axis: CryptVillusAxis, grid: PictureGrid, area_px: dict[Compartment, int]
) -> EpitheliumPixels:
    if not parts:
        nothing, none = np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.intp)
        return EpitheliumPixels(none, none.astype(np.uint8), nothing, nothing, nothing, np.zeros(0), area_px)
    at = np.concatenate([part.index for part in parts])
    at, first = np.unique(at, return_index=True)
    region = np.concatenate([part.region for part in parts])[first]
    inside = np.concatenate([np.full(len(part.index), part.inside) for part in parts])[first]
    weight = np.concatenate([part.weight for part in parts])[first]
    apical = np.concatenate([part.apical for part in parts])[first]
    place = np.full(len(at), np.nan)
    for code in REGIONS:
        own = region == code
        place[own] = axis.positions(grid.points_um(at[own]), code)
    return EpitheliumPixels(
        at, region, inside.astype(np.float32), weight.astype(np.float32), apical.astype(np.float32), place, area_px
    )
