"""Batches of varied crops, each a pure function of the recipe's seed and the step's number.

So a training that is stopped and resumed, with another number of worker processes, sees the very same crops.
"""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from histo.train.augment import vary_look
from histo.train.crop import Crop, cut_crop
from histo.train.drawn import DrawnPool
from histo.train.recipe import Recipe
from histo.train.source import N_CLASSES, Source, load_source

__all__ = ["Batches", "CropBatches", "class_frequencies", "iterate_batches", "n_joined"]


class Batches(Dataset[tuple[Tensor, Tensor]], ABC):
    """Batches of images and their truth, by the number of the step; as many as there are steps."""

    @abstractmethod
    def __len__(self) -> int:
        """Count the steps."""


@dataclass
class CropBatches(Batches):
    """Batch number ``step`` of a training.

    Parameters
    ----------
    recipe : Recipe
        Decides everything, together with the sources.
    drawn : DrawnPool
        Drawn sections; one that is missing when it is wanted is drawn then.
    real : list of Path
        Folders of annotated fields, for `load_source`.
    glands : list of Path
        Folders of pictures of which only the crypts are known.
    """

    recipe: Recipe
    drawn: DrawnPool
    real: list[Path]
    glands: list[Path] = field(default_factory=list)
    _open: dict[Path | int, Source] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.recipe.optimisation.steps

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Make a batch.

        Returns
        -------
        images : (batch, side, side, 3) tensor of uint8
            RGB.
        truth : (batch, side, side) tensor of uint8
            Compartments, `histo.train.source.IGNORE` and `NOT_CRYPT`.
        """
        crops = [self._crop(step, position) for position in range(self.recipe.optimisation.batch)]
        images = torch.from_numpy(np.stack([crop.image for crop in crops]))
        return images, torch.from_numpy(np.stack([crop.truth for crop in crops]))

    def __getstate__(self) -> dict[str, object]:
        """Leave open files behind when sent to a worker process."""
        return {"recipe": self.recipe, "drawn": self.drawn, "real": self.real, "glands": self.glands, "_open": {}}

    def _crop(self, step: int, position: int) -> Crop:
        rng = np.random.default_rng([self.recipe.seed, step, position])
        source = self._source(self._choose(step, rng))
        crop = cut_crop(source, self.recipe.crop, self.recipe.augmentation, rng)
        return Crop(vary_look(crop.image, self.recipe.augmentation, rng), crop.truth)

    def _choose(self, step: int, rng: np.random.Generator) -> Path | int:
        lot = rng.random()
        is_real = lot < self.recipe.real.share
        if not is_real and lot < self.recipe.real.share + self.recipe.glands.share:
            return self.glands[rng.integers(len(self.glands))]
        if is_real and step >= self.recipe.real.first_step:
            return self.real[rng.choice(len(self.real), p=self._shares)]
        return self.recipe.drawn.first_seed + int(rng.integers(n_joined(step, self.recipe)))

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        """How often each field is chosen.

        A field with more truth has more to teach, but less than in proportion; so has a source with more fields, which
        resemble one another. Truth is counted in pixels that the camera took: a whole slide at 16 µm/px would
        otherwise outweigh ten fields that show single cells.
        """
        fields = [self._source(place) for place in self.real]
        n_of_source = Counter(each.origin for each in fields)
        weights = np.array([np.sqrt(each.detail * each.counts.sum() / n_of_source[each.origin]) for each in fields])
        return np.asarray(weights / weights.sum(), np.float64)

    def _source(self, chosen: Path | int) -> Source:
        if chosen not in self._open:
            self._open[chosen] = load_source(self.drawn.draw(chosen) if isinstance(chosen, int) else chosen)
        return self._open[chosen]


def n_joined(step: int, recipe: Recipe) -> int:
    """Say how many drawn sections a step chooses from.

    Parameters
    ----------
    step : int
        Counted from 0.
    recipe : Recipe
        Has them join over the first half of the steps.

    Returns
    -------
    int

    Examples
    --------
    >>> from histo.train.settings import DrawnSource, Optimisation
    >>> recipe = Recipe(
    ...     name="toy", drawn=DrawnSource(sections=100, at_start=20), optimisation=Optimisation(steps=1000)
    ... )
    >>> [n_joined(step, recipe) for step in (0, 250, 500, 999)]
    [20, 60, 100, 100]
    """
    first = min(recipe.drawn.at_start, recipe.drawn.sections)
    share = min(2 * step / recipe.optimisation.steps, 1.0)
    return first + int(share * (recipe.drawn.sections - first))


def iterate_batches(batches: Batches, first_step: int, *, n_workers: int = 1) -> Iterator[tuple[Tensor, Tensor]]:
    """Go through the batches from a step to the last.

    Parameters
    ----------
    batches : Batches
        To take from.
    first_step : int
        Where to begin.
    n_workers : int, optional
        Processes that make them ahead; 0 makes them in this one.

    Yields
    ------
    images, truth : Tensor
        As the batches make them.
    """
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(first_step, len(batches)),
        num_workers=n_workers,
        worker_init_fn=_start_worker if n_workers else None,
        multiprocessing_context="spawn" if n_workers else None,
        prefetch_factor=4 if n_workers else None,
    )
    yield from loader


def class_frequencies(folders: list[Path]) -> NDArray[np.float64]:
    """Count how often each compartment is, as a share of all pixels with truth."""
    counts = np.sum([load_source(folder).counts for folder in folders], axis=0, initial=0)
    return np.asarray(counts / max(counts.sum(), 1), np.float64).reshape(N_CLASSES)


def _start_worker(number: int) -> None:  # noqa: ARG001  the loader passes it
    # Ctrl-C and a batch system's SIGTERM reach the whole group; the parent decides what they mean.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    cv2.setNumThreads(1)
