"""The parts of a training recipe: what is learned from, how it is varied, what is minimised and how fast."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from histo.nn.network import STRIDE
from histo.train.annotationset import AnnotatedField

__all__ = [
    "Augmentation",
    "DrawnSource",
    "GlandSource",
    "LossSettings",
    "Optimisation",
    "Probability",
    "RealSource",
    "Settings",
    "Settling",
    "Side",
]

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Side = Annotated[int, Field(ge=STRIDE, le=4096, multiple_of=STRIDE)]


class Settings(BaseModel):
    """A table of a recipe: fixed, and without entries that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DrawnSource(Settings):
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


class RealSource(Settings):
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
    held_out_fields : list of str
        Single fields that are judged by and never trained on. What is known of a source from its other fields makes
        them easier than a source never seen.
    unused_fields : list of str
        Fields that are neither trained on nor judged by.
    folds : list of lists of str
        For `histo.train.leave_one_source_out` only: the sources that are held out together, fold by fold. Without it,
        the folds of each set's ``splits.toml``, or each source by itself.
    """

    sets: tuple[str, ...] = ()
    share: Probability = 0.0
    first_step: int = Field(default=0, ge=0)
    held_out_sources: tuple[str, ...] = ()
    held_out_fields: tuple[str, ...] = ()
    unused_fields: tuple[str, ...] = ()
    folds: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = ()

    @property
    def is_judged(self) -> bool:
        """Whether any field is held out."""
        return bool(self.held_out_sources or self.held_out_fields)

    def holds_out(self, field: AnnotatedField) -> bool:
        """Say whether a field is judged by."""
        is_named = field.source in self.held_out_sources or field.name in self.held_out_fields
        return is_named and not self.leaves_out(field)

    def leaves_out(self, field: AnnotatedField) -> bool:
        """Say whether a field is not used at all."""
        return field.name in self.unused_fields

    @model_validator(mode="after")
    def _check_sources(self) -> RealSource:
        if self.share > 0 and not self.sets:
            raise ValueError("share is above 0 but no sets are named")
        sources = [source for fold in self.folds for source in fold]
        if len(set(sources)) < len(sources):
            raise ValueError("folds: a source is in one fold only")
        return self


class GlandSource(Settings):
    """Pictures of which only the glands are known, such as those of the GlaS challenge.

    Parameters
    ----------
    folder : str
        Holds pictures and masks (``a.jpg`` and ``a.mask.png``, not 0 in a gland), and ``Grade.csv``; relative to the
        recipe or to the folder that ``HISTO_DATA`` names.
    share : float
        Share of the crops that come from them.
    mpp : float
        µm per pixel of the pictures.
    grades : list of str
        Grades to use, of the column ``grade_glas``; all pictures if empty.
    licence : str
        Of the pictures.
    """

    folder: str = "he-glands-glas"
    share: Probability = 0.0
    mpp: Annotated[float, Field(gt=0.0, le=20.0)] = 0.62
    grades: tuple[str, ...] = ("benign",)
    licence: str = "research"


class Augmentation(Settings):
    """How strongly a crop is varied; each probability is per crop.

    Parameters
    ----------
    scale_low, scale_high : float
        Magnification, drawn log-uniformly.
    elastic_px : float
        Standard deviation of the elastic displacement, in pixels.
    stain : float
        Strength of the stain variation in optical density; 1 spans what laboratories differ by.
    blur, sharpen, coarse, jpeg, illumination, noise, hue, grey, missing_stain, fold : float
        Probability of each; `coarse` is what is left of a picture that was taken at a lower power.
    """

    scale_low: Annotated[float, Field(gt=0.1, le=1.0)] = 0.6
    scale_high: Annotated[float, Field(ge=1.0, lt=10.0)] = 1.6
    elastic_px: Annotated[float, Field(ge=0.0, le=30.0)] = 4.0
    stain: Annotated[float, Field(ge=0.0, le=3.0)] = 1.0
    blur: Probability = 0.35
    sharpen: Probability = 0.15
    coarse: Probability = 0.0
    jpeg: Probability = 0.3
    illumination: Probability = 0.4
    noise: Probability = 0.3
    hue: Probability = 0.3
    grey: Probability = 0.03
    missing_stain: Probability = 0.06
    fold: Probability = 0.08


class LossSettings(Settings):
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
    second_head : {"none", "outline", "distance"}
        What is learned beside the labels and left behind at export: where the outlines of crypts and villi run, or how
        far inside one a pixel lies.
    second_head_weight : float
        Of its loss, beside the cross entropy's 1.
    """

    dice_weight: Annotated[float, Field(ge=0.0, le=10.0)] = 0.5
    balance: Probability = 0.5
    gap_weight: Annotated[float, Field(ge=0.0, le=50.0)] = 0.0
    gap_um: Annotated[float, Field(gt=0.0, le=100.0)] = 16.0
    second_head: Literal["none", "outline", "distance"] = "none"
    second_head_weight: Annotated[float, Field(gt=0.0, le=10.0)] = 0.5


class Settling(Settings):
    """The last steps of a training, in which normalisation layers do what they will do when the network predicts.

    Until then they normalise by the crops of the batch, later by a mean over many; where drawn sections and photographs
    of several laboratories are mixed, the two differ so much that a trained network is worse than its loss says. So the
    mean is taken anew, of the averaged weights (as Izmailov et al. 2018 do), and kept still while training goes on.

    Parameters
    ----------
    steps : int
        Of all steps, the last so many; 0 for none.
    learning_rate : float
        Highest rate of these steps; they have a warm-up and a cosine of their own.
    warmup_steps : int
        Steps of linear increase.
    batches : int
        Over which the mean is taken; 0 keeps the one that there is, which is right where few fields are learned from.
    """

    steps: Annotated[int, Field(ge=0)] = 0
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 4e-4
    warmup_steps: Annotated[int, Field(ge=0)] = 20
    batches: Annotated[int, Field(ge=0)] = 150


class Optimisation(Settings):
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
    settling : Settling
        The last of the steps.
    """

    steps: Annotated[int, Field(ge=1)] = 5000
    batch: Annotated[int, Field(ge=1)] = 8
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 1.5e-3
    weight_decay: Annotated[float, Field(ge=0.0, le=1.0)] = 0.01
    warmup_steps: Annotated[int, Field(ge=0)] = 200
    clip_norm: Annotated[float, Field(gt=0.0)] = 1.0
    ema_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.998
    checkpoint_every: Annotated[int, Field(ge=1)] = 200
    settling: Settling = Settling()

    @property
    def settles_at(self) -> int:
        """The first step of the settling; after the last step if there is none."""
        return self.steps - self.settling.steps

    @model_validator(mode="after")
    def _settles_within(self) -> Self:
        if self.settling.steps > self.steps:
            raise ValueError(f"settling.steps is one part of all {self.steps} steps, got {self.settling.steps}")
        return self
