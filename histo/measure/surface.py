"""How much luminal surface the mucosa has: the length of its border with the lumen."""

from __future__ import annotations

import numpy as np

from histo.measure.grid import CRYPT_ZONE, VILLUS, WALL, Kind, TissueGrid
from histo.measure.raster import blurred, components, grown

__all__ = ["luminal_length_um"]

_MIN_LUMEN_UM2 = 3000.0
_REACH_PIXELS = 2.0


def luminal_length_um(grid: TissueGrid) -> float:
    """Length of the border between mucosa and lumen, µm, villi cut off from their base included.

    The integral of the slope of the lumen's share, which depends neither on direction nor on the grid. Holes and the
    lumen of crypts do not count, nor does the outer border of the wall. Over the length of the muscularis mucosae it is
    the surface amplification, which in vertical sections is counted from all profiles of the surface, whole or not
    (vertical sections: Baddeley, Gundersen and Cruz-Orive, J Microsc 1986; 142:259).

    Parameters
    ----------
    grid : TissueGrid
        Shares in pixels of about 2 or 4 µm.
    """
    lumen = grid.shares[Kind.LUMEN]
    labelled, areas = components(lumen > 127)
    is_large = areas * grid.pixel_um**2 >= _MIN_LUMEN_UM2
    is_large[0] = False
    near = grown(grown(is_large[labelled]))
    share = np.where(near, lumen, 0).astype(np.float32) / np.float32(255)
    # The map ends somewhere; what lies beyond is taken to be as its last pixel.
    slope_row, slope_col = (slope[1:-1, 1:-1] for slope in np.gradient(np.pad(share, 1, mode="edge")))
    mucosa = blurred(grid.share(*VILLUS, *CRYPT_ZONE), _REACH_PIXELS)
    wall = blurred(grid.share(*WALL), _REACH_PIXELS)
    return float(np.hypot(slope_row, slope_col)[mucosa > wall].sum() * grid.pixel_um)
