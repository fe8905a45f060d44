"""Where there is tissue on slides whose structure cannot be read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from histo.io import Slide
from histo.tissue import Section
from histo.types import Compartment, Exclusion, LabelMap

__all__ = ["believe_dark_tissue", "map_tissue"]

# What an overview of H&E takes dark patches for: lettering, arrows, buttons, pasted panels, folds.
_MISTAKEN = (Exclusion.PANEL, Exclusion.CONTROL, Exclusion.TEXT, Exclusion.POINTER, Exclusion.FOLD)


def believe_dark_tissue(section: Section) -> Section:
    """Take back exclusions that DAB is mistaken for, as they would leave the most positive cells out.

    On real DAB fields, patches of black cells were taken for text and buttons. In a picture that is cut out of a larger
    piece, pale tissue between dark cells was taken for glass; there all counts that is not surely empty.

    Parameters
    ----------
    section : Section
        From `histo.tissue.find_sections`, of a DAB slide.

    Returns
    -------
    Section
        With those exclusions, and the flags that tell of them, taken back, and a mask and area that hold their tissue.
    """
    if section.excluded is None:
        return section
    is_mistaken = np.isin(section.excluded, [int(reason) for reason in _MISTAKEN])
    excluded = np.where(is_mistaken, np.uint8(Exclusion.NOTHING), section.excluded)
    mask = section.mask | is_mistaken
    if "field_of_view" in section.flags:
        mask |= excluded == Exclusion.NOTHING
    untold = {"folded"} if (excluded == Exclusion.PEN).any() else {"folded", "ink"}
    return replace(
        section,
        mask=mask,
        excluded=excluded,
        area_mm2=float(np.count_nonzero(mask) * (section.mask_mpp / 1000.0) ** 2),
        flags=tuple(flag for flag in section.flags if flag not in untold),
    )


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
