"""What the ``model.toml`` of a nuclei model says."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from histo.nn.nuclei_network import DEEPEST_STRIDE, REACH_PX
from histo.nn.spec import ModelFacts
from histo.types import CellClass

__all__ = ["NUCLEI_TASK", "NucleiSpec", "NucleiStain", "least_halo_px"]

NUCLEI_TASK = "nuclei"
"""What ``task`` is in the ``model.toml`` of a nuclei model."""

NucleiStain = Literal["he", "fluorescence"]
"""What a nuclei model looks at: RGB in transmitted light, or one channel that is bright where nuclei are."""

NUCLEUS_REACH_UM = 20.0
"""A nucleus reaches less than 15 µm from its centre, and 5 µm around it can be measured."""


def least_halo_px(mpp: float) -> int:
    """Say how wide the rim of a tile is at least: a nucleus whose centre is inside of it is then seen whole.

    Parameters
    ----------
    mpp : float
        µm per pixel.

    Returns
    -------
    int
        Pixels, a multiple of the network's coarsest stride.

    Examples
    --------
    >>> least_halo_px(0.5)
    160
    """
    return ceil((REACH_PX + NUCLEUS_REACH_UM / mpp) / DEEPEST_STRIDE) * DEEPEST_STRIDE


class NucleiSpec(ModelFacts):
    """Facts of one nuclei model; the others are those of `ModelFacts`.

    Parameters
    ----------
    task : str
        Always ``nuclei``.
    stain : {"he", "fluorescence"}
        What it was shown.
    classes : tuple of str
        What each of its class channels is, named as `CellClass`; empty if it finds nuclei without classes.
    mpp : float
        µm per pixel that it was trained at and sees images at.
    tile, halo : int
        Side of the square that the network sees at once, and the rim of it in which no nucleus is reported, in pixels
        of `mpp`.
    threshold : float
        Least probability of a centre that counts as a nucleus.
    """

    task: Literal["nuclei"] = "nuclei"
    stain: NucleiStain
    classes: tuple[str, ...] = ()
    mpp: Annotated[float, Field(gt=0.0, le=2.0)]
    tile: Annotated[int, Field(ge=DEEPEST_STRIDE, le=4096, multiple_of=DEEPEST_STRIDE)] = 1280
    halo: Annotated[int, Field(ge=DEEPEST_STRIDE, multiple_of=DEEPEST_STRIDE)] = 160
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.4

    @field_validator("classes")
    @classmethod
    def _check_classes(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in classes if name not in {str(member) for member in CellClass}]
        if unknown:
            raise ValueError(f"not classes of cells: {', '.join(unknown)}")
        if len(classes) == 1 or len(set(classes)) != len(classes):
            raise ValueError("must be none, or at least two classes of cells, each once")
        return classes

    @model_validator(mode="after")
    def _check_halo(self) -> NucleiSpec:
        if self.halo < (least := least_halo_px(self.mpp)):
            raise ValueError(f"halo {self.halo} is too narrow at {self.mpp:g} µm/px: it must be {least} or more")
        if 2 * self.halo >= self.tile:
            raise ValueError(f"halo {self.halo} leaves nothing of a tile of {self.tile}")
        return self
