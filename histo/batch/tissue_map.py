"""A label map that knows no compartments: where there is tissue, for stains whose structure cannot be read."""

from __future__ import annotations

import numpy as np

from histo.io import Slide
from histo.tissue import Section
from histo.types import Compartment, LabelMap

__all__ = ["map_tissue"]


def map_tissue(slide: Slide, section: Section) -> LabelMap:
    """Make a label map of a section's tissue, all of one kind.

    Parameters
    ----------
    slide : Slide
        That it lies on.
    section : Section
        With the mask of its tissue.

    Returns
    -------
    LabelMap
        `Compartment.OTHER_TISSUE` on tissue, at the µm per pixel of the mask.
    """
    labels = np.where(section.mask, np.uint8(Compartment.OTHER_TISSUE), np.uint8(Compartment.BACKGROUND))
    return LabelMap(labels, mpp=section.mask_mpp, origin=(float(section.row), float(section.col)), slide_mpp=slide.mpp)
