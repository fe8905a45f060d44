"""A training recipe: everything that decides what a network becomes, in one TOML file."""

from __future__ import annotations

import tomllib
from os import PathLike
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from histo.errors import InvalidRecipe
from histo.nn.encoder import ENCODERS
from histo.nn.network import STRIDE

__all__ = [
    "FROM_PHOTOGRAPHS",
    "FROM_RANDOM",
    "Augmentation",
    "DrawnSource",
    "LossSettings",
    "Optimisation",
    "RealSource",
    "Recipe",
    "read_recipe",
]

FROM_RANDOM = "random"
FROM_PHOTOGRAPHS = "imagenet"

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Side = Annotated[int, Field(ge=STRIDE, le=4096, multiple_of=STRIDE)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DrawnSource(_Settings):
    """Drawn sections: how many, from which seeds.

    Parameters
    ----------
    sections : int
        Drawn for training, from `first_seed` upwards.
    first_seed : int
        Seed of the first section.
    at_start : int
        Sections to begin with; the others join in order over the first half of the steps, while they are being drawn.
    held_out : int
        Drawn for judging, from `held_out_seed` upwards; never trained on.
    held_out_seed : int
        Seed of the first of them.
    """

    sections: Annotated[int, Field(ge=0)] = 240
    first_seed: Annotated[int, Field(ge=0)] = 10_000
    at_start: Annotated[int, Field(ge=1)] = 32
    held_out: Annotated[int, Field(ge=0)] = 12
    held_out_seed: Annotated[int, Field(ge=0)] = 90_000

    @model_validator(mode="after")
    def _check_seeds(self) -> DrawnSource:
        trained, judged = (
            range(self.first_seed, self.first_seed + self.sections),
            range(self.held_out_seed, self.held_out_seed + self.held_out),
        )
        if trained and judged and trained[0] <= judged[-1] and judged[0] <= trained[-1]:
            raise ValueError("first_seed and held_out_seed: the sections to judge by are among those trained on")
        return self


class RealSource(_Settings):
    """Annotated real fields.

    Parameters
    ----------
    sets : list of str
        Folders of annotation sets, relative to the recipe; each holds a ``dataset.toml``.
    share : float
        Share of the crops that come from real fields; the others are drawn.
    first_step : int
        Step from which real fields are used; until then all crops are drawn.
    held_out_sources : list of str
        Sources (a slide, an atlas, a laboratory) whose fields are judged by and never trained on.
    unused_fields : list of str
        Fields that are neither trained on nor judged by.
    """

    sets: tuple[str, ...] = ()
    share: Probability = 0.0
    first_step: int = Field(default=0, ge=0)
    held_out_sources: tuple[str, ...] = ()
    unused_fields: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_share(self) -> RealSource:
        if self.share > 0 and not self.sets:
            raise ValueError("share is above 0 but no sets are named")
        return self


class Augmentation(_Settings):
    """How strongly a crop is varied; each probability is per crop.

    Parameters
    ----------
    scale_low, scale_high : float
        Magnification, drawn log-uniformly.
    elastic_px : float
        Standard deviation of the elastic displacement, in pixels.
    stain : float
        Strength of the stain variation in optical density; 1 spans what laboratories differ by.
    blur, sharpen, jpeg, illumination, noise, hue, grey, missing_stain, fold : float
        Probability of each.
    """

    scale_low: Annotated[float, Field(gt=0.1, le=1.0)] = 0.6
    scale_high: Annotated[float, Field(ge=1.0, lt=10.0)] = 1.6
    elastic_px: Annotated[float, Field(ge=0.0, le=30.0)] = 4.0
    stain: Annotated[float, Field(ge=0.0, le=3.0)] = 1.0
    blur: Probability = 0.35
    sharpen: Probability = 0.15
    jpeg: Probability = 0.3
    illumination: Probability = 0.4
    noise: Probability = 0.3
    hue: Probability = 0.3
    grey: Probability = 0.03
    missing_stain: Probability = 0.06
    fold: Probability = 0.08


class LossSettings(_Settings):
    """What is minimised: cross entropy plus soft Dice.

    Parameters
    ----------
    dice_weight : float
        Weight of the Dice term beside the cross entropy's 1.
    balance : float
        A class's weight is its frequency to the power of minus this: 0 leaves classes as they are, 1 makes them equal.
    gap_weight : float
        How much more than others a pixel counts that lies in a narrow gap between two crypts or two villi: a gap that
        is missed makes one of two.
    gap_um : float
        Widest gap that is narrow.
    """

    dice_weight: Annotated[float, Field(ge=0.0, le=10.0)] = 0.5
    balance: Probability = 0.5
    gap_weight: Annotated[float, Field(ge=0.0, le=50.0)] = 0.0
    gap_um: Annotated[float, Field(gt=0.0, le=100.0)] = 16.0


class Optimisation(_Settings):
    """AdamW with a warm-up and a cosine that ends at a hundredth of the learning rate.

    Parameters
    ----------
    steps : int
        Batches in all.
    batch : int
        Crops a batch.
    learning_rate, weight_decay : float
        Of AdamW; the rate is the cosine's highest.
    warmup_steps : int
        Steps of linear increase.
    clip_norm : float
        Longest gradient.
    ema_decay : float
        Of the running mean of the weights, which is what is exported.
    checkpoint_every : int
        Steps between checkpoints.
    """

    steps: Annotated[int, Field(ge=1)] = 5000
    batch: Annotated[int, Field(ge=1)] = 8
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 1.5e-3
    weight_decay: Annotated[float, Field(ge=0.0, le=1.0)] = 0.01
    warmup_steps: Annotated[int, Field(ge=0)] = 200
    clip_norm: Annotated[float, Field(gt=0.0)] = 1.0
    ema_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.998
    checkpoint_every: Annotated[int, Field(ge=1)] = 200


class Recipe(_Settings):
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
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
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
    drawn: DrawnSource = DrawnSource()
    real: RealSource = RealSource()
    augmentation: Augmentation = Augmentation()
    loss: LossSettings = LossSettings()
    optimisation: Optimisation = Optimisation()

    @field_validator("encoder")
    @classmethod
    def _check_encoder(cls, encoder: str) -> str:
        if encoder not in ENCODERS:
            raise ValueError(f"must be one of {', '.join(ENCODERS)}")
        return encoder

    @model_validator(mode="after")
    def _check_whole(self) -> Recipe:
        if 2 * self.halo >= self.tile:
            raise ValueError(f"halo {self.halo} leaves nothing of a tile of {self.tile}")
        if self.drawn.sections == 0 and self.real.share < 1:
            raise ValueError("drawn.sections is 0, so real.share must be 1")
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
    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRecipe(
            "the recipe does not read",
            file=path,
            expected="a TOML file",
            got=str(error),
            next_step="models/structure-v1/train.toml is one to start from.",
        ) from error
    try:
        return Recipe.model_validate(entries)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'recipe'}: {problem['msg']} (got {_shorten(problem['input'])})"
            for problem in error.errors()
        ]
        raise InvalidRecipe(
            f"the recipe has {len(problems)} problem{'s' if len(problems) > 1 else ''}",
            file=path,
            got="; ".join(problems),
            next_step="models/structure-v1/train.toml is one that works.",
        ) from error


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
