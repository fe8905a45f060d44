"""The parts of a nuclei recipe: which sets, what their names mean, what is minimised."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from histo.train.picture_set import PictureSet
from histo.train.settings import Probability, Settings
from histo.types import CellClass

__all__ = ["DrawnNuclei", "NucleiLossSettings", "NucleiSet", "Reader"]

Reader = Literal["centres", "outlines", "masks"]
"""How a set is written: JSON lists of centres; label images beside the pictures; or in a folder ``masks`` of the same
names."""


class NucleiSet(PictureSet):
    """One set of real pictures; what it says besides is that of `PictureSet`.

    Parameters
    ----------
    reader : {"centres", "outlines", "masks"}
        As `Reader` says.
    mpp : float, optional
        µm per pixel of all of its pictures.
    nucleus_um2 : float, optional
        Instead of `mpp`, where nobody wrote it down: each picture's is taken such that its median nucleus is of this
        area.
    classes : dict of str to tuple of str
        What a name of the set may be: one class of `CellClass`, or several where the set does not tell them apart.
    """

    reader: Reader
    mpp: Annotated[float, Field(gt=0.0, le=5.0)] | None = None
    nucleus_um2: Annotated[float, Field(gt=1.0, le=500.0)] | None = None
    classes: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("classes")
    @classmethod
    def _check_classes(cls, classes: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        known = {str(member) for member in CellClass}
        unknown = sorted({name for names in classes.values() for name in names} - known)
        if unknown:
            raise ValueError(f"not classes of cells: {', '.join(unknown)}")
        return classes

    @model_validator(mode="after")
    def _check_whole(self) -> NucleiSet:
        if (self.mpp is None) == (self.nucleus_um2 is None):
            raise ValueError("either mpp or nucleus_um2")
        if self.nucleus_um2 is not None and self.reader == "centres":
            raise ValueError("nucleus_um2: centres alone do not say how large nuclei are")
        return self


class DrawnNuclei(Settings):
    """Drawn H&E sections, of which every centre and class is known.

    Parameters
    ----------
    share : float
        Share of the crops that come from them.
    sections : int
        Drawn for training, from `first_seed` upwards.
    first_seed : int
        Seed of the first section.
    held_out : int
        Drawn for judging, from `held_out_seed` upwards.
    held_out_seed : int
        Seed of the first of them.
    wall_um : float
        Length of wall of each: whole sections take long to draw at so fine pixels.
    """

    share: Probability = 0.0
    sections: Annotated[int, Field(ge=0)] = 0
    first_seed: Annotated[int, Field(ge=0)] = 20_000
    held_out: Annotated[int, Field(ge=0)] = 0
    held_out_seed: Annotated[int, Field(ge=0)] = 95_000
    wall_um: Annotated[float, Field(ge=100.0, le=20_000.0)] = 600.0

    @model_validator(mode="after")
    def _check_whole(self) -> DrawnNuclei:
        if self.share > 0 and self.sections == 0:
            raise ValueError("share is above 0 but no sections are drawn")
        if abs(self.first_seed - self.held_out_seed) < max(self.sections, self.held_out):
            raise ValueError("first_seed and held_out_seed: the sections to judge by are among those trained on")
        return self


class NucleiLossSettings(Settings):
    """What is minimised: the sum of four terms, each over the pixels whose truth is known.

    Parameters
    ----------
    centre, inside, way, kind : float
        Weight of being a centre (cross entropy), of lying in a nucleus (cross entropy and soft Dice), of the way to the
        centre (smooth L1) and of the class (minus the logarithm of the probability of what it may be).
    peak : float
        How much more than empty tissue the middle of a nucleus counts in the first.
    balance : float
        A class's weight is its frequency to the power of minus this.
    """

    centre: Annotated[float, Field(ge=0.0)] = 4.0
    inside: Annotated[float, Field(ge=0.0)] = 1.0
    way: Annotated[float, Field(ge=0.0)] = 2.0
    kind: Annotated[float, Field(ge=0.0)] = 0.7
    peak: Annotated[float, Field(ge=0.0)] = 6.0
    balance: Probability = 0.3
