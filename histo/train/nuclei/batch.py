"""Batches of varied crops with their targets, each a pure function of the recipe's seed and the step's number."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from histo.train.augment import vary_look
from histo.train.batch import Batches
from histo.train.drawn import DRAWN
from histo.train.nuclei.crop import cut_nuclei_crop
from histo.train.nuclei.field import NucleiField, load_field
from histo.train.nuclei.recipe import NucleiRecipe
from histo.train.nuclei.target import make_target
from histo.train.settings import Augmentation

__all__ = ["NucleiBatches", "vary_fluorescence"]


@dataclass
class NucleiBatches(Batches):
    """Batch number ``step`` of a training.

    Parameters
    ----------
    recipe : NucleiRecipe
        Decides everything, together with the pictures.
    fields : dict of str to list of Path
        By set, folders for `load_field`.
    """

    recipe: NucleiRecipe
    fields: dict[str, list[Path]]
    _open: dict[Path, NucleiField] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.recipe.optimisation.steps

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Make a batch.

        Returns
        -------
        images : (batch, side, side, 3) tensor of uint8
            RGB.
        targets : (batch, 8, side / 2, side / 2) float tensor
            As `make_target` makes them.
        """
        made = [self._make(step, position) for position in range(self.recipe.optimisation.batch)]
        images, targets = (np.stack(part) for part in zip(*made, strict=True))
        return torch.from_numpy(images), torch.from_numpy(targets)

    def __getstate__(self) -> dict[str, object]:
        """Leave open files behind when sent to a worker process."""
        return {"recipe": self.recipe, "fields": self.fields, "_open": {}}

    def _make(self, step: int, position: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        recipe = self.recipe
        rng = np.random.default_rng([recipe.seed, step, position])
        folders = self.fields[self._names[rng.choice(len(self._names), p=self._shares)]]
        chosen = folders[rng.integers(len(folders))]
        if chosen not in self._open:
            self._open[chosen] = load_field(chosen)
        crop = cut_nuclei_crop(self._open[chosen], recipe.crop, recipe.mpp, recipe.augmentation, rng)
        vary = vary_look if recipe.stain == "he" else vary_fluorescence
        return vary(crop.image, recipe.augmentation, rng), make_target(crop, recipe.mpp)

    @cached_property
    def _names(self) -> list[str]:
        return [name for name in (*(entry.name for entry in self.recipe.sets), DRAWN) if self._share(name) > 0]

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        shares = np.array([self._share(name) for name in self._names])
        return np.asarray(shares / shares.sum(), np.float64)

    def _share(self, name: str) -> float:
        return {DRAWN: self.recipe.drawn.share, **{entry.name: entry.share for entry in self.recipe.sets}}[name]


def vary_fluorescence(image: NDArray[np.uint8], settings: Augmentation, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Vary the look of a fluorescence crop at random: gain, gamma, haze, focus and noise.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Three times the same grey.
    settings : Augmentation
        Probabilities; `stain` is the strength of gain and gamma, `illumination` the probability of uneven light.
    rng : Generator
        Decides.

    Returns
    -------
    (rows, cols, 3) array of uint8
        Of the same shape, grey again.
    """
    grey = image[..., 0].astype(np.float32) / 255
    grey = grey ** np.float32(np.exp(settings.stain * rng.normal(0, 0.3)))
    grey *= np.float32(np.exp(settings.stain * rng.normal(0, 0.35)))
    grey += np.float32(settings.stain * abs(rng.normal(0, 0.05)))
    if rng.random() < settings.illumination:
        slope = rng.normal(0, 0.3, size=2)
        across = np.linspace(-1, 1, grey.shape[1])[None, :]
        down = np.linspace(-1, 1, grey.shape[0])[:, None]
        grey *= np.exp(slope[0] * down + slope[1] * across).astype(np.float32)
    if rng.random() < settings.blur:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.4, 1.8)), np.float32)
    if rng.random() < settings.noise:
        grey += rng.standard_normal(grey.shape, dtype=np.float32) * np.float32(rng.uniform(0.005, 0.06))
    varied = np.clip(grey * 255, 0, 255).astype(np.uint8)
    return np.repeat(varied[..., None], 3, axis=2)
