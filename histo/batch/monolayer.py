"""A picture that is one section from border to border, as that of a monolayer seen from above is."""

from __future__ import annotations

import numpy as np

from histo.batch.planning import PlannedSlide
from histo.errors import NoTissue
from histo.io import Slide
from histo.tissue import Section, find_sections
from histo.types import Compartment, LabelMap

__all__ = ["MONOLAYER", "find_barrier_sections", "map_field", "whole_field"]

MONOLAYER = "monolayer"
"""Flag of such sections: they have junctions and cells, and no compartments."""

_MAP_SIDE = 512


def whole_field(slide: Slide, *flags: str) -> Section:
    """Take a picture as one section, tissue from border to border.

    Parameters
    ----------
    slide : Slide
        Open.
    *flags : str
        For the section.
    """
    rows, cols = slide.shape
    labels = map_field(slide)
    area_mm2 = rows * cols * (slide.mpp / 1000.0) ** 2
    mask = np.ones(labels.shape, bool)
    return Section("s1", 0, 0, rows, cols, area_mm2, flags, mask, labels.mpp)


def find_barrier_sections(slide: Slide, planned: PlannedSlide) -> list[Section]:
    """Find the sections of a slide stained for a protein of junctions.

    Parameters
    ----------
    slide : Slide
        Open.
    planned : PlannedSlide
        What the design table says of it.

    Returns
    -------
    list of Section
        A monolayer is one; so is a picture too small to hold a piece of gut, as of a confocal microscope, if its
        compartments are given.

    Raises
    ------
    NoTissue
        If there is none.
    """
    if planned.is_monolayer:
        return [whole_field(slide, MONOLAYER)]
    try:
        return find_sections(slide)
    except NoTissue:
        if not planned.labels:
            raise
        return [whole_field(slide, "field_of_view")]


def map_field(slide: Slide) -> LabelMap:
    """Make the label map of a monolayer: tissue of no compartment, at a size that is quick to write."""
    reduction = max(1, max(slide.shape) // _MAP_SIDE)
    shape = tuple(max(1, round(size / reduction)) for size in slide.shape)
    return LabelMap(np.full(shape, Compartment.OTHER_TISSUE, np.uint8), slide.mpp * reduction, slide_mpp=slide.mpp)
