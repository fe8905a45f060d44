"""Take out of a label map what must not be measured, and say how much that was."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.schema import EXCLUSIONS, check_table, empty_table
from histo.tissue import Section
from histo.types import Compartment, Exclusion, LabelMap

__all__ = ["exclude", "tabulate_exclusions"]

# Seen to be no gut: there is something to take out only where the model saw tissue.
_ONLY_ON_LABELS = (Exclusion.GLASS, Exclusion.DETACHED)


def exclude(labels: LabelMap, section: Section) -> LabelMap:
    """Take out what the section's overview shows to be no measurable tissue.

    Parameters
    ----------
    labels : LabelMap
        Of the section's window; what it excludes already stays excluded.
    section : Section
        With its exclusions.

    Returns
    -------
    LabelMap
        The same map, with `excluded`; its labels are background there.
    """
    excluded = np.zeros(labels.shape, np.uint8) if labels.excluded is None else labels.excluded.copy()
    if section.excluded is not None:
        found = _on_map(section.excluded, section, labels)
        bare = np.isin(found, [int(reason) for reason in _ONLY_ON_LABELS])
        found[bare & (labels.array == Compartment.BACKGROUND)] = Exclusion.NOTHING
        excluded = np.where(excluded == 0, found, excluded)
    return replace(labels, excluded=excluded)


def tabulate_exclusions(predicted: LabelMap, measured: LabelMap) -> pd.DataFrame:
    """Say for each reason how much was excluded, and how much of that the model had labelled as tissue.

    Parameters
    ----------
    predicted : LabelMap
        Before anything was taken out.
    measured : LabelMap
        After it.

    Returns
    -------
    DataFrame
        Columns of the exclusions table without the identity; one row a reason that occurs.
    """
    if measured.excluded is None:
        return empty_table(EXCLUSIONS.columns)
    pixel_mm2 = (measured.mpp / 1000.0) ** 2
    on_tissue = np.bincount(measured.excluded[predicted.array != Compartment.BACKGROUND], minlength=256)
    everywhere = np.bincount(measured.excluded.ravel(), minlength=256)
    rows = [
        {
            "reason": reason.label,
            "meaning": reason.meaning,
            "hides_tissue": reason.hides,
            "n_patches": _n_patches(measured.excluded == reason),
            "area_mm2": float(everywhere[reason] * pixel_mm2),
            "tissue_mm2": float(on_tissue[reason] * pixel_mm2),
        }
        for reason in Exclusion
        if reason is not Exclusion.NOTHING and everywhere[reason]
    ]
    return check_table(pd.DataFrame(rows), EXCLUSIONS.columns) if rows else empty_table(EXCLUSIONS.columns)


def _on_map(excluded: NDArray[np.uint8], section: Section, labels: LabelMap) -> NDArray[np.uint8]:
    """Bring the overview's pixels to those of the label map, nearest neighbour; beyond it nothing is excluded."""
    scale = section.mask_mpp / labels.slide_mpp
    rows, cols = (np.arange(size, dtype=float) for size in labels.shape)
    down = labels.to_slide(np.stack([rows, np.zeros_like(rows)], axis=1))[:, 0]
    across = labels.to_slide(np.stack([np.zeros_like(cols), cols], axis=1))[:, 1]
    row_of = np.floor((down + 0.5 - section.row) / scale).astype(int)
    col_of = np.floor((across + 0.5 - section.col) / scale).astype(int)
    padded = np.pad(excluded, 1)
    inside = [np.clip(index, -1, size) + 1 for index, size in zip((row_of, col_of), excluded.shape, strict=True)]
    found: NDArray[np.uint8] = padded[np.ix_(*inside)]
    return found


def _n_patches(mask: NDArray[np.bool_]) -> int:
    return int(cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[0]) - 1
