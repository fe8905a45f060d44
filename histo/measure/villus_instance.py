"""Which pixels belong to which villus: one lamina propria core, one villus.

Villi that touch along their epithelium are parted midway between their cores. Cores that run together near the
villus-crypt junction are parted above their meeting, and pieces of one villus that stand on each other are joined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.measure.branch import core_branches, join_stacked
from histo.measure.grid import CRYPT_ZONE, Kind, Shares, TissueGrid
from histo.measure.raster import closed, components, distance_to, flooded, grown

__all__ = ["VillusInstances", "separate_villi"]

_CORE_GAP_UM = 8.0
_MIN_CORE_UM2 = 150.0
_MIN_VILLUS_UM2 = 200.0
_MIN_GROUND_UM2 = 4000.0
_MAX_HEIGHT_UM = 4000.0


@dataclass(frozen=True, eq=False)
class VillusInstances:
    """Villi as numbered pixels.

    Parameters
    ----------
    numbers : (rows, cols) int32 array
        1 to n, 0 outside.
    height_um : (rows, cols) float32 array
        Way within the villus from the junction to the pixel, roughly; -1 where no way leads.
    is_root : (rows, cols) bool array
        Villus pixels that lie on the junction.
    is_core : (rows, cols) bool array
        Lamina propria of the villi.
    is_forked : (n,) array of bool
        Whether its core has a large side branch far above the foot.
    n : int
    """

    numbers: NDArray[np.int32]
    height_um: NDArray[np.float32]
    is_root: NDArray[np.bool_]
    is_core: NDArray[np.bool_]
    is_forked: NDArray[np.bool_]
    n: int


def separate_villi(coarse: TissueGrid, share: Shares) -> VillusInstances:
    """Give each villus of a section its number.

    Parameters
    ----------
    coarse : TissueGrid
        Shares in pixels of about 4 µm.
    share : (rows, cols) uint8 array
        Share of a pixel that villi cover, gaps mended.

    Returns
    -------
    VillusInstances
        On the same pixels.
    """
    labelled, areas = components(share > 127)
    is_large = areas * coarse.pixel_um**2 >= _MIN_VILLUS_UM2
    is_large[0] = False
    villus = is_large[labelled]
    is_root = villus & grown(_ground(coarse) & ~villus)
    height = _height_above_root(villus, is_root, coarse.pixel_um)
    is_core = coarse.mask(Kind.CORE) & villus
    whole = closed(is_core, max(1, round(_CORE_GAP_UM / coarse.pixel_um))) & villus
    branches, has_fork = core_branches(whole, height, coarse.pixel_um)
    markers = _markers(villus, whole, branches, coarse.pixel_um)
    numbers = flooded(distance_to(is_core & (markers > 0)), markers, villus)
    numbers = _packed(join_stacked(numbers, height, is_root, coarse.pixel_um))
    n = int(numbers.max())
    is_forked = np.bincount(numbers[has_fork], minlength=n + 1)[1:] > 0
    return VillusInstances(numbers, height, is_root, is_core, is_forked, n)


def _ground(coarse: TissueGrid) -> NDArray[np.bool_]:
    """Tissue that villi stand on: crypt zone or submucosa, not specks, not the muscle of a roll's next turn."""
    labelled, areas = components(coarse.mask(*CRYPT_ZONE, Kind.SUBMUCOSA))
    is_large = areas * coarse.pixel_um**2 >= _MIN_GROUND_UM2
    is_large[0] = False
    large: NDArray[np.bool_] = is_large[labelled]
    return large


def _height_above_root(villus: NDArray[np.bool_], root: NDArray[np.bool_], pixel_um: float) -> NDArray[np.float32]:
    """Let a front climb from the junction through the villi, by turns over edges and corners: near to Euclidean."""
    reached = root
    steps = np.zeros(villus.shape, dtype=np.uint16)
    n_reached = np.count_nonzero(reached)
    for turn in range(int(_MAX_HEIGHT_UM / pixel_um)):
        steps += villus & ~reached
        reached = grown(reached, corners=turn % 5 in (1, 3)) & villus
        n_now = np.count_nonzero(reached)
        if n_now == n_reached:
            break
        n_reached = n_now
    height = steps.astype(np.float32) * np.float32(pixel_um)
    height[~reached] = -1.0
    return height


def _markers(
    villus: NDArray[np.bool_], whole: NDArray[np.bool_], branches: NDArray[np.int32], pixel_um: float
) -> NDArray[np.int32]:
    """Mark the branches that are large enough, then cores without one, then villi without a core."""
    is_marker = np.bincount(branches.ravel()) * pixel_um**2 >= _MIN_CORE_UM2
    is_marker[0] = False
    markers = _renumber(branches, is_marker)
    markers = _add_untouched(markers, whole, _MIN_CORE_UM2 / pixel_um**2)
    return _add_untouched(markers, villus, 0.0)


def _add_untouched(markers: NDArray[np.int32], mask: NDArray[np.bool_], min_pixels: float) -> NDArray[np.int32]:
    """Give each piece of the mask that holds no marker yet one of its own."""
    labelled, areas = components(mask)
    is_new = areas >= min_pixels
    is_new[np.unique(labelled[markers > 0])] = False
    is_new[0] = False
    added = _renumber(labelled, is_new)
    return np.where(added > 0, added + markers.max(), markers).astype(np.int32)


def _renumber(labelled: NDArray[np.int32], chosen: NDArray[np.bool_]) -> NDArray[np.int32]:
    table = np.zeros(len(chosen), dtype=np.int32)
    table[chosen] = np.arange(1, np.count_nonzero(chosen) + 1)
    return table[labelled]


def _packed(numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Close the gaps between the numbers."""
    is_used = np.bincount(numbers.ravel()) > 0
    is_used[0] = False
    return _renumber(numbers, is_used)
