"""The parts of a junction recipe: which sets, how many drawn fields, what is minimised."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from histo.train.picture_set import PictureSet
from histo.train.settings import Probability, Settings

__all__ = ["DrawnFields", "JunctionLossSettings", "JunctionReader", "JunctionSet"]

JunctionReader = Literal["masks", "cells"]
"""How a set is written: CZI pictures with masks of stained junctions (``a.czi``, ``a.seg.tif``), or TIFF pictures with
ImageJ outlines of cells between which junctions run (``a.tif``, ``a_ROIs.zip``)."""


class JunctionSet(PictureSet):
    """One set of real fluorescence pictures; what it says besides is that of `PictureSet`.

    Parameters
    ----------
    reader : {"masks", "cells"}
        As `JunctionReader` says.
    mpp : float
        µm per pixel of its pictures.
    is_estimated : bool
        Whether nobody wrote that down.
    """

    reader: JunctionReader
    mpp: Annotated[float, Field(gt=0.0, le=2.0)]
    is_estimated: bool = False


class DrawnFields(Settings):
    """Drawn monolayers and sections, of which every junction and gap is known.

    Parameters
    ----------
    share : float
        Share of the crops that come from them.
    fields, sections : int
        Monolayers and gut sections drawn for training, of the seeds from `first_seed` upwards.
    first_seed : int
        Seed of the first of either.
    held_out, held_out_sections : int
        Drawn for judging, of the seeds from `held_out_seed` upwards.
    held_out_seed : int
        Seed of the first of either.
    side_um, mpp : float
        Side of each monolayer, and µm per pixel that it is drawn at.
    wall_um, section_mpp : float
        Length of wall of each section, and µm per pixel that it is drawn at.
    dab : float
        Share of them that is stained with DAB.
    """

    share: Probability = 0.0
    fields: Annotated[int, Field(ge=0)] = 0
    sections: Annotated[int, Field(ge=0)] = 0
    first_seed: Annotated[int, Field(ge=0)] = 30_000
    held_out: Annotated[int, Field(ge=0)] = 0
    held_out_sections: Annotated[int, Field(ge=0)] = 0
    held_out_seed: Annotated[int, Field(ge=0)] = 97_000
    side_um: Annotated[float, Field(ge=10.0, le=1000.0)] = 80.0
    mpp: Annotated[float, Field(ge=0.05, le=1.0)] = 0.15
    wall_um: Annotated[float, Field(ge=100.0, le=1000.0)] = 160.0
    section_mpp: Annotated[float, Field(ge=0.1, le=1.0)] = 0.25
    dab: Probability = 0.25

    @model_validator(mode="after")
    def _check_whole(self) -> DrawnFields:
        if self.share > 0 and self.fields + self.sections == 0:
            raise ValueError("share is above 0 but no fields are drawn")
        most = max(self.fields, self.sections, self.held_out, self.held_out_sections)
        if abs(self.first_seed - self.held_out_seed) < most:
            raise ValueError("first_seed and held_out_seed: the fields to judge by are among those trained on")
        return self


class JunctionLossSettings(Settings):
    """What is minimised: the sum of two terms, each over the pixels whose truth is known.

    Parameters
    ----------
    centreline : float
        Weight of being the middle of a junction (cross entropy and soft Dice).
    present : float
        Weight of being stained, along junctions (cross entropy).
    crest : float
        How much more than what lies beside it the middle of a junction counts in the first.
    gap : float
        How much more than a stained place a gap counts in both: gaps are few.
    """

    centreline: Annotated[float, Field(ge=0.0)] = 1.0
    present: Annotated[float, Field(ge=0.0)] = 0.5
    crest: Annotated[float, Field(ge=0.0)] = 4.0
    gap: Annotated[float, Field(ge=1.0)] = 3.0
