"""Villi made whole again where the map has gaps: holes, cracks, and space under lifted epithelium.

Oedema lifts the epithelium off its core, and the space is labelled as background like the lumen; a predicted map has
specks and cracks. What is enclosed and small is filled, a crack between two pieces of core is bridged, and an enclosed
space of any shape is filled where it lies against lamina propria: the lumen between villi meets epithelium only.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.measure.grid import VILLUS, Kind, Shares, TissueGrid
from histo.measure.raster import closed, grown

__all__ = ["mended_villi"]

_HOLE_UM2 = 3000.0
_CRACK_UM = 8.0
_SEAL_UM = 5.0
_MAX_SPACE_UM2 = 40_000.0
_MIN_CORE_SHARE = 0.25


def mended_villi(grid: TissueGrid) -> Shares:
    """Share of a pixel that villi cover, gaps included, 255 for all of it; (rows, cols) uint8 array."""
    share = grid.share(*VILLUS, hole_um2=_HOLE_UM2)
    lumen = grid.mask(Kind.LUMEN) & (share < 128)
    if not lumen.any():
        return share
    core = grid.mask(Kind.CORE)
    crack = closed(core, max(1, round(_CRACK_UM / grid.pixel_um))) & lumen
    filled = crack | _spaces_under_epithelium(share > 127, lumen & ~crack, core, grid.pixel_um)
    return np.where(filled, np.uint8(255), share)


def _spaces_under_epithelium(
    villus: NDArray[np.bool_], lumen: NDArray[np.bool_], core: NDArray[np.bool_], pixel_um: float
) -> NDArray[np.bool_]:
    sealed = closed(villus, max(1, round(_SEAL_UM / pixel_um)))
    # By edges alone: a space that leaks through a corner is still enclosed.
    n, labelled, stats, _ = cv2.connectedComponentsWithStats((lumen & ~sealed).astype(np.uint8), connectivity=4)
    is_space = stats[:, cv2.CC_STAT_AREA] * pixel_um**2 <= _MAX_SPACE_UM2
    is_space[0] = False
    for edge in (labelled[0], labelled[-1], labelled[:, 0], labelled[:, -1]):
        is_space[edge] = False
    if n == 1 or not is_space.any():
        return np.zeros(villus.shape, dtype=bool)
    space = is_space[labelled]
    rim = np.nonzero(grown(space, corners=False) & ~space)
    around = cv2.dilate(np.where(space, labelled, 0).astype(np.float32), np.ones((3, 3), np.uint8))
    owner = around[rim].astype(np.int64)
    n_rim = np.bincount(owner, minlength=n)
    n_core = np.bincount(owner, grown(core)[rim], minlength=n)
    n_villus = np.bincount(owner, grown(villus)[rim], minlength=n)
    is_lifted = is_space & (n_core >= _MIN_CORE_SHARE * n_rim) & (n_villus >= 0.9 * n_rim)
    return grown(is_lifted[labelled]) & lumen
