"""Batches of varied crops of junctions with their targets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from histo.train.augment_signal import vary_fluorescence
from histo.train.junction.field import JunctionField, load_junction_field
from histo.train.junction.recipe import JunctionRecipe
from histo.train.junction.target import cut_junction_crop
from histo.train.mixed import Made, MixedBatches

__all__ = ["JunctionBatches"]


@dataclass
class JunctionBatches(MixedBatches[JunctionRecipe, JunctionField]):
    """Batch number ``step`` of a training: grey, and targets as `cut_junction_crop` makes them."""

    def load(self, folder: Path) -> JunctionField:
        """Open what `histo.train.junction.field.store_junction_field` kept."""
        return load_junction_field(folder)

    def make(self, field: JunctionField, rng: np.random.Generator) -> Made:
        """Cut a crop, say what is true of it, and vary its look."""
        recipe = self.recipe
        image, target = cut_junction_crop(field, recipe.crop, recipe.mpp, recipe.augmentation, rng)
        return vary_fluorescence(image, recipe.augmentation, rng), target
