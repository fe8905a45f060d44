"""The label map as the measurements see it: shares of a few tissue kinds on a grid of about 2 µm.

A fine label map is averaged down to pixels of about 2 µm, each holding what share of it every kind of tissue covers, so
that a border keeps its sub-pixel position while the work stays small. Positions inside this room are µm from the
outer corner of the map: pixel ``i`` of any grid has its centre at ``(i + 0.5) * pixel_um``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from histo.measure.raster import averaged, components, grown
from histo.types import Compartment, LabelMap

__all__ = ["CRYPT_ZONE", "VILLUS", "WALL", "Kind", "Shares", "TissueGrid", "sample", "sample_each", "to_slide"]

Shares = NDArray[np.uint8]

_FINE_UM = 2.0
_COARSE_UM = 5.0
_BLUR_PIXELS = 0.7
# A thin lumen leaves its pixels more than half covered: what is less than this is part of a hole.
_FULL = 220
# OpenCV counts the pixels of what it reads from, and of what it writes, in 16 bits.
_MAX_REMAP = 32_000
_REMAP_COLUMNS = 1024


class Kind(IntEnum):
    """Kinds of tissue that measuring tells apart."""

    LUMEN = 0
    EPITHELIUM = 1
    CORE = 2
    CRYPT = 3
    STROMA = 4
    SUBMUCOSA = 5
    MUSCLE = 6


VILLUS = (Kind.EPITHELIUM, Kind.CORE)
CRYPT_ZONE = (Kind.CRYPT, Kind.STROMA)
WALL = (Kind.SUBMUCOSA, Kind.MUSCLE)

_COMPARTMENTS: dict[Kind, tuple[Compartment, ...]] = {
    Kind.LUMEN: (Compartment.BACKGROUND, Compartment.OTHER_TISSUE),
    Kind.EPITHELIUM: (Compartment.VILLUS_EPITHELIUM,),
    Kind.CORE: (Compartment.VILLUS_LAMINA_PROPRIA,),
    Kind.CRYPT: (Compartment.CRYPT,),
    Kind.STROMA: (Compartment.LAMINA_PROPRIA,),
    Kind.SUBMUCOSA: (Compartment.SUBMUCOSA, Compartment.SUBMUCOSAL_GLAND),
    Kind.MUSCLE: (Compartment.MUSCULARIS,),
}


@dataclass(frozen=True, eq=False)
class TissueGrid:
    """Shares of each kind of tissue, 0 to 255, in square pixels.

    Parameters
    ----------
    shares : dict of Kind to (rows, cols) uint8 array
        How much of a pixel each kind covers, 255 for all of it.
    kinds : (rows, cols) uint8 array
        The kind that covers most.
    pixel_um : float
        Side of a pixel, µm.
    hidden : (rows, cols) uint8 array, optional
        How much of a pixel is hidden by an exclusion, 255 for all of it; nothing is, where it is not given.
    """

    shares: dict[Kind, Shares]
    kinds: NDArray[np.uint8]
    pixel_um: float
    hidden: Shares | None = None

    @classmethod
    def from_labels(cls, labels: LabelMap) -> TissueGrid:
        """Average a label map down to pixels of about 2 µm; a coarser map keeps its own pixels."""
        factor = max(1, int(_FINE_UM / labels.mpp + 1e-6))
        shares = {
            kind: averaged(_covered(labels, *compartments), factor) for kind, compartments in _COMPARTMENTS.items()
        }
        if (labels.array == Compartment.LYMPHOID).any():
            _share_out(averaged(_covered(labels, Compartment.LYMPHOID), factor), shares, _largest(shares))
        shares = {kind: _softened(share) for kind, share in shares.items()}
        hidden = averaged(labels.hidden.astype(np.uint8) * 255, factor) if labels.hidden.any() else None
        return cls(shares, _largest(shares), labels.mpp * factor, hidden)

    def coarse(self) -> TissueGrid:
        """Average once more, to pixels of about 4 µm, for work that needs no sharp borders."""
        return self.averaged(max(1, int(_COARSE_UM / self.pixel_um + 1e-6)))

    def averaged(self, factor: int) -> TissueGrid:
        """Average blocks of factor x factor pixels."""
        shares = {kind: averaged(share, factor) for kind, share in self.shares.items()}
        hidden = None if self.hidden is None else averaged(self.hidden, factor)
        return TissueGrid(shares, _largest(shares), self.pixel_um * factor, hidden)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.kinds.shape
        return rows, cols

    def share(self, *kinds: Kind, hole_um2: float = 0.0) -> Shares:
        """Share of these kinds together; enclosed holes smaller than `hole_um2` are counted as filled."""
        total = self.shares[kinds[0]]
        for kind in kinds[1:]:
            total = _sum(total, self.shares[kind])
        if hole_um2 > 0:
            total = _fill_holes(total, hole_um2 / self.pixel_um**2)
        return total

    def mask(self, *kinds: Kind) -> NDArray[np.bool_]:
        """Where one of these kinds covers most of the pixel."""
        chosen = np.zeros(256, dtype=np.uint8)
        chosen[[int(kind) for kind in kinds]] = 1
        return np.asarray(cv2.LUT(self.kinds, chosen), dtype=np.uint8).view(np.bool_)


def sample(
    image: NDArray[np.generic], points_um: NDArray[np.floating], pixel_um: float, order: int = 1
) -> NDArray[np.float64]:
    """Read an image at positions in µm, linearly between pixel centres (order 1) or at the nearest (order 0).

    Outside the image the border's value goes on.
    """
    row, col = (np.asarray(points_um)[..., axis] / pixel_um for axis in (0, 1))
    if order == 1:
        return _linearly([image], row, col)[0]
    rows, cols = image.shape
    nearest = image[np.clip(row, 0, rows - 1).astype(np.intp), np.clip(col, 0, cols - 1).astype(np.intp)]
    return np.asarray(nearest, dtype=np.float64)


def sample_each(
    images: Sequence[NDArray[np.generic]], points_um: NDArray[np.floating], pixel_um: float
) -> list[NDArray[np.float64]]:
    """Read several images of one grid linearly at the same positions."""
    row, col = (np.asarray(points_um)[..., axis] / pixel_um for axis in (0, 1))
    return _linearly(images, row, col)


def to_slide(labels: LabelMap, points_um: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn positions in µm from the corner of the map into level-0 pixels of the slide."""
    return labels.to_slide(np.asarray(points_um) / labels.mpp - 0.5)


