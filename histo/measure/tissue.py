"""What all measurements of one section share, prepared once."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.measure.grid import TissueGrid
from histo.measure.wall import Wall, trace_wall
from histo.types import LabelMap

__all__ = ["SectionTissue"]


@dataclass(frozen=True, eq=False)
class SectionTissue:
    """One section's label map on the grids that are measured.

    Parameters
    ----------
    labels : LabelMap
    fine, coarse : TissueGrid
        Pixels of about 2 µm and 4 µm.
    wall : Wall
        Border between mucosa and submucosa.
    probability : (rows, cols) float32 array
        Probability of the labels, 0 to 1, on the coarse pixels; 1 for a map drawn by hand.
    """

    labels: LabelMap
    fine: TissueGrid
    coarse: TissueGrid
    wall: Wall
    probability: NDArray[np.float32]

    @classmethod
    def from_labels(cls, labels: LabelMap) -> SectionTissue:
        """Prepare a label map."""
        fine = TissueGrid.from_labels(labels)
        coarse = fine.coarse()
        if labels.confidence is None:
            probability = np.ones(coarse.shape, dtype=np.float32)
        else:
            size = (coarse.shape[1], coarse.shape[0])
            mean = cv2.resize(labels.confidence, size, interpolation=cv2.INTER_AREA)
            probability = np.asarray(mean, dtype=np.float32) / np.float32(255)
        return cls(labels, fine, coarse, trace_wall(coarse), probability)
