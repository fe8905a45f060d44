"""Which pixels belong to which crypt: crypts that run together are parted into tubes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.measure.grid import VILLUS, Kind, Shares, TissueGrid
from histo.measure.raster import components, distance_to
from histo.measure.tube import TubeImages, part_tubes, tube_depth, tube_width

__all__ = ["CryptInstances", "separate_crypts"]

_MIN_CRYPT_UM2 = 100.0
_HOLE_UM2 = 3000.0
_STROMA_SPECK_UM2 = 100.0
_SPECK_UM2 = 1500.0
# A label of this probability is as good as none, and as good as certain.
_DOUBTFUL, _SURE = 0.5, 0.9


@dataclass(frozen=True, eq=False)
class CryptInstances:
    """Crypts as numbered pixels.

    Parameters
    ----------
    numbers : (rows, cols) int32 array
        1 to n, 0 outside.
    share : (rows, cols) uint8 array
        Share of a pixel that crypts with their lumen cover, 255 for all of it.
    to_lumen_um : (rows, cols) float32 array
        Straight distance to the nearest villus or lumen.
    depth_um : (rows, cols) float32 array
        Rises by about 1 per µm from the lumen to the wall.
    n : int
    usual_width_um : float
        Width of the section's crypts.
    """

    numbers: NDArray[np.int32]
    share: Shares
    to_lumen_um: NDArray[np.float32]
    depth_um: NDArray[np.float32]
    n: int
    usual_width_um: float


def separate_crypts(grid: TissueGrid, confidence: NDArray[np.uint8] | None = None) -> CryptInstances:
    """Give each crypt of a section its number.

    Parameters
    ----------
    grid : TissueGrid
        Shares in pixels of about 2 µm.
    confidence : (rows, cols) uint8 array, optional
        Probability of the labels, 255 for certain, at any resolution; low between crypts that run together.

    Returns
    -------
    CryptInstances
        On the same pixels.
    """
    share = _share_with_lumen(grid)
    labelled, areas = components(share > 127)
    is_large = areas * grid.pixel_um**2 >= _MIN_CRYPT_UM2
    is_large[0] = False
    crypt = is_large[labelled]
    to_lumen_um = _distance_to_lumen(grid, crypt)
    depth_um = tube_depth(grid, to_lumen_um)
    presence = _presence(share, confidence)
    width_um = tube_width(presence * crypt, depth_um, grid.pixel_um)
    numbers = part_tubes(TubeImages(crypt, presence, depth_um, grid.pixel_um), width_um)
    return CryptInstances(numbers, share, to_lumen_um, depth_um, int(numbers.max()), width_um)


def _share_with_lumen(grid: TissueGrid) -> Shares:
    """Fill the lumen of crypts, and specks, but not slits of stroma between two crypts."""
    filled = grid.share(Kind.CRYPT, hole_um2=_HOLE_UM2)
    slit, areas = components((filled > 127) & grid.mask(Kind.STROMA))
    is_slit = areas * grid.pixel_um**2 >= _STROMA_SPECK_UM2
    is_slit[0] = False
    return np.where(is_slit[slit], grid.shares[Kind.CRYPT], filled)


def _presence(share: Shares, confidence: NDArray[np.uint8] | None) -> NDArray[np.float32]:
    presence = share.astype(np.float32) / np.float32(255)
    if confidence is None:
        return presence
    size = (share.shape[1], share.shape[0])
    sure = cv2.resize(confidence, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    weight = np.clip((sure - np.float32(_DOUBTFUL)) / np.float32(_SURE - _DOUBTFUL), 0, 1)
    return np.asarray(presence * weight, dtype=np.float32)


def _distance_to_lumen(grid: TissueGrid, crypt: NDArray[np.bool_]) -> NDArray[np.float32]:
    luminal = grid.mask(Kind.LUMEN, *VILLUS) & ~crypt
    labelled, areas = components(luminal)
    is_large = areas * grid.pixel_um**2 >= _SPECK_UM2
    is_large[0] = False
    return distance_to(is_large[labelled]) * np.float32(grid.pixel_um)
