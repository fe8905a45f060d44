"""Which of two neighbouring pieces of gut a pixel belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.tissue import Section
from histo.types import Compartment, Exclusion, LabelMap

__all__ = ["keep_own"]


def keep_own(labels: LabelMap, section: Section, others: Iterable[Section]) -> LabelMap:
    """Clear what lies nearer to another piece of gut, so that no tissue is measured twice.

    The window of a ring holds parts of its neighbours wherever they lie close together.

    Parameters
    ----------
    labels : LabelMap
        Of the section's window.
    section : Section
        The piece that the window was cut for.
    others : iterable of Section
        The other pieces on the slide.

    Returns
    -------
    LabelMap
        The same map with the neighbours' tissue excluded; the map itself where no other window overlaps.
    """
    neighbours = [other for other in others if _overlap(section, other)]
    if not neighbours:
        return labels
    own = _distance(section.mask)
    is_foreign = np.zeros(section.mask.shape, bool)
    for other in neighbours:
        is_foreign |= _distance(_within(other, section, labels.slide_mpp)) < own
    clear = cv2.resize(is_foreign.view(np.uint8), labels.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
    foreign = clear & (labels.array != Compartment.BACKGROUND)
    before = np.zeros(labels.shape, np.uint8) if labels.excluded is None else labels.excluded
    return replace(labels, excluded=np.where(foreign, np.uint8(Exclusion.NEIGHBOUR), before))


def _overlap(section: Section, other: Section) -> bool:
    return (
        section.row < other.row + other.height
        and other.row < section.row + section.height
        and section.col < other.col + other.width
        and other.col < section.col + section.width
    )


def _within(other: Section, section: Section, slide_mpp: float) -> NDArray[np.bool_]:
    """Paste another piece's mask onto the grid of the section's mask."""
    scale = section.mask_mpp / slide_mpp
    (n_rows, n_cols), (height, width) = other.mask.shape, section.mask.shape
    pasted = np.zeros((height, width), bool)
    rows = np.rint((other.row - section.row) / scale + np.arange(n_rows)).astype(int)
    cols = np.rint((other.col - section.col) / scale + np.arange(n_cols)).astype(int)
    in_rows, in_cols = (rows >= 0) & (rows < height), (cols >= 0) & (cols < width)
    pasted[np.ix_(rows[in_rows], cols[in_cols])] = other.mask[np.ix_(in_rows, in_cols)]
    return pasted


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of every pixel from a mask; infinite where the mask is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5), dtype=np.float32)
