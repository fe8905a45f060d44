"""Which pixels belong to which crypt: crypts that touch are parted at their necks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.measure.grid import VILLUS, Kind, TissueGrid
from histo.measure.raster import components, distance_to, flooded

__all__ = ["CryptInstances", "separate_crypts"]

_MIN_CRYPT_UM2 = 100.0
_HOLE_UM2 = 3000.0
_NECK = 0.6
_SPECK_UM2 = 1500.0


@dataclass(frozen=True, eq=False)
class CryptInstances:
    """Crypts as numbered pixels.

    Parameters
    ----------
    numbers : (rows, cols) int32 array
        1 to n, 0 outside.
    to_lumen_um : (rows, cols) float32 array
        Straight distance to the nearest villus or lumen.
    n : int
    """

    numbers: NDArray[np.int32]
    to_lumen_um: NDArray[np.float32]
    n: int


def separate_crypts(grid: TissueGrid) -> CryptInstances:
    """Give each crypt of a section its number.

    Parameters
    ----------
    grid : TissueGrid
        Shares in pixels of about 2 µm.

    Returns
    -------
    CryptInstances
        On the same pixels.
    """
    crypt = grid.share(Kind.CRYPT, hole_um2=_HOLE_UM2) > 127
    labelled, areas = components(crypt)
    is_large = areas * grid.pixel_um**2 >= _MIN_CRYPT_UM2
    is_large[0] = False
    crypt = is_large[labelled]
    depth_inside = distance_to(~crypt)
    half_width = np.zeros(len(areas), dtype=np.float32)
    np.maximum.at(half_width, labelled[crypt], depth_inside[crypt])
    numbers = _part(labelled * crypt, depth_inside, half_width[is_large])
    return CryptInstances(numbers, _distance_to_lumen(grid, crypt), int(numbers.max()))


def _part(
    labelled: NDArray[np.int32], depth_inside: NDArray[np.float32], half_widths: NDArray[np.float32]
) -> NDArray[np.int32]:
    if half_widths.size == 0:
        return np.zeros(labelled.shape, dtype=np.int32)
    neck = _NECK * float(np.median(half_widths))
    seeds, seed_areas = components(depth_inside > neck)
    owner = np.zeros(len(seed_areas), dtype=np.int32)
    np.maximum.at(owner, seeds.ravel(), labelled.ravel())
    owner[0] = 0
    n_each = np.bincount(owner, minlength=int(labelled.max()) + 1)
    is_shared = n_each > 1
    is_shared[0] = False
    is_single = ~is_shared
    is_single[0] = False
    is_single &= np.bincount(labelled.ravel(), minlength=len(n_each)) > 0
    table = np.zeros(len(n_each), dtype=np.int32)
    table[is_single] = np.arange(1, np.count_nonzero(is_single) + 1)
    numbers = table[labelled]
    if is_shared.any():
        shared = is_shared[labelled]
        parted = flooded(-depth_inside, np.where(shared, seeds, 0), shared)
        numbers[shared] = numbers.max() + np.unique(parted[shared], return_inverse=True)[1] + 1
    return numbers


def _distance_to_lumen(grid: TissueGrid, crypt: NDArray[np.bool_]) -> NDArray[np.float32]:
    luminal = grid.mask(Kind.LUMEN, *VILLUS) & ~crypt
    labelled, areas = components(luminal)
    is_large = areas * grid.pixel_um**2 >= _SPECK_UM2
    is_large[0] = False
    return distance_to(is_large[labelled]) * np.float32(grid.pixel_um)
