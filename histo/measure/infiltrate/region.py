"""Where a cell was counted: a compartment, a follicle, under an exclusion or outside of the map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histo.types import Compartment, LabelMap

__all__ = ["EXCLUDED", "MUCOSAL_LAMINA_PROPRIA", "OUTSIDE", "REGIONS", "REGION_NAMES", "find_regions"]

EXCLUDED, OUTSIDE = len(Compartment), len(Compartment) + 1
REGION_NAMES = (*(compartment.label for compartment in Compartment), "excluded", "outside")
MUCOSAL_LAMINA_PROPRIA = "mucosal_lamina_propria"

_WITHOUT_DENSITY = (int(Compartment.BACKGROUND), EXCLUDED, OUTSIDE)
REGIONS: dict[str, tuple[int, ...]] = {
    "villus_lamina_propria": (Compartment.VILLUS_LAMINA_PROPRIA,),
    "lamina_propria": (Compartment.LAMINA_PROPRIA,),
    MUCOSAL_LAMINA_PROPRIA: (Compartment.VILLUS_LAMINA_PROPRIA, Compartment.LAMINA_PROPRIA),
    "villus_epithelium": (Compartment.VILLUS_EPITHELIUM,),
    "crypt": (Compartment.CRYPT,),
    "submucosa": (Compartment.SUBMUCOSA,),
    "muscularis": (Compartment.MUSCULARIS,),
    "lymphoid": (Compartment.LYMPHOID,),
    "submucosal_gland": (Compartment.SUBMUCOSAL_GLAND,),
    "other_tissue": (Compartment.OTHER_TISSUE,),
    **{REGION_NAMES[code]: (code,) for code in _WITHOUT_DENSITY},
}
"""Rows of the densities table and the codes of `find_regions` that each sums over."""


def find_regions(labels: LabelMap, at_px: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Read the compartment of each cell off the label map.

    Parameters
    ----------
    labels : LabelMap
    at_px : (n, 2) array
        Positions in pixels of the map, whole numbers at pixel centres.

    Returns
    -------
    (n,) uint8 array
        Values of `Compartment`, `EXCLUDED` or `OUTSIDE`: indices into `REGION_NAMES`.
    """
    pixel = np.floor(at_px + 0.5).astype(np.int64)
    inside = ((pixel >= 0) & (pixel < np.array(labels.shape))).all(axis=1)
    rows, cols = pixel[inside].T
    found = labels.array[rows, cols]
    if labels.excluded is not None:
        found = np.where(labels.excluded[rows, cols] > 0, np.uint8(EXCLUDED), found)
    regions = np.full(len(at_px), OUTSIDE, dtype=np.uint8)
    regions[inside] = found
    return regions
