"""A training recipe: everything that decides what a network becomes, in one TOML file."""

from __future__ import annotations

import tomllib
from os import PathLike
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator

from histo.errors import InvalidRecipe
from histo.nn.encoder import ENCODERS
from histo.train.settings import (
    Augmentation,
    DrawnSource,
    GlandSource,
    LossSettings,
    Optimisation,
    RealSource,
    Settings,
    Side,
)

__all__ = ["FROM_PHOTOGRAPHS", "FROM_RANDOM", "NAME_PATTERN", "Recipe", "read_recipe", "read_recipe_as", "recipe_task"]

AnySettings = TypeVar("AnySettings", bound=Settings)

FROM_RANDOM = "random"
FROM_PHOTOGRAPHS = "imagenet"

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"
"""What a model may be called; it is a folder's name too."""


class Recipe(Settings):
    """A whole recipe.

    Parameters
    ----------
    name : str
        Name of the model it makes.
    version : str
        Version of the weights it makes.
    seed : int
        Everything random follows from it.
    encoder : str
        One of `histo.nn.encoder.ENCODERS`.
    output_stride : {1, 2}
        Whether the decoder goes up to the image's own size, or to half of it.
    start : str
        Weights to begin with: ``random``; ``imagenet``, learned on photographs by the encoder (``efficientnet_lite0``
        only); or the name or folder of a model, relative to the recipe.
    mpp : float
        µm per pixel of crops, and of images when predicting.
    crop : int
        Side of a training crop, in pixels.
    tile, halo : int
        Side of the square seen at once when predicting, and the rim of it that is thrown away, in pixels.
    licence : str
        Of the weights: the strictest of what they are trained on.
    temperature : float, optional
        What logits are divided by before they become probabilities. Without it, it is fitted on what is held out; where
        nothing real is, `histo.train.leave_one_source_out` says which it should be.
    """

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    version: str = "1"
    seed: Annotated[int, Field(ge=0)] = 1
    encoder: str = "mobilenet_v3_large"
    output_stride: Literal[1, 2] = 2
    start: str = FROM_RANDOM
    mpp: Annotated[float, Field(ge=0.1, le=10.0)] = 1.0
    crop: Side = 256
    tile: Side = 512
    halo: Annotated[int, Field(ge=0)] = 64
    licence: str = "BSD-3-Clause"
    temperature: Annotated[float, Field(ge=0.05, le=20.0)] | None = None
    drawn: DrawnSource = DrawnSource()
    real: RealSource = RealSource()
    glands: GlandSource = GlandSource()
    augmentation: Augmentation = Augmentation()
    loss: LossSettings = LossSettings()
    optimisation: Optimisation = Optimisation()

    @field_validator("encoder")
    @classmethod
    def _check_encoder(cls, encoder: str) -> str:
        if encoder not in ENCODERS:
            raise ValueError(f"must be one of {', '.join(ENCODERS)}")
        return encoder

    def trains_like(self, other: Recipe) -> bool:
        """Say whether another recipe gives the same weights: it may judge and describe them in another way."""

        def weights(recipe: Recipe) -> Recipe:
            held_out = {"held_out_sources": sorted(recipe.real.held_out_sources)}
            held_out["held_out_fields"] = sorted(recipe.real.held_out_fields)
            real = recipe.real.model_copy(update={"folds": (), **held_out})
            return recipe.model_copy(update={"real": real, "version": "", "licence": "", "temperature": None})

        return weights(self) == weights(other)

    @model_validator(mode="after")
    def _check_whole(self) -> Recipe:
        if 2 * self.halo >= self.tile:
            raise ValueError(f"halo {self.halo} leaves nothing of a tile of {self.tile}")
        others = self.real.share + self.glands.share
        if self.drawn.sections == 0 and others < 1:
            raise ValueError("drawn.sections is 0, so real.share and glands.share must add up to 1")
        if others > 1:
            raise ValueError("real.share and glands.share add up to more than 1")
        if self.start == FROM_PHOTOGRAPHS and self.encoder != "efficientnet_lite0":
            raise ValueError("start: only efficientnet_lite0 has weights learned on photographs")
        return self


def read_recipe(path: str | PathLike[str]) -> Recipe:
    """Read a recipe, collecting all of its problems.

    Parameters
    ----------
    path : path-like
        A TOML file.

    Returns
    -------
    Recipe

    Raises
    ------
    InvalidRecipe
        If it is absent, not TOML, or says what cannot be done; the message lists all problems.
    """
    return read_recipe_as(Recipe, path, example="models/structure-v1/train.toml")


def read_recipe_as(kind: type[AnySettings], path: str | PathLike[str], *, example: str) -> AnySettings:
    """Read a recipe of any kind, collecting all of its problems; the message names an example that works.

    Raises
    ------
    InvalidRecipe
        As `read_recipe` does.
    """
    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRecipe(
            "the recipe does not read",
            file=path,
            expected="a TOML file",
            got=str(error),
            next_step=f"{example} is one to start from.",
        ) from error
    try:
        return kind.model_validate(entries)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'recipe'}: {problem['msg']} (got {_shorten(problem['input'])})"
            for problem in error.errors()
        ]
        raise InvalidRecipe(
            f"the recipe has {len(problems)} problem{'s' if len(problems) > 1 else ''}",
            file=path,
            got="; ".join(problems),
            next_step=f"{example} is one that works.",
        ) from error


def recipe_task(path: str | PathLike[str]) -> str:
    """Say what a recipe's model finds; empty if it does not say, as those of compartments, or does not read.

    Examples
    --------
    >>> recipe_task("no such file")
    ''
    """
    try:
        return str(tomllib.loads(Path(path).read_text(encoding="utf-8")).get("task", ""))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ""


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
