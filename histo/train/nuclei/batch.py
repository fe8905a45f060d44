"""Batches of varied crops of nuclei with their targets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from histo.train.augment import vary_look
from histo.train.augment_signal import vary_fluorescence
from histo.train.mixed import Made, MixedBatches
from histo.train.nuclei.crop import cut_nuclei_crop
from histo.train.nuclei.field import NucleiField, load_field
from histo.train.nuclei.recipe import NucleiRecipe
from histo.train.nuclei.target import make_target

__all__ = ["NucleiBatches"]


@dataclass
class NucleiBatches(MixedBatches[NucleiRecipe, NucleiField]):
    """Batch number ``step`` of a training: RGB, and targets as `make_target` makes them."""

    def load(self, folder: Path) -> NucleiField:
        """Open what `histo.train.nuclei.field.store_field` kept."""
        return load_field(folder)

    def make(self, field: NucleiField, rng: np.random.Generator) -> Made:
        """Cut a crop, vary its look, and say what is true of it."""
        recipe = self.recipe
        crop = cut_nuclei_crop(field, recipe.crop, recipe.mpp, recipe.augmentation, rng)
        vary = vary_look if recipe.stain == "he" else vary_fluorescence
        return vary(crop.image, recipe.augmentation, rng), make_target(crop, recipe.mpp)