def _linearly(
    images: Sequence[NDArray[np.generic]], row: NDArray[np.floating], col: NDArray[np.floating]
) -> list[NDArray[np.float64]]:
    """Read images between the pixels; positions count in pixels from the outer corner."""
    shape = images[0].shape
    if max(shape) > _MAX_REMAP or row.size == 0:
        places = row - 0.5, col - 0.5
        return [ndimage.map_coordinates(image, places, np.float64, order=1, mode="nearest") for image in images]
    # Many times faster than SciPy; in a table of few columns, for OpenCV takes no longer ones.
    table = np.zeros((2, -(-row.size // _REMAP_COLUMNS), _REMAP_COLUMNS), dtype=np.float32)
    for axis, at in enumerate((row, col)):
        places_in_table = table[axis].reshape(-1)[: at.size]
        np.clip(at.ravel() - 0.5, -1, shape[axis], out=places_in_table, casting="same_kind")
    found = []
    for image in images:
        is_share = image.dtype == np.uint8
        readable = np.asarray(image, dtype=np.uint8) if is_share else np.asarray(image, dtype=np.float32)
        read = cv2.remap(readable, table[1], table[0], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        found.append(np.asarray(read, dtype=np.float64).reshape(-1)[: row.size].reshape(row.shape))
    return found


def _covered(labels: LabelMap, *compartments: Compartment) -> Shares:
    table = np.zeros(256, dtype=np.uint8)
    table[[int(compartment) for compartment in compartments]] = 255
    return np.asarray(cv2.LUT(labels.array, table), dtype=np.uint8)


def _softened(share: Shares) -> Shares:
    return np.asarray(cv2.GaussianBlur(share, (0, 0), _BLUR_PIXELS), dtype=np.uint8)


def _sum(one: Shares, other: Shares) -> Shares:
    """Add, never past 255."""
    return np.asarray(cv2.add(one, other), dtype=np.uint8)


def _largest(shares: dict[Kind, Shares]) -> NDArray[np.uint8]:
    best = shares[Kind.LUMEN].copy()
    kinds = np.zeros(best.shape, dtype=np.uint8)
    for kind in list(Kind)[1:]:
        share = shares[kind]
        kinds[share > best] = kind
        np.maximum(best, share, out=best)
    return kinds


def _share_out(lymphoid: Shares, shares: dict[Kind, Shares], kinds: NDArray[np.uint8]) -> None:
    """Count a follicle that touches the wall as submucosa, one that lies in the mucosa as its stroma."""
    labelled, areas = components(lymphoid > 127)
    touches = np.zeros(len(areas), dtype=bool)
    touches[np.unique(labelled[grown(np.isin(kinds, WALL))])] = True
    touches[0] = False
    in_wall = grown(touches[labelled])
    shares[Kind.SUBMUCOSA] = _sum(shares[Kind.SUBMUCOSA], np.where(in_wall, lymphoid, 0).astype(np.uint8))
    shares[Kind.STROMA] = _sum(shares[Kind.STROMA], np.where(in_wall, 0, lymphoid).astype(np.uint8))


def _fill_holes(share: Shares, max_pixels: float) -> Shares:
    n, labelled, stats, _ = cv2.connectedComponentsWithStats((share < _FULL).astype(np.uint8), connectivity=4)
    rows, cols = share.shape
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    inside = (left > 0) & (top > 0) & (right < cols) & (bottom < rows)
    is_hole = inside & (stats[:, cv2.CC_STAT_AREA] < max_pixels)
    is_hole[0] = False
    if n == 1 or not is_hole.any():
        return share
    filled: Shares = np.where(is_hole[labelled], np.uint8(255), share)
    return filled
