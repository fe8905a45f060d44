"""Batches that mix crops of several sets by their shares, each batch a pure function of the seed and the step."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from histo.train.batch import Batches
from histo.train.drawn import DRAWN
from histo.train.settings import Optimisation

__all__ = ["Made", "MixedBatches", "MixingRecipe", "Shared"]

Made = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""A crop, (side, side, 3), and what the network should say of it, (channels, rows, cols)."""


class Shared(Protocol):
    """Pictures that a share of the crops comes from."""

    @property
    def share(self) -> float:
        """0 to 1."""


class NamedSet(Shared, Protocol):
    """A set of real pictures."""

    @property
    def name(self) -> str:
        """In the card."""


class MixingRecipe(Protocol):
    """A recipe that mixes named sets and drawings."""

    @property
    def seed(self) -> int:
        """Everything random follows from it."""

    @property
    def optimisation(self) -> Optimisation:
        """How many steps, and crops a step."""

    @property
    def sets(self) -> Sequence[NamedSet]:
        """Real pictures."""

    @property
    def drawn(self) -> Shared:
        """Drawings."""


AnyRecipe = TypeVar("AnyRecipe", bound=MixingRecipe)
AnyField = TypeVar("AnyField")


@dataclass
class MixedBatches(Batches, Generic[AnyRecipe, AnyField]):
    """Batch number ``step`` of a training.

    Parameters
    ----------
    recipe : MixingRecipe
        Decides everything, together with the pictures.
    fields : dict of str to list of Path
        By set, folders for `load`.
    """

    recipe: AnyRecipe
    fields: dict[str, list[Path]]
    _open: dict[Path, AnyField] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.recipe.optimisation.steps

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Make a batch.

        Returns
        -------
        images : (batch, side, side, 3) tensor of uint8
            RGB.
        targets : (batch, channels, rows, cols) float tensor
            As `make` makes them.
        """
        made = [self._make(step, position) for position in range(self.recipe.optimisation.batch)]
        images, targets = (np.stack(part) for part in zip(*made, strict=True))
        return torch.from_numpy(images), torch.from_numpy(targets)

    def __getstate__(self) -> dict[str, object]:
        """Leave open files behind when sent to a worker process."""
        return {"recipe": self.recipe, "fields": self.fields, "_open": {}}

    @abstractmethod
    def load(self, folder: Path) -> AnyField:
        """Open a picture with its truth."""

    @abstractmethod
    def make(self, field: AnyField, rng: np.random.Generator) -> Made:
        """Cut a crop, vary its look, and say what is true of it."""

    def _make(self, step: int, position: int) -> Made:
        rng = np.random.default_rng([self.recipe.seed, step, position])
        folders = self.fields[self._names[rng.choice(len(self._names), p=self._shares)]]
        chosen = folders[rng.integers(len(folders))]
        if chosen not in self._open:
            self._open[chosen] = self.load(chosen)
        return self.make(self._open[chosen], rng)

    @cached_property
    def _names(self) -> list[str]:
        return [name for name in (*(entry.name for entry in self.recipe.sets), DRAWN) if self._share(name) > 0]

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        shares = np.array([self._share(name) for name in self._names])
        return np.asarray(shares / shares.sum(), np.float64)

    def _share(self, name: str) -> float:
        return {DRAWN: self.recipe.drawn.share, **{entry.name: entry.share for entry in self.recipe.sets}}[name]
