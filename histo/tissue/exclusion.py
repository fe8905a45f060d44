"""The list of what was excluded on a slide: each patch with its reason, area and place."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.types import Exclusion

__all__ = ["Excluded", "list_excluded"]


@dataclass(frozen=True)
class Excluded:
    """Something on a slide that is not measured, and why.

    Parameters
    ----------
    reason : Exclusion
        What it is.
    area_mm2 : float
        Its area.
    row, col : int
        Its centre in level-0 pixels.
    """

    reason: Exclusion
    area_mm2: float
    row: int
    col: int


def list_excluded(excluded: NDArray[np.uint8], mpp: float, slide_mpp: float) -> tuple[Excluded, ...]:
    """List the patches of an array of exclusions.

    Parameters
    ----------
    excluded : (rows, cols) array of uint8
        Values of `Exclusion` on an overview whose first pixel is the slide's first.
    mpp, slide_mpp : float
        µm per pixel of the overview, and of the slide.

    Returns
    -------
    tuple of Excluded
        By reason, then by place.
    """
    scale = mpp / slide_mpp
    found = []
    for reason in Exclusion:
        if reason is Exclusion.NOTHING or not (mask := excluded == reason).any():
            continue
        count, _, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        found += [
            Excluded(
                reason,
                float(stats[index, cv2.CC_STAT_AREA] * (mpp / 1000.0) ** 2),
                round((centres[index][1] + 0.5) * scale - 0.5),
                round((centres[index][0] + 0.5) * scale - 0.5),
            )
            for index in range(1, count)
        ]
    return tuple(sorted(found, key=lambda item: (item.reason, item.row, item.col)))
