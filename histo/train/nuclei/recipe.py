"""A recipe of a nuclei model: everything that decides what the network becomes, in one TOML file."""

from __future__ import annotations

from os import PathLike
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from histo.nn.nuclei_network import DEEPEST_STRIDE
from histo.nn.nuclei_spec import NucleiStain, least_halo_px
from histo.train.nuclei.settings import DrawnNuclei, NucleiLossSettings, NucleiSet
from histo.train.picture_set import check_sets
from histo.train.recipe import FROM_PHOTOGRAPHS, NAME_PATTERN, read_recipe_as
from histo.train.settings import Augmentation, Optimisation, Settings
from histo.types import CellClass

__all__ = ["NucleiRecipe", "read_nuclei_recipe"]

Side = Annotated[int, Field(ge=4 * DEEPEST_STRIDE, le=4096, multiple_of=DEEPEST_STRIDE)]


class NucleiRecipe(Settings):
    """A whole recipe.

    Parameters
    ----------
    task : str
        Always ``nuclei``: it is what tells this recipe from one of compartments.
    name, version : str
        Of the model it makes.
    seed : int
        Everything random follows from it.
    stain : {"he", "fluorescence"}
        What it learns to look at.
    classes : tuple of str
        Classes of `CellClass` that it learns to tell apart; none for nuclei only.
    start : str
        Weights to begin with: ``imagenet``, which the encoder learned on photographs; ``random``; or the name or folder
        of a nuclei model, relative to the recipe.
    mpp : float
        µm per pixel of crops, and of images when predicting.
    crop : int
        Side of a training crop, in pixels.
    tile, halo : int
        Side of the square seen at once when predicting, and its rim, in pixels.
    threshold : float, optional
        Least probability of a centre. Without it, the one that does best on pictures trained on,
        each set counting by its share.
    licence : str
        Of the weights: the strictest of what they are trained on.
    sets : tuple of NucleiSet
        Real pictures.
    drawn : DrawnNuclei
        Drawn sections; H&E only.
    augmentation : Augmentation
        How strongly a crop is varied. Of a fluorescence crop, only size, blur, noise and brightness are.
    loss, optimisation
        What is minimised, and how fast.
    """

    task: Literal["nuclei"]
    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    version: str = "1"
    seed: Annotated[int, Field(ge=0)] = 1
    stain: NucleiStain
    classes: tuple[str, ...] = ()
    start: str = FROM_PHOTOGRAPHS
    mpp: Annotated[float, Field(ge=0.1, le=2.0)] = 0.5
    crop: Side = 256
    tile: Side = 1280
    halo: Annotated[int, Field(ge=DEEPEST_STRIDE, multiple_of=DEEPEST_STRIDE)] = 160
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    licence: str
    sets: Annotated[tuple[NucleiSet, ...], Field(min_length=1)]
    drawn: DrawnNuclei = DrawnNuclei()
    augmentation: Augmentation = Augmentation()
    loss: NucleiLossSettings = NucleiLossSettings()
    optimisation: Optimisation = Optimisation()

    @field_validator("classes")
    @classmethod
    def _check_classes(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in classes if name not in {str(member) for member in CellClass}]
        if unknown or len(classes) == 1 or len(set(classes)) < len(classes):
            raise ValueError("must be none, or at least two classes of cells, each once")
        return classes

    @model_validator(mode="after")
    def _check_whole(self) -> NucleiRecipe:
        if self.halo < (least := least_halo_px(self.mpp)):
            raise ValueError(f"halo {self.halo} is too narrow at {self.mpp:g} µm/px: it must be {least} or more")
        if 2 * self.halo >= self.tile:
            raise ValueError(f"halo {self.halo} leaves nothing of a tile of {self.tile}")
        check_sets(self.sets, self.drawn.share)
        if self.drawn.share > 0 and self.stain != "he":
            raise ValueError("drawn sections are H&E")
        return self

    def trains_like(self, other: NucleiRecipe) -> bool:
        """Say whether another recipe gives the same weights: it may describe them in another way."""
        said = {"version": "", "licence": "", "threshold": None, "tile": 0, "halo": 0}
        return self.model_copy(update=said) == other.model_copy(update=said)


def read_nuclei_recipe(path: str | PathLike[str]) -> NucleiRecipe:
    """Read a recipe, collecting all of its problems.

    Parameters
    ----------
    path : path-like
        A TOML file.

    Returns
    -------
    NucleiRecipe

    Raises
    ------
    InvalidRecipe
        If it is absent, not TOML, or says what cannot be done; the message lists all problems.
    """
    return read_recipe_as(NucleiRecipe, path, example="models/nuclei-he-v1/train.toml")
