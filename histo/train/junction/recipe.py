"""A recipe of a junction model: everything that decides what the network becomes, in one TOML file."""

from __future__ import annotations

from os import PathLike
from typing import Annotated, Literal

from pydantic import Field, model_validator

from histo.nn.junction_network import DEEPEST_STRIDE, REACH_PX
from histo.nn.junction_spec import check_tiles
from histo.train.junction.settings import DrawnFields, JunctionLossSettings, JunctionSet
from histo.train.picture_set import check_sets
from histo.train.recipe import NAME_PATTERN, read_recipe_as
from histo.train.settings import Augmentation, Optimisation, Settings

__all__ = ["JunctionRecipe", "read_junction_recipe"]

Side = Annotated[int, Field(ge=4 * DEEPEST_STRIDE, le=4096, multiple_of=DEEPEST_STRIDE)]


class JunctionRecipe(Settings):
    """A whole recipe.

    Parameters
    ----------
    task : str
        Always ``junctions``: it is what tells this recipe from others.
    name, version : str
        Of the model it makes.
    seed : int
        Everything random follows from it.
    mpp : float
        µm per pixel of crops, and of images when predicting.
    crop : int
        Side of a training crop, in pixels.
    tile, halo : int
        Side of the square seen at once when predicting, and the rim of it that is thrown away, in pixels.
    licence : str
        Of the weights: the strictest of what they are trained on.
    sets : tuple of JunctionSet
        Real pictures.
    drawn : DrawnFields
        Drawn monolayers.
    augmentation : Augmentation
        How strongly a crop is varied: size, blur, noise and brightness.
    loss, optimisation
        What is minimised, and how fast.
    """

    task: Literal["junctions"]
    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    version: str = "1"
    seed: Annotated[int, Field(ge=0)] = 1
    mpp: Annotated[float, Field(ge=0.05, le=1.0)] = 0.2
    crop: Side = 256
    tile: Side = 1280
    halo: Annotated[int, Field(ge=DEEPEST_STRIDE, multiple_of=DEEPEST_STRIDE)] = REACH_PX
    licence: str
    sets: tuple[JunctionSet, ...] = ()
    drawn: DrawnFields = DrawnFields()
    augmentation: Augmentation = Augmentation()
    loss: JunctionLossSettings = JunctionLossSettings()
    optimisation: Optimisation = Optimisation()

    @model_validator(mode="after")
    def _check_whole(self) -> JunctionRecipe:
        check_tiles(self.tile, self.halo)
        check_sets(self.sets, self.drawn.share)
        return self

    def trains_like(self, other: JunctionRecipe) -> bool:
        """Say whether another recipe gives the same weights: it may describe them in another way."""
        said = {"version": "", "licence": "", "tile": 0, "halo": 0}
        return self.model_copy(update=said) == other.model_copy(update=said)


def read_junction_recipe(path: str | PathLike[str]) -> JunctionRecipe:
    """Read a recipe, collecting all of its problems.

    Parameters
    ----------
    path : path-like
        A TOML file.

    Returns
    -------
    JunctionRecipe

    Raises
    ------
    InvalidRecipe
        If it is absent, not TOML, or says what cannot be done; the message lists all problems.
    """
    return read_recipe_as(JunctionRecipe, path, example="models/junctions-v1/train.toml")
