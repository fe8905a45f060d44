"""What the ``model.toml`` of a junction model says."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from histo.errors import InvalidArgument
from histo.junction_maps import JunctionStain
from histo.nn.junction_network import DEEPEST_STRIDE, REACH_PX
from histo.nn.spec import ModelFacts, Normalisation

__all__ = [
    "JUNCTIONS_TASK",
    "SIGNAL_NORMALISATION",
    "JunctionSpec",
    "check_junction_stain",
    "check_tiles",
]

JUNCTIONS_TASK = "junctions"
"""What ``task`` is in the ``model.toml`` of a junction model."""

SIGNAL_NORMALISATION = Normalisation(mean=(0.15, 0.15, 0.15), std=(0.2, 0.2, 0.2))
"""Of a signal as `histo.nn.junction_canvas.junction_canvas` shows it: most of it is dark."""


class JunctionSpec(ModelFacts):
    """Facts of one junction model; the others are those of `ModelFacts`.

    One model serves fluorescence and DAB: it is shown the signal, not the colours.

    Parameters
    ----------
    task : str
        Always ``junctions``.
    mpp : float
        µm per pixel that it was trained at and sees images at.
    tile, halo : int
        Side of the square that the network sees at once, and the rim of it that is thrown away, in pixels of `mpp`.
    """

    task: Literal["junctions"] = "junctions"
    mpp: Annotated[float, Field(gt=0.0, le=2.0)]
    tile: Annotated[int, Field(ge=DEEPEST_STRIDE, le=4096, multiple_of=DEEPEST_STRIDE)] = 1280
    halo: Annotated[int, Field(ge=DEEPEST_STRIDE, multiple_of=DEEPEST_STRIDE)] = REACH_PX
    normalisation: Normalisation = SIGNAL_NORMALISATION

    @model_validator(mode="after")
    def _check_whole(self) -> JunctionSpec:
        check_tiles(self.tile, self.halo)
        return self


def check_tiles(tile: int, halo: int) -> None:
    """Check that tiles of this size meet without seams, and are more than their rims.

    Raises
    ------
    ValueError
        If not.
    """
    if halo < REACH_PX:
        raise ValueError(f"halo {halo} is too narrow: it must be {REACH_PX} or more")
    if 2 * halo >= tile:
        raise ValueError(f"halo {halo} leaves nothing of a tile of {tile}")


def check_junction_stain(stain: str) -> None:
    """Check a stain.

    Raises
    ------
    InvalidArgument
        If it is none; the message lists those there are.
    """
    if stain not in get_args(JunctionStain):
        raise InvalidArgument("unknown stain", expected=f"one of {', '.join(get_args(JunctionStain))}", got=repr(stain))
